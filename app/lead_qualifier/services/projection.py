"""Writes what a command processor has committed to the topic where every worker of the service reads it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

import structlog
from confluent_kafka import KafkaException

from lead_qualifier.engine.faust.followed_table import Versioned
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.services.remedies import with_remedy

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=Versioned)

_CHECK_SECONDS = 2.0
_FLUSH_SECONDS = 10.0


class Projector(Generic[E]):
    """A thread with a plain idempotent producer: a table's changelog written in a transaction would stall its readers.

    `missing` returns the entries that this worker's command processor holds and the topic does not, or only in an older
    revision. It is called every two seconds, so that a projection is repaired that was lost with a crash, or
    overwritten by a worker that was frozen.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        topic: str,
        encode: Callable[[E], bytes],
        missing: Callable[[], Iterable[E]],
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._encode = encode
        self._missing = missing
        self._queue: queue.SimpleQueue[Sequence[E] | None] = queue.SimpleQueue()
        self.refused: str | None = None
        """Why a retry does not help; None while it may."""
        self._thread = threading.Thread(target=self._run, name="projection", daemon=True)

    def start(self) -> None:
        """Begin to write and to check."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, then end."""
        self._queue.put(None)
        self._thread.join(10)

    def project(self, entries: Sequence[E]) -> None:
        """Write these entries soon; returns at once."""
        self._queue.put(entries)

    @property
    def alive(self) -> bool:
        """True while the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        producer = Producer(self._connection, idempotent=True)
        while True:
            try:
                entries = self._queue.get(timeout=_CHECK_SECONDS)
            except queue.Empty:
                entries = list(self._missing())
            if entries is None:
                return
            try:
                self._write(producer, entries)
            except (KafkaException, NotAllowed) as error:
                # found missing at the next check, and tried again
                log.warning("projection_failed", entries=[e.key for e in entries], error=str(error))
                if isinstance(error, NotAllowed):
                    self.refused = with_remedy(error)
                elif error.args[0].fatal():
                    producer = Producer(self._connection, idempotent=True)

    def _write(self, producer: Producer, entries: Sequence[E]) -> None:
        for entry in sorted(entries, key=lambda e: e.revision):
            producer.send(self._topic, entry.key.encode(), self._encode(entry))
        producer.flush(_FLUSH_SECONDS)
        if entries:
            log.info("criteria_projected", topic=self._topic, entries=[(e.key, e.revision) for e in entries])
