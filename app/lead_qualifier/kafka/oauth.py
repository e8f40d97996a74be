"""Access tokens for aiokafka's clients; librdkafka fetches its own."""

from __future__ import annotations

from aiokafka.abc import AbstractTokenProvider

from lead_qualifier.http.client import HttpClient
from lead_qualifier.http.oauth import AccessTokens, ClientCredentials
from lead_qualifier.kafka.connection import OAuth

_MARGIN_SECONDS = 30.0
_TIMEOUT_SECONDS = 20.0


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka ships no types
    """What an aiokafka client is given as its `sasl_oauth_token_provider`."""

    def __init__(self, oauth: OAuth) -> None:
        self._client = HttpClient(timeout=_TIMEOUT_SECONDS)
        self._tokens = AccessTokens(
            ClientCredentials(
                token_url=oauth.token_endpoint_url,
                client_id=oauth.client_id,
                client_secret=oauth.client_secret,
                scope=oauth.scope,
                basic=True,  # as librdkafka does
                margin=_MARGIN_SECONDS,
            ),
            self._client,
        )

    async def token(self) -> str:
        """A token that is valid now. Raises NoToken if the endpoint refuses or does not answer."""
        try:
            return await self._tokens.token()
        finally:
            await self._client.close()  # aiokafka does not say when it stops using a provider
