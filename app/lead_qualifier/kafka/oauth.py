"""Bearer tokens for Faust's Kafka clients by OAuth 2 client credentials, as librdkafka fetches its own."""

from __future__ import annotations

import time
from base64 import b64encode
from http import HTTPStatus

import aiohttp
from aiokafka.abc import AbstractTokenProvider

from lead_qualifier.kafka.connection import OAuth

_MARGIN_SECONDS = 30.0
_TIMEOUT = aiohttp.ClientTimeout(total=20)


class NoToken(Exception):
    """The endpoint refused, or did not answer. (aiohttp's own errors show the request's headers in their repr: the
    client's secret.)
    """


class ClientCredentials(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka ships no types
    """Fetches a token from the endpoint and keeps it until shortly before it expires."""

    def __init__(self, oauth: OAuth) -> None:
        self._oauth = oauth
        self._token = ""
        self._expires = 0.0

    async def token(self) -> str:
        """A token that is valid now. Raises NoToken when the endpoint refuses or does not answer."""
        if time.monotonic() >= self._expires:
            await self._fetch()
        return self._token

    async def _fetch(self) -> None:
        form = {"grant_type": "client_credentials"}
        if self._oauth.scope is not None:
            form["scope"] = self._oauth.scope
        login = b64encode(f"{self._oauth.client_id}:{self._oauth.client_secret}".encode()).decode()
        headers = {"Authorization": f"Basic {login}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.post(self._oauth.token_endpoint_url, data=form, headers=headers) as response,
            ):
                if response.status != HTTPStatus.OK:
                    raise NoToken(f"the token endpoint {self._oauth.token_endpoint_url} answered {response.status}")
                answer = await response.json()
            self._token = answer["access_token"]
            self._expires = time.monotonic() + max(0.0, float(answer.get("expires_in", 0)) - _MARGIN_SECONDS)
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            kind = type(error).__name__
        else:
            return
        # raised out here: nothing of the error shows in a traceback
        raise NoToken(f"the token endpoint {self._oauth.token_endpoint_url} gave no token ({kind})")
