"""Around the application: refuses foreign hosts and origins, asks for a session, and adds the protecting headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from starlette.requests import cookie_parser

from lead_qualifier.console.access.asgi import Application, Message, Receive, Scope, Send
from lead_qualifier.console.access.csrf import check_origin, check_token, is_change
from lead_qualifier.console.access.errors import ForeignHost, NotSignedIn
from lead_qualifier.console.access.headers import HEADERS
from lead_qualifier.console.access.hosts import is_loopback, name_in
from lead_qualifier.console.access.permissions import keep_session
from lead_qualifier.console.access.sessions import Access, Session
from lead_qualifier.console.errors import ApiError

Refuse = Callable[[Scope, ApiError], Application]


class Guard:
    """The one place that every request passes. What a person may do with a route, the route says: see `allowed`.

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

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = {name.lower() for name, _ in message["headers"]}
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in sent]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        try:
            receive = await self._admit(scope, receive)
        except ApiError as error:
            await self._refuse(scope, error)(scope, receive, protected)
            return
        with suppress(Exception):  # it is answered and logged; the server would log its words, and values in them
            await self._application(scope, receive, protected)

    async def _admit(self, scope: Scope, receive: Receive) -> Receive:
        """What receives the body of an admitted request. Raises ApiError."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not is_loopback(name_in(host)):  # else a page elsewhere could read by DNS rebinding
            raise ForeignHost
        session = self._session(headers)
        if session is not None:
            keep_session(scope, session)
        elif not self._is_public(scope["path"]):
            raise NotSignedIn
        if is_change(scope["method"]):
            check_origin(headers, f"http://{host}")
            if session is not None and session.csrf_token is not None:
                return await check_token(session.csrf_token, headers, receive)
        return receive

    def _session(self, headers: Mapping[bytes, str]) -> Session | None:
        # As browsers do: what other programs on this host set may be no cookie of RFC 6265, and hides no other.
        sent = cookie_parser(headers.get(b"cookie", ""))
        return self._access.sessions.find(sent.get(self._access.sessions.cookie))
