"""Signing in to a console at the provider that forges."""

from __future__ import annotations

import math
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from lead_qualifier.settings import Settings, load_settings
from tests.support.console_server import ConsoleServer
from tests.support.forging_provider import AUDIENCE, CLIENT_ID, CLIENT_SECRET, ForgingProvider


def settings(provider: ForgingProvider, **more: Any) -> Settings:
    return load_settings(
        **{
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_audience": AUDIENCE,
            **more,
        }
    )


def forget(server: ConsoleServer) -> None:
    """As if the console had not asked the provider yet, and nobody had tried to enter."""
    for kept in kept_of(server):
        kept._held, kept._read_at, kept._failed_at = None, -math.inf, -math.inf
    server.access.attempts._counts.clear()


def kept_of(server: ConsoleServer) -> list[Any]:
    sign_in = server.access.sign_in
    assert sign_in is not None
    return [sign_in._provider._metadata, sign_in._provider._keys]


def let_pass(seconds: float, server: ConsoleServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """For what the console keeps of its provider."""
    for kept in kept_of(server):
        clock = kept._clock
        monkeypatch.setattr(kept, "_clock", partial(lambda before: before() + seconds, clock))


def begin(client: httpx.Client, provider: ForgingProvider, address: str = "/sign-in") -> dict[str, str]:
    """What a browser would bring back if the provider let it."""
    answer = client.get(address)
    assert answer.status_code == 303
    sent = {name: value[0] for name, value in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    provider.nonce, provider.challenge = sent["nonce"], sent["code_challenge"]
    assert sent["response_type"] == "code"
    assert sent["code_challenge_method"] == "S256"
    assert sent["redirect_uri"] == f"{str(client.base_url).rstrip('/')}/sign-in/callback"
    return {"code": "a code", "state": sent["state"]}


def sign_in(client: httpx.Client, provider: ForgingProvider, address: str = "/sign-in") -> httpx.Response:
    return client.get("/sign-in/callback", params=begin(client, provider, address))
