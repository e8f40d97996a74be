"""A service as a process hosts it: a consumer group, its applications, and the rules that these decide by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lead_qualifier.engine import Application, Engine
from lead_qualifier.engine.faust.app import EngineApp
from lead_qualifier.engine.faust.followed_table import FollowedTable, Versioned
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.services.projection import Projector

E = TypeVar("E", bound=Versioned)
S = TypeVar("S")


class Projection(Generic[E, S]):
    """Carries rules from the one application that decides commands to every process: through a compacted topic."""

    def __init__(
        self,
        name: str,
        topic: str,
        *,
        application: str,
        stored: Callable[[Mapping[bytes, bytes]], list[E]],
        encode: Callable[[E], bytes],
        decode: Callable[[bytes], E | None],
        snapshot: Callable[[Mapping[str, E]], S],
    ) -> None:
        """`topic`: its full name. `application`: the one that decides commands; `stored` decodes its state."""
        self.name = name
        self.topic = topic
        self._application = application
        self._stored = stored
        self._encode = encode
        self._decode = decode
        self._snapshot = snapshot
        self._engine: Engine | None = None
        self._table: FollowedTable[E, S] | None = None
        self._projector: Projector[E] | None = None

    def attach(self, app: EngineApp, connection: Connection) -> None:
        """Hold the topic in a table of the app, and wake the engine's cycles when it changes."""
        self._engine = app.engine
        self._table = FollowedTable(
            app, self.topic, decode=self._decode, snapshot=self._snapshot, changed=app.engine.fetch_buffer.wake
        )
        app.follow(self._table)
        self._projector = Projector(connection, topic=self.topic, encode=self._encode, missing=self._unprojected)

    @property
    def table(self) -> FollowedTable[E, S]:
        """The topic as this process holds it."""
        assert self._table is not None  # attached
        return self._table

    def current(self) -> S | None:
        """What processors decide by: the table's newest snapshot; None while it is not caught up."""
        return None if self._table is None else self._table.current()

    def project(self, entries: Sequence[E]) -> None:
        """Queue these entries to be written; returns immediately. To be called after each commit."""
        assert self._projector is not None
        self._projector.project(entries)

    def start(self) -> None:
        """Start writing."""
        assert self._projector is not None
        self._projector.start()

    def stop(self) -> None:
        """Write what is queued, then stop."""
        if self._projector is not None:
            self._projector.stop()

    def problem(self) -> str | None:
        """Why the process must not go on, or None."""
        assert self._projector is not None
        if self._projector.refused is not None:
            return self._projector.refused
        return None if self._projector.alive else "thread projection has died"

    def _unprojected(self) -> list[E]:
        """What is in the state, if this process holds it, but not in the topic."""
        if self._engine is None or not self.table.caught_up:
            return []
        return [
            entry
            for partition in self._engine.open_partitions()
            if partition.application.name == self._application
            for entry in self.table.outdated(self._stored(partition.store))
        ]


@dataclass(frozen=True, slots=True)
class Service:
    """The applications of one consumer group, and the rules that they share."""

    name: str
    group_id: str
    applications: tuple[Application, ...]
    projections: tuple[Projection[Any, Any], ...] = ()
