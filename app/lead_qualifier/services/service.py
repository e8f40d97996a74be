"""A service in a process: a consumer group, its applications, and the rules that these decide by."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from lead_qualifier.engine import Application, Engine
from lead_qualifier.engine.faust.app import connection_settings, create_app
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.services.projection import Projection
from lead_qualifier.wording.sentences import IN_ENGLISH

#: A consumer asks for records many times a second, and is answered. It may be without an answer for a few seconds
#: during a rebalance, or after a broker's death until its partitions have other leaders.
_SILENT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Service:
    """The applications of one consumer group, and the rules that they share."""

    name: str
    group_id: str
    applications: tuple[Application, ...]
    projections: tuple[Projection[Any, Any], ...] = ()


class HostedService:
    """A service at work: its engine, and the Faust app that feeds it."""

    def __init__(self, service: Service, engine: Engine, connection: Connection) -> None:
        self.service = service
        self.engine = engine
        self.app = create_app(engine, faust_settings=connection_settings(connection))
        self._connection = connection
        self._starting: asyncio.Task[None] | None = None
        for projection in service.projections:
            projection.attach(self.app)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to work."""
        self.engine.start()
        for projection in self.service.projections:
            projection.start(self._connection)
        # returns once the tables are recovered, which may take its time
        self._starting = loop.create_task(self.app.start())

    async def stop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Finish the running cycle and leave the group."""
        await loop.run_in_executor(None, self.engine.stop)
        for projection in self.service.projections:
            await loop.run_in_executor(None, projection.stop)
        if self._starting is not None:
            self._starting.cancel()
        await self.app.stop()

    def problem(self) -> str | None:
        """Why it must not go on, or None."""
        assert self._starting is not None
        if self._starting.done() and self._starting.exception() is not None:
            error = self._starting.exception()
            return f"Faust could not start: {type(error).__name__}: {error}"
        if self.app.should_stop:
            return "Faust has stopped by itself"
        for projection in self.service.projections:
            if (problem := projection.problem()) is not None:
                return problem
        report = self.engine.problem()
        health = self.app.fetch_health()
        # without an assignment nothing is fetched; the engine says when that lasts too long
        if report is None and health is not None and self.engine.assigned_partitions():
            report = health.problem(self.engine.limits.stall_seconds)
        return None if report is None else IN_ENGLISH.sentence(report)

    def waiting(self) -> list[str]:
        """What it still waits for before it is ready."""
        waiting = [f"{p.name} are not caught up" for p in self.service.projections if not p.table.caught_up]
        assigned = self.engine.assigned_partitions()
        health = self.app.fetch_health()
        if health is not None and health.silent() > _SILENT_SECONDS:
            waiting.append(f"nothing was fetched for {health.silent():.0f} s")
        elif health is not None and (unanswered := health.unanswered()) is not None:
            (topic, number), seconds = unanswered
            if seconds > _SILENT_SECONDS:
                waiting.append(f"{topic}-{number} could not be fetched for {seconds:.0f} s: perhaps it has no leader")
        if not self.engine.ready():
            opened = len(self.engine.open_partitions())
            waiting.append(
                f"{opened} of {len(assigned)} partitions are open" if assigned else "the consumer group has not settled"
            )
            if incomplete := self.engine.incomplete_partitions():
                waiting.append(f"of {len(incomplete)} partitions only some topics are there")
        return waiting
