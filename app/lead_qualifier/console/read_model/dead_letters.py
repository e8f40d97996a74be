"""Dead letters, as long as their topics hold them, and not beyond the erasure of the lead that they are about."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, func, insert, or_, select, tuple_

from lead_qualifier.client.dead_letters import DeadLetter, Filter, letter_of
from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.erasures import remembered
from lead_qualifier.console.read_model.lead_events import erased_ms
from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.tables import dead_letters, has_tables
from lead_qualifier.kafka.records import PartitionId, Record
from lead_qualifier.qualification.utc import from_milliseconds

LetterPosition = tuple[int, str, int, int]
"""Where a dead letter stands in a list: the time of its record in milliseconds, its topic, partition and offset."""

#: What is held of each (bytes): enough to see what is wrong. What is sent back comes from Kafka.
_LONGEST_VALUE = 64 * 1024
_LONGEST_KEY = 16 * 1024
_LONGEST_REASON = 4 * 1024
_LONGEST_HEADERS = 16 * 1024
_LARGEST = 2**63 - 1
#: How many are read at once: at first, and after a while in which few have the reason looked for.
_SCANNED, _MOST_SCANNED = 200, 10_000


class _Leads(msgspec.Struct):
    """The leads that a value names: the one that it is about, and the other one of a merge."""

    lead_id: Any = None
    survivor_id: Any = None
    loser_id: Any = None
    data: Any = None
    """The same within an envelope of CloudEvents."""


_leads = msgspec.json.Decoder(_Leads)


class DeadLetterRecords:
    """Applies the topics of dead letters."""

    def __init__(self, *topics: str) -> None:
        self.topics = topics

    def apply(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Hold the dead letters that are not about a lead that was erased since."""
        rows = [row for one in records if (row := _row(one)) is not None]
        erased = _hidden_until(connection, {one for row in rows for one in _ids_in(row)})
        kept = [row for row in rows if all(row["timestamp_ms"] > erased.get(one, -1) for one in _ids_in(row))]
        if kept:
            connection.execute(insert(dead_letters), kept)
        return False


def forget(connection: Connection, until_ms: Mapping[bytes, int | None]) -> int:
    """Delete what is about erased leads. `until_ms`: by lead, the newest record to delete; None: all of them.

    Returns how many rows it was.
    """
    columns = dead_letters.c
    count = 0
    for some in in_parts(list(until_ms)):
        about = or_(*(column.in_(some) for column in (columns.key, columns.lead_id, columns.other_lead_id)))
        for row in [one._asdict() for one in connection.execute(select(dead_letters).where(about))]:
            limits = [until_ms[one] for one in _ids_in(row) if one in until_ms]
            if any(limit is None or row["timestamp_ms"] <= limit for limit in limits):
                count += connection.execute(delete(dead_letters).where(*_at(row))).rowcount
    return count


def expire(connection: Connection, first: Mapping[PartitionId, int]) -> int:
    """Delete what the topics no longer hold: `first` says the first offset of each partition. Returns how many rows."""
    columns = dead_letters.c
    count = 0
    for (topic, number), offset in first.items():
        gone = (columns.topic == topic, columns.partition == number, columns.offset < offset)
        count += connection.execute(delete(dead_letters).where(*gone)).rowcount
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLetter:
    """A dead letter that is held. `source`: the topic (full name) that it is on.

    `size`: of its value (bytes), of which at most 64 KiB are held; None: it has none.
    """

    source: str
    letter: DeadLetter
    size: int | None
    position: LetterPosition

    @property
    def is_whole(self) -> bool:
        """Whether all of its value is held."""
        return self.size is None or self.size <= _LONGEST_VALUE


class DeadLetterReader:
    """Reads dead letters, the newest first."""

    def __init__(self, database: Database, *, topic_prefix: str) -> None:
        self._database = database
        self._prefix = topic_prefix

    def newest(
        self, wanted: Filter, *, source: str | None, before: LetterPosition | None, limit: int
    ) -> list[HeldLetter]:
        """Those that match, on one topic (full name) or on all, before a position."""
        columns = dead_letters.c
        found = select(dead_letters)
        if source is not None:
            found = found.where(columns.topic == source)
        if wanted.key is not None:
            found = found.where(columns.key == wanted.key.encode())
        if wanted.topic is not None:
            names = {wanted.topic.encode(), (self._prefix + wanted.topic).encode()}
            found = found.where(columns.origin.in_(names))
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return []
            scanned = _scan(connection, found, before, wanted.reason)
            matching = (one for one in scanned if wanted.matches(one.letter, self._prefix))
            return list(islice(matching, limit))

    def count_since(self, since_ms: int, *, most: int) -> int:
        """How many came since a time (milliseconds since 1970); counted up to `most`."""
        some = select(dead_letters.c.offset).where(dead_letters.c.timestamp_ms >= since_ms).limit(most).subquery()
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return 0
            return connection.execute(select(func.count()).select_from(some)).scalar_one()

    def one(self, source: str, partition: int, offset: int) -> HeldLetter | None:
        """A dead letter by its topic (full name) and position there."""
        columns = dead_letters.c
        place = (columns.topic == source, columns.partition == partition, columns.offset == offset)
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return None
            row = connection.execute(select(dead_letters).where(*place)).first()
            return None if row is None else _held(row)


