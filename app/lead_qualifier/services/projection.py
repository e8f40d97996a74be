"""Writes what a command decider has committed to the topic where every worker of the service reads it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import confluent_kafka
import structlog
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.kafka.connection import NotAllowed, is_forbidden
from lead_qualifier.services.projected_table import Projected

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=Projected)

_CHECK_SECONDS = 2.0


class Projector(Generic[E]):
    """A thread with a plain idempotent producer: a table's changelog written in a transaction would stall its readers.

    `missing` names entries that this worker's decider holds and the topic does not, or in an older revision; it is
    asked every two seconds, so that a projection lost with a crash, or overwritten by a frozen decider, is made good.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        topic: str,
        encode: Callable[[E], bytes],
        missing: Callable[[], Iterable[E]],
    ) -> None:
        self._config = {**config, "enable.idempotence": True, "linger.ms": 0}
        self._topic = topic
        self._encode = encode
        self._missing = missing
        self._queue: queue.SimpleQueue[Sequence[E] | None] = queue.SimpleQueue()
        self.refused: str | None = None
        """Why trying again does not help; None while it may."""
        self._thread = threading.Thread(target=self._run, name="projection", daemon=True)

    def start(self) -> None:
        """Begin to write and to check."""
        self._thread.start()

    def stop(self) -> None:
        """Write what was asked for, then end."""
        self._queue.put(None)
        self._thread.join(10)

    def project(self, entries: Sequence[E]) -> None:
        """Write these entries soon; returns at once."""
        self._queue.put(entries)

    @property
    def alive(self) -> bool:
        """Is the thread running?"""
        return self._thread.is_alive()

    def _run(self) -> None:
        producer = confluent_kafka.Producer(self._config)
        while True:
            try:
                entries = self._queue.get(timeout=_CHECK_SECONDS)
            except queue.Empty:
                entries = list(self._missing())
            if entries is None:
                return
            try:
                self._write(producer, entries)
            except (KafkaException, BufferError) as error:
                # found missing at the next check, and tried again
                log.warning("projection_failed", entries=[e.key for e in entries], error=str(error))
                if isinstance(error, KafkaException) and is_forbidden(error.args[0]):
                    self.refused = str(NotAllowed(f"Write on topic {self._topic}"))
                if isinstance(error, KafkaException) and error.args[0].fatal():
                    producer = confluent_kafka.Producer(self._config)

    def _write(self, producer: confluent_kafka.Producer, entries: Sequence[E]) -> None:
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: object) -> None:
            if error is not None:
                failed.append(error)

        for entry in sorted(entries, key=lambda e: e.revision):
            producer.produce(self._topic, self._encode(entry), entry.key.encode(), on_delivery=delivered)
        left = producer.flush(10)
        if failed or left:
            raise KafkaException(failed[0] if failed else KafkaError(KafkaError._MSG_TIMED_OUT))
        if entries:
            log.info("criteria_projected", topic=self._topic, entries=[(e.key, e.revision) for e in entries])
