"""Writes dead letters: the original record, with headers that say where it came from and why it was not handled."""

from __future__ import annotations

import contextlib

from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import needing
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.records import Record, dead_letter, record_bytes

_DELIVERY_SECONDS = 30.0
_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
_SMALLEST_BYTES = 4_096


class DeadLetterProducer:
    """Writes dead letters to one topic. Several threads may write."""

    def __init__(self, connection: Connection, topic: str) -> None:
        """`topic`: its full name, as the broker knows it."""
        self._topic = topic
        self._producer = Producer(connection, idempotent=True, linger_ms=5, delivery_seconds=_DELIVERY_SECONDS)

    def write(self, record: Record, reason: str) -> None:
        """Returns once the broker has stored the dead letter. One that is too large for the topic is truncated and says
        so. Raises NotAllowed, KafkaException.
        """
        self._producer.renew()
        limit: int | None = None
        while True:
            error = self._produce(record, reason, limit)
            if error is None:
                return
            smaller = (limit or record_bytes(record.key, record.value, record.headers)) // 2
            if error.code() not in _TOO_LARGE or smaller < _SMALLEST_BYTES:
                with needing(f"Write on topic {self._topic}"):
                    raise KafkaException(error)
            limit = smaller

    def close(self) -> None:
        """Stop writing."""
        with contextlib.suppress(KafkaException):  # the caller has waited for every dead letter
            self._producer.flush(1)

    def _produce(self, record: Record, reason: str, limit: int | None) -> KafkaError | None:
        output = dead_letter(self._topic, record, reason, limit)
        try:
            return self._producer.deliver(output.topic, output.key, output.value, headers=output.headers)
        except KafkaException as error:
            refused: KafkaError = error.args[0]
            return refused
