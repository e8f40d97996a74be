"""Reads the projection: leads by what people look for, and one lead with all about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, tuple_

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.client.leads import decode_lead, read_lead
from lead_qualifier.client.rulebook import Rulebook
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.names import words_in
from lead_qualifier.console.read_model.ranking import NEVER
from lead_qualifier.console.read_model.rule_entries import rulebook_in
from lead_qualifier.console.read_model.tables import events, has_tables, leads, words
from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.rules import UnknownLeads
from lead_qualifier.qualification.utc import from_milliseconds

_FoundRow: TypeAlias = "Row[bytes, int, bytes, bytes]"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLead:
    """A lead in a list. `lead` is None if what is stored about it cannot be read."""

    lead_id: str
    name: str
    lead: Lead | None
    position: Position


class TopicEvent(NamedTuple):
    """An event about a lead: the full name of its topic, its value, and its time in Kafka."""

    topic: str
    value: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedLead:
    """Everything that the projection has about one lead."""

    lead_id: str
    name: str
    lead: Lead
    events: tuple[TopicEvent, ...]
    """In the order of their time in Kafka."""
    rulebook: Rulebook


class Reader:
    """Reads the tables, each time in one snapshot."""

    def __init__(self, database: Database, *, unknown_leads: UnknownLeads) -> None:
        self._database = database
        self._unknown_leads = unknown_leads

    def search(self, query: LeadQuery, *, after: Position | None, limit: int) -> list[FoundLead]:
        """At most `limit` leads, those after a position of an earlier search."""
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return []
            return [_found(row) for row in _search(connection, query, after, limit)]

    def count(self) -> int:
        """How many leads are held."""
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return 0
            return connection.execute(select(func.count()).select_from(leads)).scalar_one()

    def lead(self, lead_id: str) -> ProjectedLead | None:
        """One lead; None if nothing is held about it. Raises UnreadableState."""
        key = lead_id.encode()
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return None
            row = connection.execute(select(leads.c.name, leads.c.value).where(leads.c.lead_id == key)).first()
            if row is None:
                return None
            in_order = (events.c.timestamp_ms, events.c.topic, events.c.offset)
            told = connection.execute(
                select(events.c.topic, events.c.value, events.c.timestamp_ms)
                .where(events.c.lead_id == key)
                .order_by(*in_order)
            ).all()
            rulebook = rulebook_in(connection, self._unknown_leads)
        return ProjectedLead(
            lead_id=lead_id,
            name=row.name.decode(errors="replace"),
            lead=read_lead(row.value, lead_id),
            events=tuple(TopicEvent(one.topic, one.value, from_milliseconds(one.timestamp_ms)) for one in told),
            rulebook=rulebook,
        )


def _found(row: _FoundRow) -> FoundLead:
    return FoundLead(
        lead_id=row.lead_id.decode(errors="replace"),  # workers let no other ids in
        name=row.name.decode(errors="replace"),
        lead=decode_or_none(decode_lead, row.value),
        position=(row.rank, row.lead_id),
    )


def _search(connection: Connection, query: LeadQuery, after: Position | None, limit: int) -> Sequence[_FoundRow]:
    conditions = list(_conditions(query))
    columns = select(leads.c.lead_id, leads.c.rank, leads.c.name, leads.c.value)
    if not query.by_id:
        newest_first = (leads.c.rank, leads.c.lead_id)
        if after is not None:
            conditions.append(tuple_(*newest_first) > after)
        return connection.execute(columns.where(*conditions).order_by(*newest_first).limit(limit)).all()
    if after is not None:
        conditions.append(leads.c.lead_id > after[1])
    by_id = columns.where(*conditions).order_by(leads.c.lead_id).limit(limit)
    found = list(connection.execute(by_id.where(*_begins(leads.c.lead_id, query.text.strip().encode()))))
    if (named := _named(query.text)) is not None:
        found += connection.execute(by_id.where(leads.c.lead_id.in_(named)))
    return sorted({row.lead_id: row for row in found}.values(), key=lambda row: row.lead_id)[:limit]


def _conditions(query: LeadQuery) -> Iterator[ColumnElement[bool]]:
    if query.owner_id:
        yield leads.c.owner_id == query.owner_id.encode()
    if query.status:
        yield leads.c.status == query.status.encode()
    if query.qualified is not None:
        yield leads.c.rank < NEVER if query.qualified else leads.c.rank == NEVER


def _named(text: str) -> Select[tuple[bytes]] | None:
    """The ids of leads whose names have a word that begins as each of the text's; None if it has no word."""
    subqueries = [select(words.c.lead_id).where(*_begins(words.c.word, word.encode())) for word in words_in(text)]
    if not subqueries:
        return None
    first, *others = subqueries
    for other in others:
        first = first.where(words.c.lead_id.in_(other))
    return first


def _begins(column: ColumnElement[bytes], prefix: bytes) -> Sequence[ColumnElement[bool]]:
    """Whether the bytes of a column begin with others, by its index."""
    end = prefix.rstrip(b"\xff")
    if not end:
        return (column >= prefix,)
    return (column >= prefix, column < end[:-1] + bytes([end[-1] + 1]))
