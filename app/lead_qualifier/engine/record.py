"""Records as they are consumed, and as they change a partition's state."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

Change = dict[str, Any]
"""A changelog record in the form that confluent-kafka's `produce_batch` takes: `key` bytes, `value` bytes or None."""

RecordId = tuple[str, int, int]
"""Topic, partition and offset of a record."""


class Record(Protocol):
    """A consumed record, as the consumer hands it out (aiokafka's ConsumerRecord has this shape)."""

    topic: str
    partition: int
    offset: int
    timestamp: int  # milliseconds since 1970 UTC
    key: bytes | None
    value: bytes | None
    headers: Any  # sequence of (str, bytes)


class PlainRecord(msgspec.Struct, gc=False):
    """A record and nothing more. aiokafka's own costs more to make than most records cost to process."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Any


class UnreadableRecord(PlainRecord):
    """Stands for bytes that no client can decode: they become a dead letter for this reason."""

    reason: str


def record_id(record: Record) -> RecordId:
    """Where the record is."""
    return (record.topic, record.partition, record.offset)


def size_of(record: Any) -> int:
    """Bytes of a record's key and value."""
    return len(record.value or b"") + len(record.key or b"")
