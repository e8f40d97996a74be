"""Reads the projection: leads by what people look for, and one lead with all about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.client.leads import decode_lead, read_lead
from lead_qualifier.client.rulebook import Rulebook
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.lead_search import FoundRow, LeadQuery, Position, search
from lead_qualifier.console.read_model.rule_entries import rulebook_in
from lead_qualifier.console.read_model.tables import events, has_tables, leads
from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.rules import UnknownLeads
from lead_qualifier.qualification.utc import from_milliseconds


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
            return [_found(row) for row in search(connection, query, after, limit)]

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


def _found(row: FoundRow) -> FoundLead:
    return FoundLead(
        lead_id=row.lead_id.decode(errors="replace"),  # workers let no other ids in
        name=row.name.decode(errors="replace"),
        lead=decode_or_none(decode_lead, row.value),
        position=(row.rank, row.lead_id),
    )
