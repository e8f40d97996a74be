"""Access tokens by OAuth 2.0 client credentials (RFC 6749, 4.4), kept until shortly before they expire."""

from __future__ import annotations

import asyncio
import re
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec

from lead_qualifier.http.client import Answer
from lead_qualifier.http.errors import NoAnswer, NoToken
from lead_qualifier.http.retry_after import retry_after

#: Tokens that are valid for less time are used only once.
_SHORTEST_SECONDS = 60.0
_CODE = re.compile(r"^[a-z_]{1,40}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """The client that requests tokens, and where it requests them."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None
    basic: bool = False
    """Whether id and secret are sent as HTTP Basic authentication instead of in the form."""
    margin: float = 300.0
    """How many seconds before it expires a token is replaced; at the latest after half of its time."""
    check: str = "check the client's id and secret"
    """What to do if the endpoint rejects the credentials."""


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float | str = 0


class _Rejected(msgspec.Struct):
    error: str = ""


Send = Callable[[str, str, Mapping[str, str], bytes | None], Awaitable[Answer]]


class AccessTokens:
    """Coroutines of one event loop may ask concurrently; one of them fetches."""

    def __init__(self, credentials: ClientCredentials, send: Send, clock: Callable[[], float] = time.monotonic) -> None:
        """`send`: makes a request, as HttpClient.send."""
        self._credentials = credentials
        self._send = send
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._expires = 0.0

    async def token(self, *, refused: str | None = None) -> str:
        """A token that should be valid and is not the `refused` one. Raises NoToken."""
        async with self._lock:
            if self._clock() >= self._expires or self._token == refused:
                await self._fetch()
            return self._token

    async def _fetch(self) -> None:
        self._expires = 0.0
        answer, reason = None, ""
        try:
            answer = await self._send("POST", self._credentials.token_url, *self._request())
        except NoAnswer as error:
            reason = str(error)
        if answer is None:  # raised outside of the except clause: no traceback leads to the request
            raise self._no_token(reason)
        if answer.status != 200:
            raise self._rejection(answer)
        granted = _granted(answer)
        if granted is None:
            raise self._no_token("the answer is not a token")
        self._token, lifetime = granted
        kept = max(lifetime - self._credentials.margin, lifetime / 2) if lifetime >= _SHORTEST_SECONDS else 0.0
        self._expires = self._clock() + kept

    def _request(self) -> tuple[dict[str, str], bytes]:
        credentials = self._credentials
        form = {"grant_type": "client_credentials"}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if credentials.basic:
            login = b64encode(f"{credentials.client_id}:{credentials.client_secret}".encode()).decode()
            headers["Authorization"] = f"Basic {login}"
        else:
            form |= {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
        if credentials.scope is not None:
            form["scope"] = credentials.scope
        return headers, urlencode(form).encode()

    def _rejection(self, answer: Answer) -> NoToken:
        try:
            code = msgspec.json.decode(answer.body, type=_Rejected).error
        except (msgspec.DecodeError, ValueError, RecursionError):
            code = ""
        detail = f", {code}" if _CODE.fullmatch(code) else ""
        advice = f": {self._credentials.check}" if 400 <= answer.status < 500 and answer.status != 429 else ""
        wait = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
        return self._no_token(f"HTTP {answer.status}{detail}{advice}", wait)

    def _no_token(self, reason: str, wait: float | None = None) -> NoToken:
        return NoToken(f"no token from {self._credentials.token_url}: {reason}", wait)


def _granted(answer: Answer) -> tuple[str, float] | None:
    """A token and its lifetime in seconds; None if the answer holds none that a header can carry."""
    try:
        granted = msgspec.json.decode(answer.body, type=_Granted)
        lifetime = float(granted.expires_in)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    token = granted.access_token
    return (token, lifetime) if token and token.isascii() and token.isprintable() else None
