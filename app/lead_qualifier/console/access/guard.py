"""Around the application: refuses foreign hosts and origins, asks for a session, and adds the protecting headers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from lead_qualifier.console.access.access import Access
from lead_qualifier.console.access.asgi import Application, Message, Receive, Scope, Send
from lead_qualifier.console.access.csrf import check_origin, check_token, is_change
from lead_qualifier.console.access.errors import ForeignHost
from lead_qualifier.console.access.headers import HEADERS
from lead_qualifier.console.access.permissions import keep_session
from lead_qualifier.console.access.sessions import Session
from lead_qualifier.console.errors import ApiError

Refuse = Callable[[Scope, Exception], Application]

#: More than any route takes: events, the largest, have 8 MiB. Routes read a body before they ask who sent it.
_MOST_BYTES = 9 << 20


class Guard:
    """The one place that every request passes. What a person may do with a route, the route says: see `allowed`.

    It also gives routes the path as it was sent, so that `%2F` in an id is no slash.
    """

    def __init__(
        self,
        application: Application,
        *,
        access: Access,
        is_public: Callable[[str], bool],
        says_more: Callable[[str], bool] = lambda path: False,
        refuse: Refuse,
    ) -> None:
        """`is_public`: whether a path needs no session; `says_more`: whether it says more to those who have one.

        `refuse`: makes the response where a check fails.
        """
        self._application = application
        self._access = access
        self._is_public = is_public
        self._says_more = says_more
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        scope["path"] = scope["raw_path"].decode("ascii", errors="replace")
        answer = _Answer(send)
        try:
            receive = await self._admit(scope, receive)
        except Exception as error:  # noqa: BLE001  the server would log its words, and values in them
            await self._refuse(scope, error)(scope, receive, answer.send)
            return
        with suppress(Exception):  # it is answered and logged; the server would log its words, and values in them
            await self._application(scope, receive, answer.send)
        await answer.finish()

    async def _admit(self, scope: Scope, receive: Receive) -> Receive:
        """What receives the body of an admitted request. Raises ApiError, SQLAlchemyError."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        hosts, host = self._access.hosts, headers.get(b"host", "")
        if not hosts.know(host):
            raise ForeignHost(hosts.url)
        session: Session | None = None
        if not self._is_public(scope["path"]):
            session = await run_in_threadpool(self._access.session_of, headers)
            keep_session(scope, session)
        elif self._says_more(scope["path"]):
            with suppress(ApiError, SQLAlchemyError):  # it answers without a session, and without the database, too
                session = await run_in_threadpool(self._access.session_of, headers)
                keep_session(scope, session)
        if is_change(scope["method"]):
            check_origin(headers, hosts.origin(host))
            if session is not None and session.csrf_token is not None:
                receive = await check_token(session.csrf_token, headers, receive)
        receive = _at_most(_MOST_BYTES, receive)
        return receive if session is None else _until(session.ends_at, receive)


class _Answer:
    """Sends a response with the protecting headers."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._is_open = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            sent = {name.lower() for name, _ in message["headers"]}
            more = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in sent]
            message["headers"] = [*message["headers"], *more]
        await self._send(message)
        self._is_open = message["type"] == "http.response.start" or message.get("more_body", False)

    async def finish(self) -> None:
        """End a stream that its session has outlived."""
        if self._is_open:
            with suppress(OSError):  # nobody is there any more
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _at_most(most: int, receive: Receive) -> Receive:
    """As if the client went away once it has sent more bytes than that."""
    left = most

    async def receive_some() -> Message:
        nonlocal left
        message = await receive() if left >= 0 else {"type": "http.disconnect"}
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    return receive_some


def _until(ends_at: float, receive: Receive) -> Receive:
    """As if the browser went away when its session ends: streams of events stop then."""

    async def receive_in_time() -> Message:
        try:
            return await asyncio.wait_for(receive(), max(0.0, ends_at - time.time()))
        except TimeoutError:
            return {"type": "http.disconnect"}

    return receive_in_time
