"""The API is open to programs with a token that the identity provider has signed for it, and to no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey, OKPKey

from tests.support.console_server import ConsoleServer
from tests.support.console_sign_in import let_pass, settings, sign_in
from tests.support.forging_provider import (
    ANOTHER_KEY,
    CLIENT_ID,
    UNKNOWN_KEY,
    ForgingProvider,
    signed_by_the_public_key,
    unsigned,
)


def bearer(client: httpx.Client, token: str, method: str = "GET", path: str = "/api/v1/session") -> httpx.Response:
    return client.request(method, path, headers={"Authorization": f"Bearer {token}"})


def test_a_token_of_the_provider_opens_the_api(client: httpx.Client, provider: ForgingProvider) -> None:
    told = bearer(client, provider.access_token(sub="robot", name=None, roles=["operator"])).json()
    assert (told["subject"], told["roles"], "csrf_token" in told) == ("robot", ["operator"], False)
    # A change needs no other token, as no browser sends this one by itself.
    assert bearer(client, provider.access_token(), "POST", "/api/v1/leads").status_code == 405


BAD_API_TOKENS: dict[str, Callable[[ForgingProvider], str]] = {
    "expired": lambda one: one.access_token(exp=1),
    "no end": lambda one: one.access_token(exp=None),
    "not yet": lambda one: one.access_token(nbf=99999999999),
    "wrong audience": lambda one: one.access_token(aud="another"),
    "for signing in": lambda one: one.access_token(aud=CLIENT_ID),
    "no audience": lambda one: one.access_token(aud=None),
    "foreign issuer": lambda one: one.access_token(iss="https://evil.example"),
    "no subject": lambda one: one.access_token(sub=None),
    "wrong signature": lambda one: one.access_token(ANOTHER_KEY),
    "unknown key": lambda one: one.access_token(UNKNOWN_KEY),
    "alg none": lambda one: unsigned(one.access_token()),
    "alg HS256 by the public key": lambda one: signed_by_the_public_key(one.access_token(), one),
    "no token": lambda _: "a.b.c",
    "header of a wrong form": lambda _: "eyJhbGciOiJSUzI1NiIsImNyaXQiOjF9.e30.AAAA",  # {"alg":"RS256","crit":1}
}


@pytest.mark.parametrize("name", BAD_API_TOKENS)
def test_other_tokens_open_nothing(name: str, client: httpx.Client, provider: ForgingProvider) -> None:
    sign_in(client, provider)  # with a bearer token, the cookie does not count
    answer = bearer(client, BAD_API_TOKENS[name](provider))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_without_a_role_opens_nothing(client: httpx.Client, provider: ForgingProvider) -> None:
    answer = bearer(client, provider.access_token(roles=["of another program"]))
    assert (answer.status_code, answer.json()["code"]) == (403, "no_role")


def test_tokens_need_an_audience(provider: ForgingProvider, tmp_path: Path) -> None:
    given = settings(provider, oidc_audience=None)
    with ConsoleServer(tmp_path, settings=given) as server, httpx.Client(base_url=server.address) as client:
        answer = bearer(client, provider.access_token())
    assert (answer.status_code, answer.json()["code"]) == (401, "tokens_not_accepted")


def test_every_kind_of_key_that_only_a_provider_can_have_counts(
    client: httpx.Client, provider: ForgingProvider
) -> None:
    elliptic = ECKey.generate_key("P-256", {"kid": "elliptic"})
    edwards = OKPKey.generate_key("Ed25519", {"kid": "edwards"})
    published = [*(key.as_dict(private=False) for key in (provider.key, elliptic, edwards)), {"kty": "of tomorrow"}]
    provider.published = lambda: published
    for key, algorithm in ((elliptic, "ES256"), (edwards, "EdDSA"), (provider.key, "PS256")):
        token = provider.access_token(key, {"alg": algorithm})
        assert bearer(client, token).status_code == 200, algorithm


def test_what_is_known_of_a_provider_counts_while_it_is_away(
    client: httpx.Client, provider: ForgingProvider, server: ConsoleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bearer(client, provider.access_token()).status_code == 200
    provider.stop()
    let_pass(3601, server, monkeypatch)
    assert bearer(client, provider.access_token()).status_code == 200
    assert bearer(client, provider.access_token(UNKNOWN_KEY)).status_code == 401
