"""Sends records to public inputs, and says where each of them is."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.client.inbound.checking import InboundRecord
from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed
from lead_qualifier.kafka.producer import Producer

#: How long a record may take. Senders wait meanwhile, and send it again: its event has the same id.
_DELIVERY_SECONDS = 10.0
_ANSWER_SECONDS = 5.0
_LINGER_MS = 2
_POLL_SECONDS = 0.01
#: Of librdkafka's own: the broker did not answer, rather than refuse the record.
_AWAY = frozenset(
    {KafkaError._MSG_TIMED_OUT, KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN}
)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record is. `topic`: the full name."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class NotSent:
    """The broker does not have the record. `refused`: why, in the broker's words; None: it did not answer."""

    refused: str | None


class InboundSender:
    """Sends records in their order: those with one key arrive in it. Any thread may use it."""

    def __init__(self, connection: Connection, *, topic_prefix: str) -> None:
        self._connection = connection
        self._prefix = topic_prefix
        self._admin = Admin(connection.confluent(), timeout=_ANSWER_SECONDS)
        self._beginning = threading.Lock()
        self._producer: Producer | None = None
        self._existing: set[str] = set()

    def send(self, records: Sequence[InboundRecord]) -> list[Position | NotSent]:
        """Send records, and wait until the broker has each, or it is certain that it does not.

        Raises TopicMissing, NotAllowed, and KafkaException if no broker answers: then nothing was sent.
        """
        for topic in {one.topic.full_name(self._prefix) for one in records} - self._existing:
            self._admin.partitions(topic)  # else a broker may create it, with settings of its own
            self._existing.add(topic)
        producer = self._begun()
        outcomes: list[Position | NotSent | None] = [None] * len(records)
        for number, one in enumerate(records):
            topic = one.topic.full_name(self._prefix)
            producer.send(
                topic,
                one.key,
                one.value,
                headers=one.headers,
                delivered=partial(_failed, outcomes, number, topic),
                written=partial(_written, outcomes, number, topic),
            )
        while None in outcomes:  # each record ends by its deadline
            producer.poll(_POLL_SECONDS)
        return [one for one in outcomes if one is not None]

    def close(self) -> None:
        """Wait briefly for records in flight. Senders of those that do not arrive are told, and send them again."""
        if self._producer is not None:
            with contextlib.suppress(KafkaException, NotAllowed):
                self._producer.flush(1)

    def _begun(self) -> Producer:
        with self._beginning:
            if self._producer is None:
                self._producer = Producer(
                    self._connection, in_order=True, linger_ms=_LINGER_MS, delivery_seconds=_DELIVERY_SECONDS
                )
        self._producer.renew()
        return self._producer


def _written(outcomes: list[Position | NotSent | None], number: int, topic: str, partition: int, offset: int) -> None:
    outcomes[number] = Position(topic, partition, offset)


def _failed(outcomes: list[Position | NotSent | None], number: int, topic: str, error: KafkaError | None) -> None:
    if error is not None:
        outcomes[number] = NotSent(None if error.code() in _AWAY else error.str())
