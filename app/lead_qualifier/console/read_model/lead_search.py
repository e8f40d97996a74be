"""Finds leads by what people look for, without reading a million of them.

What few leads have is looked up; what many have is found by going through leads in the order of their ids until a page
is full.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, Select, select, tuple_

from lead_qualifier.console.read_model.names import words_in
from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.ranking import NEVER
from lead_qualifier.console.read_model.tables import leads, words

FoundRow: TypeAlias = "Row[bytes, int, bytes, bytes, bytes, bytes]"
Position = tuple[int, bytes]
"""Where a lead stands in a list: its rank and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadQuery:
    """What leads are looked for. `text`: how their id begins, or how words of their name do."""

    text: str = ""
    owner_id: str = ""
    status: str = ""
    qualified: bool | None = None

    @property
    def by_id(self) -> bool:
        """Whether the leads found come in the order of their ids, rather than the newest qualified first."""
        return bool(self.text)


#: So many leads or fewer are few.
_FEW = 20_000
#: So many are gone through for a page; where that is not enough, few of the many match, and the database joins them.
_MOST = 10_000
_STEPS = (200, 800, 2_000)

_columns = select(leads.c.lead_id, leads.c.rank, leads.c.name, leads.c.value, leads.c.status, leads.c.owner_id)


def search(connection: Connection, query: LeadQuery, after: Position | None, limit: int) -> Sequence[FoundRow]:
    """At most `limit` leads, those after a position of an earlier search."""
    if query.by_id:
        return _by_id(connection, query, b"" if after is None else after[1], limit)
    conditions = list(_conditions(query))
    newest_first = (leads.c.rank, leads.c.lead_id)
    if after is not None and query.qualified is False:
        conditions.append(leads.c.lead_id > after[1])  # they have one rank: databases go on from there by the index
    elif after is not None:
        conditions.append(tuple_(*newest_first) > after)
    return connection.execute(_columns.where(*conditions).order_by(*newest_first).limit(limit)).all()


def _by_id(connection: Connection, query: LeadQuery, after: bytes, limit: int) -> Sequence[FoundRow]:
    """Those whose ids begin so, and those whose names have words that do."""
    prefix, spelt = query.text.strip().encode(), [one.encode() for one in words_in(query.text)]
    filtered = _few_filtered(connection, query)
    begins = _Search(connection, query, begins=prefix, after=after, limit=limit)
    found = begins.among(filtered) if filtered is not None else begins.through()
    if spelt:
        named = _Search(connection, query, spelt=spelt, after=after, limit=limit)
        few = [one for one in (filtered, _few_named(connection, spelt)) if one is not None]
        found += named.among(set.intersection(*map(set, few))) if few else named.through()
    return sorted({row.lead_id: row for row in found}.values(), key=lambda row: row.lead_id)[:limit]


class _Search:
    """Leads whose ids begin so, or whose names have words that begin as `spelt`, in the order of their ids."""

    def __init__(
        self,
        connection: Connection,
        query: LeadQuery,
        *,
        after: bytes,
        limit: int,
        begins: bytes = b"",
        spelt: Sequence[bytes] = (),
    ) -> None:
        self._connection, self._query, self._after, self._limit = connection, query, after, limit
        self._begins, self._spelt = begins, spelt

    def among(self, lead_ids: Collection[bytes]) -> list[FoundRow]:
        """Those of these leads."""
        chosen = sorted({one for one in lead_ids if one > self._after and one.startswith(self._begins)})
        rows = (
            row
            for some in in_parts(chosen, 500)
            for row in sorted(
                self._connection.execute(_columns.where(leads.c.lead_id.in_(some))), key=lambda row: row.lead_id
            )
        )
        return list(islice(filter(self._matches, rows), self._limit))

    def through(self) -> list[FoundRow]:
        """Those found on the way through all leads."""
        found: list[FoundRow] = []
        last, read, step = self._after, 0, 0
        while read < _MOST:
            step, count = step + 1, _STEPS[min(step, len(_STEPS) - 1)]
            rows = self._connection.execute(self._next(last).limit(count)).all()
            found += islice(filter(self._matches, rows), self._limit - len(found))
            if len(rows) < count or len(found) == self._limit:
                return found
            last, read = rows[-1].lead_id, read + count
        rest = self._next(last).where(*_conditions(self._query))
        if self._spelt:
            rest = rest.where(leads.c.lead_id.in_(_named(self._spelt)))
        return [*found, *self._connection.execute(rest.limit(self._limit - len(found)))]

    def _next(self, last: bytes) -> Select[bytes, int, bytes, bytes, bytes, bytes]:
        begin, *end = _begins(leads.c.lead_id, self._begins)
        if last >= self._begins:  # of two lower bounds, SQLite might use the lower one
            begin = leads.c.lead_id > last
        return _columns.where(begin, *end).order_by(leads.c.lead_id)

    def _matches(self, row: FoundRow) -> bool:
        query = self._query
        if query.owner_id and row.owner_id != query.owner_id.encode():
            return False
        if query.status and row.status != query.status.encode():
            return False
        if query.qualified is not None and query.qualified is (row.rank == NEVER):
            return False
        if not self._spelt:
            return True
        held = [one.encode() for one in words_in(row.name.decode())]
        return all(any(word.startswith(one) for word in held) for one in self._spelt)


def _few_filtered(connection: Connection, query: LeadQuery) -> Sequence[bytes] | None:
    """The leads that the filters leave, if an index has but a few; None if there are many, or no filter."""
    for condition in _conditions(query):
        found = _few(connection, select(leads.c.lead_id).where(condition))
        if found is not None:
            return found
    return None


def _few_named(connection: Connection, spelt: Sequence[bytes]) -> Sequence[bytes] | None:
    """The leads with one of the words, if it is one that only a few have."""
    for one in sorted(spelt, key=len, reverse=True):
        found = _few(connection, select(words.c.lead_id).where(*_begins(words.c.word, one)))
        if found is not None:
            return found
    return None


def _few(connection: Connection, lead_ids: Select[bytes]) -> Sequence[bytes] | None:
    found = connection.execute(lead_ids.limit(_FEW + 1)).scalars().all()
    return found if len(found) <= _FEW else None


def _conditions(query: LeadQuery) -> Iterator[ColumnElement[bool]]:
    if query.owner_id:
        yield leads.c.owner_id == query.owner_id.encode()
    if query.status:
        yield leads.c.status == query.status.encode()
    if query.qualified is not None:
        yield leads.c.rank < NEVER if query.qualified else leads.c.rank == NEVER


def _named(spelt: Sequence[bytes]) -> Select[bytes]:
    """The ids of leads whose names have a word that begins as each of these."""
    first, *others = (select(words.c.lead_id).where(*_begins(words.c.word, one)) for one in spelt)
    for other in others:
        first = first.where(words.c.lead_id.in_(other))
    return first


def _begins(column: ColumnElement[bytes], prefix: bytes) -> Sequence[ColumnElement[bool]]:
    """Whether the bytes of a column begin with others, by its index."""
    end = prefix.rstrip(b"\xff")
    if not end:
        return (column >= prefix,)
    return (column >= prefix, column < end[:-1] + bytes([end[-1] + 1]))
