"""Has a new Kafka make its internal topics while other things start: the first to need them would wait for seconds."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace

from confluent_kafka import KafkaException

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import KafkaClientError
from lead_qualifier.kafka.groups import committed_offsets
from lead_qualifier.kafka.producer import Transaction
from lead_qualifier.messages.topics import LEAD_SCORE_CHANGED

_SECONDS = 10.0


def warm_up(connection: Connection, *, group_id: str) -> None:
    """Ask for what a worker will need: its group's coordinator, and that of transactions. Returns immediately."""
    quiet = replace(connection, log_level=0)
    for ask in (_group, _transactions):
        threading.Thread(target=ask, args=(quiet, group_id), name="warm-up", daemon=True).start()


def _group(connection: Connection, group_id: str) -> None:
    with contextlib.suppress(KafkaException, KafkaClientError):
        committed_offsets(connection.confluent(), group_id, [(LEAD_SCORE_CHANGED.name, 0)], timeout=_SECONDS)


def _transactions(connection: Connection, group_id: str) -> None:
    with contextlib.suppress(KafkaException):
        Transaction(connection, f"{group_id}-warm-up", delivery_seconds=_SECONDS)
