"""A Kafka record as a consumer received it, before anything interprets it."""

from __future__ import annotations

from dataclasses import dataclass

from lead_qualifier.kafka.records import Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerRecord:
    """One record. Its contents are as the broker delivered them."""

    topic: str
    """As the broker names it, prefix included."""
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    unreadable: str | None = None
    """Why the record cannot be an event, whatever its bytes are; None if it can."""
