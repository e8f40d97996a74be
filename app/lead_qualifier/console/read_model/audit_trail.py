"""The audit trails: every command, by whom, and its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, tuple_

from lead_qualifier.client.decoding import decode_event
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.tables import has_tables, trail
from lead_qualifier.kafka.records import Record
from lead_qualifier.messages.topics import KINDS

_OF_FIELDS = {"qualification_model_id": "model", "scoring_model_id": "scoring-model", "feature": "feature"}
TRAIL_KINDS = (*_OF_FIELDS.values(), *KINDS)
"""What outcomes are about."""
TrailPosition = tuple[int, str, int]
"""Where an outcome stands on the trails: the time of its record in milliseconds, its topic, its offset."""


class AuditTrails:
    """Applies the trails. Each has one partition."""

    def __init__(self, *topics: str) -> None:
        self.topics = topics

    def apply(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Hold every outcome."""
        rows = [_row(one, one.value) for one in records if one.value is not None]
        if rows:
            connection.execute(insert(trail), rows)
        return False


def _row(record: Record, value: bytes) -> dict[str, Any]:
    event = decode_event(value) or {}
    return {
        "topic": record.topic,
        "offset": record.offset,
        "subject": record.key or b"",
        "kind": kind_of(event),
        "accepted": event.get("outcome") == "accepted",
        "timestamp_ms": record.timestamp_ms,
        "value": value,
    }


def kind_of(event: Mapping[str, Any]) -> str:
    """What an outcome is about, by the words of the command line; empty if it does not say."""
    said = event.get("kind")
    if said in KINDS:
        return str(said)
    return next((kind for field, kind in _OF_FIELDS.items() if field in event), "")


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
        kind: str | None = None,
        subject: str | None = None,
        accepted: bool | None = None,
        before: TrailPosition | None = None,
        limit: int | None = None,
    ) -> list[TrailEntry]:
        """Outcomes on one trail or on all, about one kind, about one id, of one sort, before a position."""
        place = (trail.c.timestamp_ms, trail.c.topic, trail.c.offset)
        found = select(trail).order_by(*(column.desc() for column in place)).limit(limit)
        if topic is not None:
            found = found.where(trail.c.topic == topic)
        if kind is not None:
            found = found.where(trail.c.kind == kind)
        if accepted is not None:
            found = found.where(trail.c.accepted == accepted)
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
