"""Qualifications and what happened to these leads afterwards, as long as the leads are held; and how many a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from lead_qualifier.client.reported_events import REACTIONS, qualification_in, reaction_in
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.fates import reopen
from lead_qualifier.console.read_model.lead_events import of_held_leads
from lead_qualifier.console.read_model.packed_criteria import pack
from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.tables import qualifications, qualified_daily, reactions
from lead_qualifier.kafka.records import Record
from lead_qualifier.messages.topics import LEAD_QUALIFIED, Topic

DAY_US = 86_400_000_000
"""A day in microseconds."""

_Day = tuple[int, bytes]


class Qualifications:
    """Applies `lead-qualified` and the topics of reactions."""

    def __init__(self, database: Database, topics: Iterable[str]) -> None:
        """`topics`: the full names of all topics with events about leads."""
        self._database = database
        self._by_name = {
            name: topic for name in topics for topic in (LEAD_QUALIFIED, *REACTIONS) if name.endswith(topic.name)
        }
        self.topics = tuple(self._by_name)

    def apply(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Hold what is about leads that are held."""
        kept = of_held_leads(connection, records)
        qualified = [row for one in kept if self._by_name[one.topic] is LEAD_QUALIFIED for row in _qualification(one)]
        if qualified:
            connection.execute(insert(qualifications), qualified)
            _count(connection, self._database, Counter(_day(row["written_us"], row["model_id"]) for row in qualified))
        reacted = [row for one in kept for row in _reaction(self._by_name[one.topic], one)]
        if reacted:
            connection.execute(insert(reactions), reacted)
        reopen(connection, {one["lead_id"] for one in (*qualified, *reacted)})
        return False


def forget(connection: Connection, database: Database, until_ms: Mapping[bytes, int | None]) -> None:
    """Delete what is about these leads. `until_ms`: by lead, the newest record to delete; None: all of them."""
    columns = qualifications.c
    reopen(connection, until_ms)
    gone = []
    for some in in_parts(list(until_ms)):
        found = connection.execute(
            select(
                columns.topic,
                columns.partition,
                columns.offset,
                columns.lead_id,
                columns.model_id,
                columns.written_us,
                columns.timestamp_ms,
            ).where(columns.lead_id.in_(some))
        )
        gone += [one for one in found if (until := until_ms[one.lead_id]) is None or one.timestamp_ms <= until]
    if gone:
        key = (columns.topic, columns.partition, columns.offset)
        this = and_(*(column == bindparam(f"its_{column.name}") for column in key))
        keys = [{"its_topic": one.topic, "its_partition": one.partition, "its_offset": one.offset} for one in gone]
        connection.execute(delete(qualifications).where(this), keys)
        fewer: Counter[_Day] = Counter()
        fewer.subtract(_day(one.written_us, one.model_id) for one in gone)
        _count(connection, database, fewer)
        connection.execute(delete(qualified_daily).where(qualified_daily.c.qualified <= 0))
    for some in in_parts([key for key, until in until_ms.items() if until is None]):
        connection.execute(delete(reactions).where(reactions.c.lead_id.in_(some)))
    of_before = [{"key": key, "until": until} for key, until in until_ms.items() if until is not None]
    if of_before:
        before = and_(reactions.c.lead_id == bindparam("key"), reactions.c.timestamp_ms <= bindparam("until"))
        connection.execute(delete(reactions).where(before), of_before)


def _count(connection: Connection, database: Database, changes: Mapping[_Day, int]) -> None:
    rows = [{"day": day, "model_id": model_id, "qualified": change} for (day, model_id), change in changes.items()]
    database.add(connection, qualified_daily, rows, qualified_daily.c.qualified)


def _day(written_us: int, model_id: bytes) -> _Day:
    return written_us // DAY_US, model_id


def _qualification(record: Record) -> Iterator[dict[str, Any]]:
    found = qualification_in(record)
    if found is not None:
        criteria, scores = pack(found.criteria)
        yield {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "lead_id": record.key,
            "model_id": _bytes(found.model_id),
            "version": found.version,
            "number": found.number,
            "occurred_us": found.occurred,
            "written_us": found.written,
            "timestamp_ms": record.timestamp_ms,
            "known_until": found.known_until,
            "fast_track": found.fast_track,
            "criteria": criteria,
            "scores": scores,
        }


def _reaction(topic: Topic, record: Record) -> Iterator[dict[str, Any]]:
    found = reaction_in(topic, record) if topic in REACTIONS else None
    if found is not None:
        yield {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "lead_id": record.key,
            "timestamp_ms": record.timestamp_ms,
            "kind": found.kind.value,
            "at_us": found.at,
            "model_id": None if found.model_id is None else _bytes(found.model_id),
            "what": None if found.what is None else _bytes(found.what),
        }


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")
