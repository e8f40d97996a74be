"""The HTTP client for threads: its connections live on an event loop of their own."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from lead_qualifier.http.client import Answer, HttpClient
from lead_qualifier.http.event_loop_thread import EventLoopThread

_T = TypeVar("_T")


class BlockingHttpClient:
    """Any thread may send."""

    def __init__(self, *, timeout: float, ca_file: Path | None = None, connections: int = 8) -> None:
        """As HttpClient. Raises OSError or ssl.SSLError if `ca_file` cannot be read."""
        self.asynchronous = HttpClient(timeout=timeout, ca_file=ca_file, connections=connections)
        """The client for coroutines that `run` runs."""
        self._loop = EventLoopThread("http")

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """One request. `url` is used as it is, already encoded. Raises NoAnswer."""
        return self.run(self.asynchronous.send(method, url, headers, body))

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine on the event loop of the connections, and wait for its result."""
        return self._loop.run(work)

    def close(self) -> None:
        """Close every connection."""
        self.run(self.asynchronous.close())
        self._loop.close()
