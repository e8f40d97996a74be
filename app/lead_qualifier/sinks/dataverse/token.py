"""The bearer token for Dataverse, by OAuth 2 client credentials; kept until shortly before it expires."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec

from lead_qualifier.sinks.answers import Answer, NoAnswer
from lead_qualifier.sinks.http import HttpClient
from lead_qualifier.sinks.retry_after import retry_after

_MARGIN_SECONDS = 300.0
_CODE = re.compile(r"^[a-z_]{1,40}$")


class NoToken(Exception):
    """No token was had; the message says why and what to do. `wait`: seconds that were asked for, if any."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who asks for a token, and where."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float | str = 0


class _Refused(msgspec.Struct):
    error: str = ""


class Tokens:
    """Several threads may ask; one of them fetches."""

    def __init__(self, login: Login, client: HttpClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._login = login
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._expires = 0.0

    def token(self, *, refused: str | None = None) -> str:
        """A token that is valid as far as we know, and not the one that was `refused`. Raises NoToken."""
        with self._lock:
            if self._clock() >= self._expires or self._token == refused:
                self._fetch()
            return self._token

    def _fetch(self) -> None:
        self._expires = 0.0
        form = {
            "grant_type": "client_credentials",
            "client_id": self._login.client_id,
            "client_secret": self._login.client_secret,
            "scope": self._login.scope,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            answer = self._client.send("POST", self._login.url, headers, urlencode(form).encode())
        except NoAnswer as error:
            raise NoToken(f"no token: {error}") from None
        if answer.status != 200:
            raise _refusal(answer)
        try:
            granted = msgspec.json.decode(answer.body, type=_Granted)
            lasts = float(granted.expires_in)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise NoToken("no token: what the token endpoint answered is not a token") from None
        if not granted.access_token or not granted.access_token.isascii() or not granted.access_token.isprintable():
            raise NoToken("no token: what the token endpoint answered is not a token")
        self._token = granted.access_token
        # one that lasts less than twice the margin is kept for half of its time
        self._expires = self._clock() + max(lasts - _MARGIN_SECONDS, lasts / 2)


def _refusal(answer: Answer) -> NoToken:
    try:
        code = msgspec.json.decode(answer.body, type=_Refused).error
    except (msgspec.DecodeError, ValueError, RecursionError):
        code = ""
    said = f", {code}" if _CODE.fullmatch(code) else ""
    hint = ": check tenant, client_id and the secret" if 400 <= answer.status < 500 and answer.status != 429 else ""
    wait = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
    return NoToken(f"no token: the token endpoint answered HTTP {answer.status}{said}{hint}", wait)
