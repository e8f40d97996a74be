"""Has a new Kafka make its internal topics while other things start: the first to need them would wait for seconds."""

from __future__ import annotations

import contextlib
import threading

import confluent_kafka
from confluent_kafka import KafkaException, TopicPartition

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import LEAD_SCORE_CHANGED

_SECONDS = 10.0


def warm_up(connection: Connection, *, group_id: str) -> None:
    """Ask for what a worker will need: its group's coordinator, and that of transactions. Returns at once."""
    for ask in (_group, _transactions):
        threading.Thread(target=ask, args=(connection, group_id), name="warm-up", daemon=True).start()


def _group(connection: Connection, group_id: str) -> None:
    consumer = confluent_kafka.Consumer(connection.confluent(**{"group.id": group_id, "log_level": 0}))
    with contextlib.suppress(KafkaException):
        consumer.committed([TopicPartition(LEAD_SCORE_CHANGED.name, 0)], timeout=_SECONDS)
    consumer.close()


def _transactions(connection: Connection, group_id: str) -> None:
    producer = confluent_kafka.Producer(
        connection.confluent(**{"transactional.id": f"{group_id}-warm-up", "log_level": 0})
    )
    with contextlib.suppress(KafkaException):
        producer.init_transactions(_SECONDS)