def _scan(
    connection: Connection, found: Select[Any], before: LetterPosition | None, reason: str | None
) -> Iterator[HeldLetter]:
    """Those with this text in the reason (None: all), some at a time: most are not read, as the first are enough.

    All of a dead letter is read only where the reason is the one looked for.
    """
    columns = dead_letters.c
    place = (columns.timestamp_ms, columns.topic, columns.partition, columns.offset)
    newest_first = [column.desc() for column in place]
    narrow = found.with_only_columns(*place, columns.reason).order_by(*newest_first)
    text = None if reason is None else reason.casefold()
    wanted: dict[bytes, bool] = {}
    size = _SCANNED
    while True:
        some = narrow if before is None else narrow.where(tuple_(*place) < before)
        rows = connection.execute(some.limit(size)).all()
        for one in {row.reason for row in rows} - wanted.keys():
            wanted[one] = text is None or text in one.decode(errors="replace").casefold()
        keys = [(row.topic, row.partition, row.offset) for row in rows if wanted[row.reason]]
        for part in in_parts(keys, _SCANNED):
            of_part = select(dead_letters).where(tuple_(*place[1:]).in_(part))
            yield from map(_held, connection.execute(of_part.order_by(*newest_first)))
        if len(rows) < size:
            return
        before, size = rows[-1][:4], min(2 * size, _MOST_SCANNED)


def _row(record: Record) -> dict[str, Any] | None:
    letter = letter_of(record)
    if letter is None:
        return None
    value = letter.value
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": max(0, record.timestamp_ms),
        "key": None if letter.key is None else letter.key[:_LONGEST_KEY],
        **_leads_in(value),
        "origin": letter.topic[:_LONGEST_REASON].encode(errors="replace"),
        "origin_partition": _bounded(letter.topic_partition),
        "origin_offset": _bounded(letter.topic_offset),
        "reason": letter.reason[:_LONGEST_REASON].encode(errors="replace"),
        "value": None if value is None else value[:_LONGEST_VALUE],
        "size": None if value is None else len(value),
        "headers": json.dumps(list(_stored(letter.headers))).encode(),
    }


def _stored(headers: Iterable[tuple[str, bytes | None]]) -> Iterator[tuple[str, str | None]]:
    room = _LONGEST_HEADERS
    for name, content in headers:
        room -= len(name) + len(content or b"")
        if room < 0:
            return
        yield name, None if content is None else base64.b64encode(content).decode()


def _leads_in(value: bytes | None) -> dict[str, bytes | None]:
    """Their columns."""
    outer = decode_or_none(_leads.decode, value) or _Leads()
    inner = outer.data if isinstance(outer.data, dict) else {}

    def first(*named: Any) -> bytes | None:
        found = next((one for one in named if one and isinstance(one, str)), None)
        return None if found is None else found.encode(errors="replace")[:_LONGEST_KEY]

    others = (outer.survivor_id, outer.loser_id, inner.get("survivor_id"), inner.get("loser_id"))
    return {"lead_id": first(outer.lead_id, inner.get("lead_id")), "other_lead_id": first(*others)}


def _bounded(number: int | None) -> int | None:
    return None if number is None or number > _LARGEST else number


def _held(row: Row[Any]) -> HeldLetter:
    headers = [(name, None if text is None else base64.b64decode(text)) for name, text in json.loads(row.headers)]
    letter = DeadLetter(
        partition=row.partition,
        offset=row.offset,
        at=from_milliseconds(row.timestamp_ms),
        key=row.key,
        value=row.value,
        headers=tuple(headers),
        topic=row.origin.decode(errors="replace"),
        topic_partition=row.origin_partition,
        topic_offset=row.origin_offset,
        reason=row.reason.decode(errors="replace"),
    )
    position = (row.timestamp_ms, row.topic, row.partition, row.offset)
    return HeldLetter(source=row.topic, letter=letter, size=row.size, position=position)


def _at(row: Mapping[str, Any]) -> tuple[Any, ...]:
    columns = dead_letters.c
    return tuple(column == row[column.name] for column in (columns.topic, columns.partition, columns.offset))


def _ids_in(row: Mapping[str, Any]) -> list[bytes]:
    return [one for one in (row["key"], row["lead_id"], row["other_lead_id"]) if one is not None]


def _hidden_until(connection: Connection, ids: Iterable[bytes]) -> dict[bytes, int]:
    """For each erased lead, the time up to which its dead letters must be hidden. Forever unless the lead is held."""
    about = set(ids)
    return dict.fromkeys(remembered(connection, about), _LARGEST) | erased_ms(connection, about)
