"""Carries rules from the one application that decides commands to every process of a service, by a compacted topic."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

import structlog
from confluent_kafka import KafkaException

from lead_qualifier.engine import Engine
from lead_qualifier.engine.faust.app import EngineApp
from lead_qualifier.engine.faust.followed_table import FollowedTable, Versioned
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.wording.sentences import IN_ENGLISH

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=Versioned)
S = TypeVar("S")

_CHECK_SECONDS = 2.0
_DELIVERY_SECONDS = 10.0


class Projection(Generic[E, S]):
    """A table of the topic, which processors read, and a thread that writes to the topic what has been committed.

    The thread has a plain idempotent producer: a table's changelog written in a transaction would stall its readers.
    Every two seconds it writes what the state of this process holds and the topic does not, or only in an older
    revision. That repairs what was lost in a crash, or overwritten by a worker that was frozen.
    """

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
        self._queue: queue.SimpleQueue[Sequence[E] | None] = queue.SimpleQueue()
        self._refused: str | None = None
        self._thread: threading.Thread | None = None

    def attach(self, app: EngineApp) -> None:
        """Hold the topic in a table of the app, and wake the engine's cycles when it changes."""
        self._engine = app.engine
        self._table = FollowedTable(
            app, self.topic, decode=self._decode, snapshot=self._snapshot, changed=app.engine.fetch_buffer.wake
        )
        app.follow(self._table)

    @property
    def table(self) -> FollowedTable[E, S]:
        """The topic as this process holds it, once it is attached."""
        assert self._table is not None
        return self._table

    def current(self) -> S | None:
        """What processors decide by: the table's newest snapshot; None while it is not caught up."""
        return None if self._table is None else self._table.current()

    def project(self, entries: Sequence[E]) -> None:
        """Queue these entries to be written; returns immediately. To be called after each commit."""
        self._queue.put(entries)

    def start(self, connection: Connection) -> None:
        """Start writing."""
        self._thread = threading.Thread(target=self._run, args=(connection,), name="projection", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, then stop."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(10)

    def problem(self) -> str | None:
        """Why the process must not go on, or None."""
        if self._refused is None and (self._thread is None or not self._thread.is_alive()):
            return "thread projection has died"
        return self._refused

    def _run(self, connection: Connection) -> None:
        producer = Producer(connection, idempotent=True, delivery_seconds=_DELIVERY_SECONDS)
        while True:
            try:
                entries = self._queue.get(timeout=_CHECK_SECONDS)
            except queue.Empty:
                entries = self._unprojected()
            if entries is None:
                return
            producer.renew()
            try:
                self._write(producer, entries)
            except (KafkaException, NotAllowed) as error:
                # found missing at the next check, and tried again
                log.warning("projection_failed", entries=[e.key for e in entries], error=str(error))
                if isinstance(error, NotAllowed):  # a retry does not help
                    self._refused = IN_ENGLISH.failure(error)
                elif error.args[0].fatal():
                    producer = Producer(connection, idempotent=True, delivery_seconds=_DELIVERY_SECONDS)

    def _write(self, producer: Producer, entries: Sequence[E]) -> None:
        for entry in sorted(entries, key=lambda e: e.revision):
            producer.send(self.topic, entry.key.encode(), self._encode(entry))
        producer.flush()
        if entries:
            log.info("criteria_projected", topic=self.topic, entries=[(e.key, e.revision) for e in entries])

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
