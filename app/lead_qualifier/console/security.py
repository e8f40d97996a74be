"""Who may use the console: the browser in which its one-time link was opened. Also the headers that protect pages."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from starlette.requests import cookie_parser

from lead_qualifier.console.api.errors import ApiError, ForeignHost, NotSignedIn

SESSION_SECONDS = 12 * 3600

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""On every answer that does not set them itself. Nothing is loaded from elsewhere; only our own files run."""


class NotLoopback(Exception):
    """The console was told to listen where others can reach it; the message says what to do."""


def check_loopback(host: str) -> None:
    """Raises NotLoopback for an address that other machines may reach."""
    if not _is_loopback(host):
        raise NotLoopback(
            f"LEAD_QUALIFIER_CONSOLE_HOST: should be a loopback address such as 127.0.0.1 (it is {host!r}), because "
            "this version knows people by a link only and not by OpenID Connect. To use the console from another "
            "machine, forward its port: ssh -L 6070:127.0.0.1:6070 HOST"
        )


class Access:
    """A link that works once, and the session that it opens."""

    def __init__(self, *, port: int, key: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """`port`: of the console. It is in the cookie's name, because browsers send cookies to every port of a host.

        `key`: of a link that was made already.
        """
        self.cookie = f"lead-qualifier-{port}"
        self.key = secrets.token_urlsafe(32) if key is None else key
        """The secret of the link."""
        self._clock = clock
        self._opening = threading.Lock()
        self._session: str | None = None
        self._ends = 0.0

    def open(self, key: str) -> str | None:
        """A session for the key of the link; None if it is another key, or was used before."""
        with self._opening:
            if self._session is not None or not hmac.compare_digest(key.encode(), self.key.encode()):
                return None
            self._ends = self._clock() + SESSION_SECONDS
            self._session = secrets.token_urlsafe(32)
            return self._session

    def is_known(self, session: str | None) -> bool:
        """Whether this is the session, and it has not ended."""
        if session is None or self._session is None or self._clock() >= self._ends:
            return False
        return hmac.compare_digest(session.encode(), self._session.encode())


class Guard:
    """Around the application: refuses foreign host names, asks for a session, and adds the protecting headers.

    It also gives routes the path as it was sent, so that `%2F` in an id is no slash.
    """

    def __init__(
        self, application: Application, *, access: Access, is_public: Callable[[str], bool], refuse: Refuse
    ) -> None:
        """`is_public`: whether a path needs no session. `refuse`: makes the response to a refused request."""
        self._application = application
        self._access = access
        self._is_public = is_public
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        scope["path"] = scope["raw_path"].decode("ascii", errors="replace")
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = {name.lower() for name, _ in message["headers"]}
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in sent]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        if not _is_loopback(_name_in(headers.get(b"host", ""))):  # else a page elsewhere could read by DNS rebinding
            await self._refuse(scope, ForeignHost())(scope, receive, protected)
        elif not self._is_public(scope["path"]) and not self._access.is_known(self._session_in(headers)):
            await self._refuse(scope, NotSignedIn())(scope, receive, protected)
        else:
            with suppress(Exception):  # it is answered and logged; the server would log its words, and values in them
                await self._application(scope, receive, protected)

    def _session_in(self, headers: dict[bytes, str]) -> str | None:
        # As browsers do: what other programs on this host set may be no cookie of RFC 6265, and hides no other.
        return cookie_parser(headers.get(b"cookie", "")).get(self._access.cookie)


Refuse = Callable[[Scope, ApiError], Application]


def _name_in(host: str) -> str:
    """The host's name without the port; empty if it is malformed."""
    if host.startswith("["):
        name, closed, port = host[1:].partition("]")
        return name if closed and (not port or port.startswith(":")) else ""
    return host.partition(":")[0].lower()


def _is_loopback(name: str) -> bool:
    """Whether this is an address of this machine that no other reaches, or the one name of it."""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
