"""Access tokens for Kafka clients, from an endpoint of our own; tests of Dataverse have more of what may go wrong."""

from __future__ import annotations

import asyncio
import traceback
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from lead_qualifier.http.errors import NoToken
from lead_qualifier.kafka.connection import OAuth
from lead_qualifier.kafka.oauth import TokenProvider


class Endpoint:
    """Answers after some seconds with tokens that are valid for a set time, and keeps what it was asked."""

    def __init__(self, expires_in: int, seconds: float = 0.0) -> None:
        self.expires_in = expires_in
        self.seconds = seconds
        self.asked: list[dict[str, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        kind, login = request.headers["Authorization"].split()
        self.asked.append({**await request.post(), "login": (kind, b64decode(login))})
        number = len(self.asked)
        await asyncio.sleep(self.seconds)
        if login != b64encode(b"worker:hush").decode():
            return web.Response(status=401)
        return web.json_response({"access_token": f"token-{number}", "expires_in": self.expires_in})


@asynccontextmanager
async def serving(endpoint: Endpoint) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/token", endpoint.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/token"
    finally:
        await runner.cleanup()


def ask_twice(endpoint: Endpoint, secret: str = "hush") -> list[str]:
    async def ask() -> list[str]:
        async with serving(endpoint) as url:
            oauth = OAuth(token_endpoint_url=url, client_id="worker", client_secret=secret, scope="kafka")
            tokens = TokenProvider(oauth)
            return [await tokens.token(), await tokens.token()]

    return asyncio.run(ask())


def test_a_token_is_fetched_and_kept_while_it_is_valid() -> None:
    endpoint = Endpoint(expires_in=3600)
    assert ask_twice(endpoint) == ["token-1", "token-1"]
    assert endpoint.asked == [
        {"grant_type": "client_credentials", "scope": "kafka", "login": ("Basic", b"worker:hush")}
    ]


def test_a_token_about_to_expire_is_replaced() -> None:
    assert ask_twice(Endpoint(expires_in=10)) == ["token-1", "token-2"]


def test_a_refusal_is_an_error_that_holds_nothing_of_the_secret() -> None:
    secret = "Xq7-wrong"
    with pytest.raises(NoToken, match="HTTP 401") as told:
        ask_twice(Endpoint(expires_in=10), secret)
    everything = "".join(traceback.format_exception(told.value)) + repr(told.value)
    assert secret not in everything
    assert b64encode(f"worker:{secret}".encode()).decode() not in everything


def test_clients_in_several_event_loops_share_no_waiting() -> None:
    """As Faust's consumer and producer, whose loops are two."""
    endpoint = Endpoint(expires_in=10, seconds=0.2)  # each token is used once, so that everybody asks

    async def ask(provider: TokenProvider) -> list[str]:
        first, second, third = (asyncio.ensure_future(provider.token()) for _ in range(3))
        await asyncio.sleep(0.05)
        second.cancel()  # a connect that has timed out
        return [await first, await third]

    async def both() -> list[list[str]]:
        async with serving(endpoint) as url:
            provider = TokenProvider(OAuth(token_endpoint_url=url, client_id="worker", client_secret="hush"))
            there = asyncio.to_thread(asyncio.run, ask(provider))
            return list(await asyncio.gather(ask(provider), there))

    tokens = [token for each in asyncio.run(both()) for token in each]
    assert len(set(tokens)) == 4


def test_an_endpoint_that_is_away_is_an_error() -> None:
    oauth = OAuth(token_endpoint_url="http://127.0.0.1:1/token", client_id="worker", client_secret="hush")
    with pytest.raises(NoToken, match="cannot be reached") as told:
        asyncio.run(TokenProvider(oauth).token())
    assert told.value.__cause__ is None
    assert told.value.__context__ is None
