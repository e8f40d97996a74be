"""The audit trails: every command, by whom, and its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, tuple_

from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.tables import has_tables, trail
from lead_qualifier.kafka.records import Record

TrailPosition = tuple[int, str, int]
"""Where an outcome stands on the trails: the time of its record in milliseconds, its topic, its offset."""


class AuditTrails:
    """Applies the trails. Each has one partition."""

    def __init__(self, *topics: str) -> None:
        self.topics = topics

    def apply(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Hold every outcome."""
        rows = [
            {
                "topic": one.topic,
                "offset": one.offset,
                "subject": one.key or b"",
                "timestamp_ms": one.timestamp_ms,
                "value": one.value,
            }
            for one in records
            if one.value is not None
        ]
        if rows:
            connection.execute(insert(trail), rows)
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One outcome, as it is on its topic (full name)."""

    topic: str
    value: bytes
    position: TrailPosition


class TrailReader:
    """Reads the trails, the newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(
        self,
        *,
        topic: str | None = None,
        subject: str | None = None,
        before: TrailPosition | None = None,
        limit: int | None = None,
    ) -> list[TrailEntry]:
        """Outcomes on one trail or on all, about one id or about all, those before a position."""
        place = (trail.c.timestamp_ms, trail.c.topic, trail.c.offset)
        found = select(trail).order_by(*(column.desc() for column in place)).limit(limit)
        if topic is not None:
            found = found.where(trail.c.topic == topic)
        if subject is not None:
            found = found.where(trail.c.subject == subject.encode())
        if before is not None:
            found = found.where(tuple_(*place) < before)
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return []
            return [
                TrailEntry(topic=row.topic, value=row.value, position=(row.timestamp_ms, row.topic, row.offset))
                for row in connection.execute(found)
            ]
