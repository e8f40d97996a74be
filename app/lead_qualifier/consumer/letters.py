"""Writes dead letters: the record as it came, with headers that say where it stood and why it is one."""

from __future__ import annotations

import threading
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.consumer.event import Arrival
from lead_qualifier.kafka.connection import Connection, needing
from lead_qualifier.kafka.records import dead_letter, record_bytes

_SECONDS = 30.0
_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
_SMALLEST = 4_096


class Letters:
    """Dead letters to one topic. Several threads may write."""

    def __init__(self, connection: Connection, topic: str) -> None:
        """`topic`: the whole name, as the broker knows it."""
        self._topic = topic
        self._producer = confluent_kafka.Producer(
            connection.confluent_producer(
                **{
                    "enable.idempotence": True,
                    "linger.ms": 5,
                    "delivery.timeout.ms": int(_SECONDS * 1000),
                    # what a broker takes is for the broker to say, not for the client
                    "message.max.bytes": 1_000_000_000,
                }
            )
        )

    def write(self, record: Arrival, reason: str) -> None:
        """Returns when the broker has it; what is too large for the topic is cut, and says so.

        Raises NotAllowed, KafkaException.
        """
        limit: int | None = None
        while True:
            error = self._attempt(record, reason, limit)
            if error is None:
                return
            smaller = (limit or record_bytes(record.key, record.value, record.headers)) // 2
            if error.code() not in _TOO_LARGE or smaller < _SMALLEST:
                with needing(f"Write on topic {self._topic}"):
                    raise KafkaException(error)
            limit = smaller

    def close(self) -> None:
        """Nothing is written any more."""
        self._producer.flush(1)

    def _attempt(self, record: Arrival, reason: str, limit: int | None) -> KafkaError | None:
        letter = dead_letter(self._topic, record, reason, limit)
        told: list[KafkaError | None] = []
        done = threading.Event()

        def delivered(error: KafkaError | None, _message: object) -> None:
            told.append(error)
            done.set()

        headers: list[Any] = list(letter.headers)
        try:
            self._producer.produce(letter.topic, letter.value, letter.key, headers=headers, on_delivery=delivered)
        except KafkaException as error:
            refused: KafkaError = error.args[0]
            return refused
        while not done.is_set():
            self._producer.poll(0.05)  # any thread may serve the callback of any other
        return told[0]
