"""Reads what assignment has stored: sellers, who waits, and all that decides about one lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from lead_qualifier.assignment.state import (
    DEFINITION,
    LEAD,
    SELLER,
    HeldDefinition,
    HeldLead,
    HeldSeller,
    State,
    decode_state,
)
from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.client.leads import decode_lead
from lead_qualifier.console.read_model.assignment_entries import KIND
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.definition_entries import entries_in
from lead_qualifier.console.read_model.tables import assignment_leads, has_tables, leads, sellers
from lead_qualifier.qualification.leads import Lead


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAssignment:
    """All that decides about one lead: `entries` by their keys in assignment's state.

    `lead`: as the workers hold it; None if they do not, or it cannot be read. `place`: its place among the `waiting`.
    """

    entries: Mapping[bytes, State]
    lead: Lead | None
    place: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLead:
    """A lead that waits for its assignment. `held`: what assignment has stored about it."""

    lead_id: str
    name: str
    held: HeldLead


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLeads:
    """Part of the leads that wait, by place. `count`: how many there are; `before`: how many come before these."""

    entries: Mapping[bytes, State]
    leads: tuple[WaitingLead, ...]
    before: int
    count: int


class AssignmentReader:
    """Reads the tables, each time in one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sellers(self) -> list[HeldSeller]:
        """All sellers, by id."""
        with self._database.snapshot() as connection:
            return list(_sellers(connection)) if has_tables(connection) else []

    def about(self, lead_id: str) -> HeldAssignment | None:
        """What decides about one lead; None while there is no projection."""
        key = lead_id.encode()
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return None
            entries = _rules_and_sellers(connection)
            value = connection.execute(
                select(assignment_leads.c.value).where(assignment_leads.c.lead_id == key)
            ).scalar()
            stored = connection.execute(select(leads.c.value).where(leads.c.lead_id == key)).scalar()
            held = decode_or_none(decode_state, value)
            place = waiting = 0
            if isinstance(held, HeldLead):
                entries[LEAD + key] = held
                if held.waits:
                    waiting = _count(connection)
                    place = _count(connection, up_to=held.waits)
        return HeldAssignment(entries=entries, lead=decode_or_none(decode_lead, stored), place=place, waiting=waiting)

    def waiting(self, *, after: int, limit: int) -> WaitingLeads:
        """At most `limit` of those that wait, whose `waits` is more than `after`."""
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return WaitingLeads(entries={}, leads=(), before=0, count=0)
            found = connection.execute(
                select(assignment_leads.c.lead_id, assignment_leads.c.value, leads.c.name)
                .join(leads, leads.c.lead_id == assignment_leads.c.lead_id)
                .where(assignment_leads.c.waits > max(after, 0))
                .order_by(assignment_leads.c.waits)
                .limit(limit)
            ).all()
            return WaitingLeads(
                entries=_rules_and_sellers(connection),
                leads=tuple(
                    WaitingLead(
                        lead_id=row.lead_id.decode(errors="replace"), name=row.name.decode(errors="replace"), held=held
                    )
                    for row in found
                    if isinstance(held := decode_or_none(decode_state, row.value), HeldLead)
                ),
                before=_count(connection, up_to=after) if after > 0 else 0,
                count=_count(connection),
            )


def _sellers(connection: Connection) -> list[HeldSeller]:
    values = connection.execute(select(sellers.c.value).order_by(sellers.c.seller_id)).scalars()
    decoded = (decode_or_none(decode_state, value) for value in values)
    return [one for one in decoded if isinstance(one, HeldSeller)]


def _rules_and_sellers(connection: Connection) -> dict[bytes, State]:
    entries: dict[bytes, State] = {SELLER + one.id.encode(): one for one in _sellers(connection)}
    entries.update((DEFINITION + one.id.encode(), HeldDefinition(one)) for one in entries_in(connection, KIND))
    return entries


def _count(connection: Connection, *, up_to: int | None = None) -> int:
    found = select(func.count()).select_from(assignment_leads).where(assignment_leads.c.waits > 0)
    if up_to is not None:
        found = found.where(assignment_leads.c.waits <= up_to)
    return connection.execute(found).scalar() or 0
