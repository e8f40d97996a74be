"""The HTTP server, which ends streams before it waits for requests to end."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from typing_extensions import override


class Server(uvicorn.Server):
    """`on_shutdown` is called in its event loop when it begins to stop."""

    def __init__(self, config: uvicorn.Config, *, on_shutdown: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_shutdown = on_shutdown

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_shutdown()
        await super().shutdown(sockets)
