"""Applies records to the tables. Offsets are stored in the same transaction, so each record counts exactly once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.client.leads import decode_lead, is_only_erased
from lead_qualifier.console.read_model.database import Database, UnusableDatabase
from lead_qualifier.console.read_model.names import name_of, words_in
from lead_qualifier.console.read_model.ranking import rank_of
from lead_qualifier.console.read_model.tables import (
    SCHEMA_VERSION,
    events,
    leads,
    positions,
    projection,
    rules,
    words,
)
from lead_qualifier.definitions.qualification_models.entries import decode_entry
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY
from lead_qualifier.kafka.records import PartitionId, Record
from lead_qualifier.qualification.leads import Lead

T = TypeVar("T")

#: Databases limit the parameters of a statement: SQLite to 32,766.
_MOST_PARAMETERS = 5_000


class Step(StrEnum):
    """The moments at which a test ends the process."""

    BEGUN = "begun"
    ERASED = "erased"
    APPLIED = "applied"
    POSITIONED = "positioned"
    COMMITTED = "committed"


class Overtaken(Exception):
    """Another process has projected these records, or begun again: read on from what is stored now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedTopics:
    """The topics that are projected, by their full names."""

    lead_state: str
    models: str
    lead_events: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every one of them."""
        return (self.lead_state, self.models, *self.lead_events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """How far the projection is."""

    topic_ids: Mapping[str, str] = field(default_factory=dict)
    next: Mapping[PartitionId, int] = field(default_factory=dict)
    caught_up_ms: int = 0
    complete: bool = False
    """Whether all there was when it was begun has been read."""


class Projection:
    """Writes the tables. What it raises of SQLAlchemy may be tried again: nothing was stored."""

    def __init__(
        self,
        database: Database,
        topics: ProjectedTopics,
        *,
        name_attributes: Sequence[str],
        hook: Callable[[Step], None] = lambda step: None,
    ) -> None:
        self._database = database
        self._topics = topics
        self._name_attributes = tuple(name_attributes)
        self._hook = hook

    # -- beginning

    def stored(self) -> Stored | None:
        """How far the projection is; None if there is none, or one of another version or of other topics.

        Raises UnusableDatabase if a newer version has written it.
        """
        with self._database.transaction() as connection:
            if not connection.dialect.has_table(connection, projection.name):
                return None
            version = connection.execute(select(projection.c.schema_version)).scalar()
            if version is not None and version > SCHEMA_VERSION:
                raise UnusableDatabase(
                    f"the console's database is of a newer version (its tables have version {version}, this program's "
                    f"{SCHEMA_VERSION}): run that version, or set another LEAD_QUALIFIER_DATABASE_URL"
                )
            if version != SCHEMA_VERSION:
                return None
            about = connection.execute(select(projection)).one()
            if about.source != self._source:
                return None
            held = connection.execute(select(positions)).all()
        return Stored(
            topic_ids={one.topic: one.topic_id for one in held},
            next={(one.topic, one.partition): one.next_offset for one in held},
            caught_up_ms=about.caught_up_ms,
            complete=about.complete,
        )

    def begin_again(self, topic_ids: Mapping[str, str], start: Mapping[PartitionId, int]) -> None:
        """Drop what is there. `start`: the first offset of each partition, from which all is read again."""
        with self._database.transaction() as connection:
            self._database.recreate(connection)
            about = {"id": 1, "schema_version": SCHEMA_VERSION, "source": self._source, "complete": False}
            connection.execute(insert(projection), [about | {"caught_up_ms": _now_ms()}])
            self._add_positions(connection, topic_ids, start)
            self._hook(Step.APPLIED)
        self._hook(Step.COMMITTED)

    def go_on(
        self, stored: Stored, topic_ids: Mapping[str, str], first: Mapping[PartitionId, int]
    ) -> dict[PartitionId, int]:
        """The offsets to read from: where it is, or the first offset that a partition still has.

        It joins partitions of topics that were not there when it was begun. Raises Overtaken.
        """
        held = {one: offset for one, offset in stored.next.items() if one in first}
        skipped = {one: first[one] for one, offset in held.items() if offset < first[one]}
        new = {one: offset for one, offset in first.items() if one not in held}
        with self._database.transaction() as connection:
            self._move(connection, held, skipped)
            self._add_positions(connection, topic_ids, new)
        return held | skipped | new

    @staticmethod
    def _add_positions(connection: Connection, topic_ids: Mapping[str, str], start: Mapping[PartitionId, int]) -> None:
        rows = [
            {"topic": topic, "partition": number, "topic_id": topic_ids.get(topic, ""), "next_offset": offset}
            for (topic, number), offset in start.items()
        ]
        if rows:
            connection.execute(insert(positions), rows)

    @property
    def _source(self) -> str:
        return "\n".join((*self._topics.all, *self._name_attributes))

    # -- applying

    def apply(
        self, records: Sequence[Record], *, before: Mapping[PartitionId, int], after: Mapping[PartitionId, int]
    ) -> None:
        """Apply records, in order within each partition, and move the positions from `before` to `after`.

        A lead's events count only while the lead is held: apply its state up to where it was when they were read first.
        Raises Overtaken if the positions are others than `before`.
        """
        topics = self._topics
        states = [one for one in records if one.topic == topics.lead_state]
        erased = False
        with self._database.transaction() as connection:
            self._hook(Step.BEGUN)
            self._move(connection, before, after)
            self._hook(Step.POSITIONED)
            self._apply_rules(connection, [one for one in records if one.topic == topics.models])
            if states:
                erased = self._apply_states(connection, states)
            self._apply_events(connection, [one for one in records if one.topic in topics.lead_events])
            self._hook(Step.APPLIED)
        self._hook(Step.COMMITTED)
        if erased:
            self._database.forget_erased()

    def caught_up(self, at_ms: int) -> None:
        """Remember that all there was at that time has been read."""
        with self._database.transaction() as connection:
            connection.execute(update(projection).values(complete=True, caught_up_ms=at_ms))
        self._database.forget_erased()  # what was killed, or was read meanwhile, may have left something

    @staticmethod
    def _move(connection: Connection, before: Mapping[PartitionId, int], after: Mapping[PartitionId, int]) -> None:
        """First of all: it locks the positions until the end of the transaction."""
        for (topic, number), offset in sorted(after.items()):
            moved = connection.execute(
                update(positions)
                .where(
                    positions.c.topic == topic,
                    positions.c.partition == number,
                    positions.c.next_offset == before[topic, number],
                )
                .values(next_offset=offset)
            )
            if moved.rowcount != 1:
                raise Overtaken

    def _apply_rules(self, connection: Connection, records: Sequence[Record]) -> None:
        for record in records:
            if record.key is None or (entry := decode_or_none(decode_entry, record.value)) is None:
                continue
            key = entry.key.encode()
            held = connection.execute(select(rules.c.revision).where(rules.c.key == key)).scalar()
            if held is None or held <= entry.revision:
                row = {"key": key, "revision": entry.revision, "value": record.value}
                self._database.upsert(connection, rules, [row])

    def _apply_states(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Whether it erased something."""
        newest: dict[bytes, tuple[Lead, bytes]] = {}
        gone: dict[bytes, None] = {}
        for record in records:
            key, value = record.key, record.value
            if not key or key == CHECKPOINT_KEY:
                continue
            if value is None or is_only_erased(lead := _lead(value)):
                gone[key] = None
                newest.pop(key, None)
            else:
                newest[key] = lead, value
        erased = self._erase(connection, list(gone))
        if erased:
            self._hook(Step.ERASED)
        self._hold(connection, newest)
        return erased

    def _erase(self, connection: Connection, keys: Sequence[bytes]) -> bool:
        """Whether there was anything."""
        count = 0
        for some in _split(keys):
            for table in (words, events, leads):
                count += connection.execute(delete(table).where(table.c.lead_id.in_(some))).rowcount
        return count > 0

    def _hold(self, connection: Connection, held: Mapping[bytes, tuple[Lead, bytes]]) -> None:
        rows = {key: self._row(key, lead, value) for key, (lead, value) in held.items()}
        names: dict[bytes, bytes] = {}
        for some in _split(list(rows)):
            found = connection.execute(select(leads.c.lead_id, leads.c.name).where(leads.c.lead_id.in_(some)))
            names.update((one.lead_id, one.name) for one in found)
        self._database.upsert(connection, leads, list(rows.values()))
        renamed = [key for key, row in rows.items() if names.get(key, b"") != row["name"]]
        for some in _split([key for key in renamed if key in names]):
            connection.execute(delete(words).where(words.c.lead_id.in_(some)))
        spelt = [
            {"word": word.encode(), "lead_id": key} for key in renamed for word in words_in(rows[key]["name"].decode())
        ]
        if spelt:
            connection.execute(insert(words), spelt)
        old = [{"key": key, "until": row["erased_ms"]} for key, row in rows.items() if row["erased_ms"]]
        if old:
            of_before = (events.c.lead_id == bindparam("key"), events.c.timestamp_ms <= bindparam("until"))
            connection.execute(delete(events).where(*of_before), old)

    def _row(self, key: bytes, lead: Lead, value: bytes) -> dict[str, Any]:
        return {
            "lead_id": key,
            "rank": rank_of(lead),
            "status": lead.status.encode(),
            "owner_id": None if lead.owner_id is None else lead.owner_id.encode(),
            "name": name_of(lead.attributes, self._name_attributes).encode(errors="replace"),
            "erased_ms": 0 if lead.erased is None else lead.erased.at_ms,
            "value": value,
        }

    def _apply_events(self, connection: Connection, records: Sequence[Record]) -> None:
        ids = list({one.key for one in records if one.key})
        erased_ms: dict[bytes, int] = {}
        for some in _split(ids):
            found = connection.execute(select(leads.c.lead_id, leads.c.erased_ms).where(leads.c.lead_id.in_(some)))
            erased_ms.update((one.lead_id, one.erased_ms) for one in found)
        rows = [
            {
                "topic": one.topic,
                "partition": one.partition,
                "offset": one.offset,
                "lead_id": one.key,
                "timestamp_ms": one.timestamp_ms,
                "value": one.value,
            }
            for one in records
            if one.key in erased_ms and one.value is not None and one.timestamp_ms > (erased_ms[one.key] or -1)
        ]
        if rows:
            connection.execute(insert(events), rows)


def _lead(value: bytes) -> Lead:
    """The lead; one that cannot be read is held without anything to find it by, and shown as that."""
    return decode_or_none(decode_lead, value) or Lead(status="")


def _split(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _MOST_PARAMETERS):
        yield items[start : start + _MOST_PARAMETERS]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
