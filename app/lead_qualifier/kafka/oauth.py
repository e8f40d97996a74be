"""Access tokens for aiokafka's clients; librdkafka fetches its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from aiokafka.abc import AbstractTokenProvider

from lead_qualifier.http.client import Answer, HttpClient
from lead_qualifier.http.oauth import AccessTokens, ClientCredentials
from lead_qualifier.kafka.connection import OAuth

_MARGIN_SECONDS = 30.0
_TIMEOUT_SECONDS = 20.0


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka ships no types
    """What an aiokafka client is given as its `sasl_oauth_token_provider`. Clients of several event loops may share it:
    Faust's consumer and producer have a loop each.
    """

    def __init__(self, oauth: OAuth) -> None:
        self._credentials = ClientCredentials(
            token_url=oauth.token_endpoint_url,
            client_id=oauth.client_id,
            client_secret=oauth.client_secret,
            scope=oauth.scope,
            basic=True,  # as librdkafka does
            margin=_MARGIN_SECONDS,
        )
        self._tokens: WeakKeyDictionary[asyncio.AbstractEventLoop, AccessTokens] = WeakKeyDictionary()

    async def token(self) -> str:
        """A token that is valid now. Raises NoToken if the endpoint refuses or does not answer."""
        loop = asyncio.get_running_loop()
        tokens = self._tokens.get(loop)
        if tokens is None:
            tokens = self._tokens[loop] = AccessTokens(self._credentials, _send)
        return await tokens.token()


async def _send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
    """Nothing stays open between requests, since aiokafka does not say when it stops using a provider."""
    client = HttpClient(timeout=_TIMEOUT_SECONDS)
    try:
        return await client.send(method, url, headers, body)
    finally:
        await client.close()
