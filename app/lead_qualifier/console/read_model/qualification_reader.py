"""Reads qualifications: the newest ones, and how many there are by day and model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, or_, select, tuple_

from lead_qualifier.console.read_model.completeness import held_from
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.tables import (
    events,
    has_tables,
    leads,
    positions,
    qualifications,
    qualified_daily,
)
from lead_qualifier.kafka.records import PartitionId
from lead_qualifier.messages.topics import LEAD_QUALIFIED
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE, from_milliseconds, to_microseconds, within_years

QualificationPosition = tuple[int, int, int]
"""Where a qualification stands among all: when it was written (microseconds since 1970), its partition, its offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldQualification:
    """A qualification, and the name of its lead now. `event`: as it is on lead-qualified."""

    lead_id: str
    name: str
    model_id: str
    written_at: datetime
    event: bytes
    position: QualificationPosition


@dataclass(frozen=True, slots=True, kw_only=True)
class QualifiedOnDay:
    """How many qualifications by one model were written on one day, which is counted from 1970 on, in UTC."""

    day: int
    model_id: str
    count: int


class News(NamedTuple):
    """What is new. `positions`: how far the projection is, which changes whenever what is shown may have changed."""

    positions: Mapping[PartitionId, int]
    qualifications: list[HeldQualification]


class QualificationReader:
    """Reads the tables, each time in one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(
        self,
        *,
        model_id: str | None = None,
        since: datetime | None = None,
        before: QualificationPosition | None = None,
        limit: int,
    ) -> list[HeldQualification]:
        """The newest first: those by one model, written at `since` or later, and those before a position."""
        conditions: list[ColumnElement[bool]] = []
        if model_id is not None:
            conditions.append(_columns.model_id == model_id.encode())
        if since is not None:
            conditions.append(_columns.written_us >= to_microseconds(since))
        if before is not None:
            conditions.append(tuple_(*_place) < before)
        with self._database.snapshot() as connection:
            return _found(connection, conditions, limit) if has_tables(connection) else []

    def news(self, then: Mapping[PartitionId, int], *, limit: int) -> News:
        """What was projected since the projection was at the positions `then`; the newest, if there is too much."""
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return News({}, [])
            now = {(one.topic, one.partition): one.next_offset for one in connection.execute(select(positions))}
            since = [
                and_(_columns.topic == topic, _columns.partition == partition, _columns.offset >= offset)
                for (topic, partition), offset in then.items()
                if topic.endswith(LEAD_QUALIFIED.name) and offset < now.get((topic, partition), 0)
            ]
            return News(now, _found(connection, [or_(*since)], limit) if since else [])

    def complete_from(self) -> datetime | None:
        """Older qualifications may be missing; None: none is."""
        with self._database.snapshot() as connection:
            return held_from(connection, LEAD_QUALIFIED) if has_tables(connection) else None

    def daily(self, since_day: int) -> list[QualifiedOnDay]:
        """By day and model, from that day on."""
        columns = qualified_daily.c
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return []
            found = connection.execute(
                select(qualified_daily).where(columns.day >= since_day).order_by(columns.day, columns.model_id)
            )
            return [
                QualifiedOnDay(day=one.day, model_id=one.model_id.decode(errors="replace"), count=one.qualified)
                for one in found
            ]


def day_of(at: datetime) -> int:
    """The number of its day, counted from 1970 on, in UTC."""
    return (within_years(at) - EARLIEST_PLAUSIBLE).days


_columns = qualifications.c
_place = (_columns.written_us, _columns.partition, _columns.offset)


def _found(connection: Connection, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[HeldQualification]:
    newest = (
        select(_columns.topic, *_place, _columns.lead_id, _columns.model_id)
        .where(*conditions)
        .order_by(*(one.desc() for one in _place))
        .limit(limit)
        .subquery()
    )
    found = connection.execute(
        select(newest, leads.c.name, events.c.value)
        .join(leads, leads.c.lead_id == newest.c.lead_id)
        .join(
            events,
            and_(
                events.c.topic == newest.c.topic,
                events.c.partition == newest.c.partition,
                events.c.offset == newest.c.offset,
            ),
        )
        .order_by(newest.c.written_us.desc(), newest.c.partition.desc(), newest.c.offset.desc())
    )
    return [
        HeldQualification(
            lead_id=one.lead_id.decode(errors="replace"),
            name=one.name.decode(errors="replace"),
            model_id=one.model_id.decode(errors="replace"),
            written_at=from_milliseconds(one.written_us // 1000),
            event=one.value,
            position=(one.written_us, one.partition, one.offset),
        )
        for one in found
    ]
