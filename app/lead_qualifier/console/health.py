"""Health and metrics of the process, on a port of their own that needs no session."""

from __future__ import annotations

import errno
from typing import Any

import structlog

from lead_qualifier.console.metrics import ConsoleMetrics
from lead_qualifier.console.read_model.follower import Follower
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.services.broker_contact import BrokerContact
from lead_qualifier.services.web import WebServer, show_ready

log = structlog.get_logger(__name__)


class ConsoleHealth:
    """Serves them. The console is ready while its database answers: without Kafka its pages say how old they are."""

    def __init__(self, follower: Follower, metrics: ConsoleMetrics, connection: Connection, *, host: str) -> None:
        """`host`: the address to listen on."""
        self._follower = follower
        self._metrics = metrics
        self._host = host
        self._contact = BrokerContact(connection)
        self._contact.show(metrics.registry)
        show_ready(self._ready, metrics.registry)
        self._server: WebServer | None = None

    async def start(self, port: int) -> int:
        """Listen. Where another process has the port, takes a free one and says so. Returns the port."""
        self._contact.start()
        try:
            return await self._listen(port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            free = await self._listen(0)
            log.warning("web_port_taken", port=port, taken_instead=free)
            return free

    async def stop(self) -> None:
        """Close the port."""
        self._contact.stop()
        if self._server is not None:
            await self._server.stop()

    async def _listen(self, port: int) -> int:
        self._server = WebServer(
            host=self._host, port=port, live=self._live, ready=self._ready, metrics=self._metrics.render
        )
        return await self._server.start()

    def _live(self) -> tuple[bool, dict[str, Any]]:
        running = self._follower.is_running
        return running, {} if running else {"reason": self._follower.standing.problem}

    def _ready(self) -> tuple[bool, dict[str, Any]]:
        now = self._follower.standing
        if now.database_away or not self._follower.is_running:
            return False, {"reason": now.problem}
        return True, {"projection": now.phase.value, "behind": now.behind}
