"""An HTTP server on this machine that answers, or fails, as a test wants it to."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    """By names in lower case."""
    body: bytes
    at: float

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: float = 0.0
    """Seconds until it comes."""


@dataclass(frozen=True)
class Raw:
    """These bytes, one after another so many seconds apart, then the connection is closed."""

    parts: tuple[bytes, ...] = ()
    apart: float = 0.0
    reset: bool = False


Behaviour = Callable[[Request], Reply | Raw]


def fine(_request: Request) -> Reply | Raw:
    return Reply()


class Endpoint:
    """`with Endpoint() as endpoint`; set `behave` at any time. `stop` and `start` keep the port."""

    def __init__(self, behave: Behaviour = fine, certificate: Path | None = None) -> None:
        self.behave = behave
        self.requests: list[Request] = []
        self.at_once = 0
        """The most requests that were under way at one time."""
        self._certificate = certificate
        self._under_way = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._server: _Server | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._ended.clear()
        self._server = _Server(("127.0.0.1", self.port), self)
        self.port = self._server.server_address[1]
        if self._certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate, self._certificate.parent / "key.pem")
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """From now on connections are refused, and those that are open are closed."""
        assert self._server is not None
        self._ended.set()
        self._server.shutdown()
        self._server.end()

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def answer(self, handler: _Handler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        names = {name.lower(): value for name, value in handler.headers.items()}
        request = Request(handler.command, handler.path, names, handler.rfile.read(length), time.monotonic())
        with self._lock:
            self.requests.append(request)
            self._under_way += 1
            self.at_once = max(self.at_once, self._under_way)
        try:
            self._reply(handler, self.behave(request))
        finally:
            with self._lock:
                self._under_way -= 1

    def _reply(self, handler: _Handler, reply: Reply | Raw) -> None:
        if isinstance(reply, Raw):
            handler.close_connection = True
            for part in reply.parts:
                handler.wfile.write(part)
                handler.wfile.flush()
                if self._ended.wait(reply.apart):
                    return
            if reply.reset:
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                handler.connection.close()
            return
        self._ended.wait(reply.after)
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if reply.status != 204:
            handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        handler.wfile.write(reply.body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_any(self) -> None:
        self.server.endpoint.answer(self)

    do_GET = do_POST = do_PATCH = handle_any  # noqa: N815  names of the standard library

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def end(self) -> None:
        self.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                connection.close()

    def handle_error(self, *_: Any) -> None:
        """A client that leaves early is what some tests are about."""


def unused_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


NEVER = Raw((b"",), apart=30)
"""No answer, for as long as any test waits."""
GARBAGE = Raw((b"\x16\x03\x01 this is no HTTP\r\n\r\n",))
CUT_HEAD = Raw((b"HTTP/1.1 200 OK\r\nContent-Le",))
RESET = Raw((), reset=True)
CUT_BODY = Raw((b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",))
SLOW_BODY = Raw((b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", *([b"x"] * 900)), apart=0.1)
ENDLESS = Raw(
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *([b"10000\r\n" + b"x" * 65536 + b"\r\n"] * 200))
)
