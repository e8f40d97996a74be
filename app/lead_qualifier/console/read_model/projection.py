"""Applies records to the tables. Offsets are stored in the same transaction, so each record counts exactly once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from lead_qualifier.console.read_model import dead_letters, erasures
from lead_qualifier.console.read_model.database import Database, UnusableDatabase
from lead_qualifier.console.read_model.fates import settle
from lead_qualifier.console.read_model.processes import Process
from lead_qualifier.console.read_model.projectors import ProjectedTopics, projectors_of
from lead_qualifier.console.read_model.tables import (
    MADE_WHEN_CAUGHT_UP,
    SCHEMA_VERSION,
    has_tables,
    positions,
    projection,
)
from lead_qualifier.kafka.records import PartitionId, Record

_NOTHING_MISSING: Mapping[PartitionId, int] = {}


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
class Stored:
    """How far the projection is."""

    topic_ids: Mapping[str, str] = field(default_factory=dict)
    next: Mapping[PartitionId, int] = field(default_factory=dict)
    caught_up_ms: int = 0
    complete: bool = False
    """Whether all there was when it was begun has been read."""
    generation: str = ""
    """Which time it was begun."""


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
        self._hook = hook
        self._projectors = projectors_of(
            topics, database, name_attributes=name_attributes, on_erased=lambda: hook(Step.ERASED)
        )
        self._process = Process(database, topics="\n".join(topics.all), name_attributes=",".join(name_attributes))
        self._generation: str | None = None  # that it writes to; None: it has not begun

    # -- beginning

    def stored(self) -> Stored | None:
        """How far the projection is; None if there is none, or one of another version or of other topics.

        Raises UnusableDatabase if a newer version has written it, and UsedOtherwise while a process with other settings
        keeps it up to date.
        """
        with self._database.transaction() as connection:
            return self._stored(connection)

    def _stored(self, connection: Connection) -> Stored | None:
        if not has_tables(connection):
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
        if not self._process.projects(connection, about):
            return None
        held = connection.execute(select(positions)).all()
        return Stored(
            topic_ids={one.topic: one.topic_id for one in held},
            next={(one.topic, one.partition): one.next_offset for one in held},
            caught_up_ms=about.caught_up_ms,
            complete=about.complete,
            generation=about.generation,
        )

    def begin_again(
        self,
        stored: Stored | None,
        topic_ids: Mapping[str, str],
        start: Mapping[PartitionId, int],
        held_from_ms: Mapping[PartitionId, int] = _NOTHING_MISSING,
    ) -> None:
        """Drop what is there: `stored`. `start`: the first offset of each partition, from which all is read again.

        `held_from_ms`: for partitions that have lost records, the time from which on they have all. Raises Overtaken if
        another process has begun again meanwhile.
        """
        with self._database.transaction() as connection:
            self._database.wait_for_others(connection)
            found = self._stored(connection)
            if found is not None and (stored is None or found.generation != stored.generation):
                raise Overtaken
            self._database.recreate(connection)
            generation = uuid.uuid4().hex
            about = {"id": 1, "schema_version": SCHEMA_VERSION, "complete": False, "generation": generation}
            connection.execute(insert(projection), [about | self._process.source | {"caught_up_ms": _now_ms()}])
            self._process.seen(connection)
            self._add_positions(connection, topic_ids, start, held_from_ms)
            self._hook(Step.APPLIED)
        self._generation = generation
        self._hook(Step.COMMITTED)

    def go_on(
        self,
        stored: Stored,
        topic_ids: Mapping[str, str],
        first: Mapping[PartitionId, int],
        held_from_ms: Mapping[PartitionId, int] = _NOTHING_MISSING,
    ) -> dict[PartitionId, int]:
        """The offsets to read from: where it is, or the first offset that a partition still has.

        It joins partitions of topics that were not there when it was begun. `held_from_ms`: for partitions that have
        lost records that it has not read, the time from which on they have all. Raises Overtaken.
        """
        held = {one: offset for one, offset in stored.next.items() if one in first}
        skipped = {one: first[one] for one, offset in held.items() if offset < first[one]}
        new = {one: offset for one, offset in first.items() if one not in held}
        self._generation = stored.generation
        with self._database.transaction() as connection:
            self._check_generation(connection)
            self._process.seen(connection)
            self._move(connection, held, skipped)
            for topic, number in skipped:
                this = (positions.c.topic == topic, positions.c.partition == number)
                time_ms = held_from_ms.get((topic, number))
                connection.execute(update(positions).where(*this).values(held_from_ms=time_ms))
            try:
                self._add_positions(connection, topic_ids, new, held_from_ms)
            except IntegrityError as error:
                raise Overtaken from error  # another process has joined them
        return held | skipped | new

    def stay(self) -> None:
        """Let others see that this process keeps the projection up to date. Raises Overtaken."""
        with self._database.transaction() as connection:
            self._check_generation(connection)
            self._process.seen(connection)

    def leave(self) -> None:
        """Let others see that this process no longer does."""
        with self._database.transaction() as connection:
            if has_tables(connection):
                self._process.left(connection)

    @staticmethod
    def _add_positions(
        connection: Connection,
        topic_ids: Mapping[str, str],
        start: Mapping[PartitionId, int],
        held_from_ms: Mapping[PartitionId, int],
    ) -> None:
        rows = [
            {
                "topic": topic,
                "partition": number,
                "topic_id": topic_ids.get(topic, ""),
                "next_offset": offset,
                "held_from_ms": held_from_ms.get((topic, number)),
            }
            for (topic, number), offset in start.items()
        ]
        if rows:
            connection.execute(insert(positions), rows)

    # -- applying

    def apply(
        self, records: Sequence[Record], *, before: Mapping[PartitionId, int], after: Mapping[PartitionId, int]
    ) -> None:
        """Apply records, in order within each partition, and move the positions from `before` to `after`.

        Events of unknown leads are dropped, so apply the states of leads first.
        Raises Overtaken if the positions are others than `before`, or another process has begun again.
        """
        erased = False
        with self._database.transaction() as connection:
            self._hook(Step.BEGUN)
            self._check_generation(connection, alone=True)
            self._move(connection, before, after)
            self._hook(Step.POSITIONED)
            for projector in self._projectors:
                if its_own := [one for one in records if one.topic in projector.topics]:
                    erased |= projector.apply(connection, its_own)
            if connection.execute(select(projection.c.complete)).scalar():
                settle(connection)
            self._hook(Step.APPLIED)
        self._hook(Step.COMMITTED)
        if erased:
            self._database.forget_erased()

    def expire(self, first: Mapping[PartitionId, int]) -> None:
        """Delete dead letters that their topics no longer hold. `first`: by partition, the first offset held."""
        with self._database.transaction() as connection:
            self._check_generation(connection)
            gone = dead_letters.expire(connection, first)
            erasures.expire(connection)
        if gone:
            self._database.forget_erased()

    def caught_up(self, at_ms: int) -> None:
        """Remember that all there was at that time has been read."""
        with self._database.transaction() as connection:
            self._check_generation(connection, alone=True)
            if not connection.execute(select(projection.c.complete)).scalar():
                for index in MADE_WHEN_CAUGHT_UP:
                    index.create(connection, checkfirst=True)
                settle(connection)
            connection.execute(update(projection).values(complete=True, caught_up_ms=at_ms))
        self._database.forget_erased()  # what was killed, or was read meanwhile, may have left something

    def _check_generation(self, connection: Connection, *, alone: bool = False) -> None:
        """Raises Overtaken if another process has begun again: its positions may look like ours, with nothing held.

        `alone`: keep other processes from applying records meanwhile. A fate is found out from all that is held about
        some leads, and what another process adds just then would be missing.
        """
        if self._generation is not None:
            held = select(projection.c.generation).with_for_update(read=not alone)  # which SQLite needs not: left out
            if connection.execute(held).scalar() != self._generation:
                raise Overtaken

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


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
