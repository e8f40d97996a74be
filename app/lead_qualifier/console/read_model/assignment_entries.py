"""What assignment has stored: sellers, the leads that it has decided about, and its definitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete

from lead_qualifier.assignment.state import DEFINITION, LEAD, SELLER, HeldDefinition, HeldLead, decode_state
from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.definition_entries import hold
from lead_qualifier.console.read_model.lead_events import erased_ms
from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.tables import assignment_leads, sellers
from lead_qualifier.kafka.records import Record

KIND = "assignment"


class AssignmentEntries:
    """Applies `assignment-state`. What was written before a lead was erased is about another with the same id."""

    def __init__(self, database: Database, topic: str) -> None:
        self.topics = (topic,)
        self._database = database

    def apply(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Hold the newest entry of each key. Counters and the alarm are of no use to people."""
        newest = {one.key: one for one in records if one.key}
        for key, record in newest.items():
            if key.startswith(DEFINITION):
                state = decode_or_none(decode_state, record.value)
                if isinstance(state, HeldDefinition):
                    hold(self._database, connection, KIND, state.entry)
        of_sellers = {key: one for key, one in newest.items() if key.startswith(SELLER)}
        gone = [key.removeprefix(SELLER) for key, one in of_sellers.items() if one.value is None]
        for some in in_parts(gone):
            connection.execute(delete(sellers).where(sellers.c.seller_id.in_(some)))
        self._database.upsert(
            connection,
            sellers,
            [
                {"seller_id": key.removeprefix(SELLER), "value": one.value}
                for key, one in of_sellers.items()
                if one.value is not None
            ],
        )
        return self._apply_leads(
            connection, {key.removeprefix(LEAD): one for key, one in newest.items() if key.startswith(LEAD)}
        )

    def _apply_leads(self, connection: Connection, of_leads: dict[bytes, Record]) -> bool:
        """Whether it removed a lead."""
        erased = erased_ms(connection, of_leads)
        rows = {
            lead_id: row
            for lead_id, one in of_leads.items()
            if lead_id in erased and one.timestamp_ms > erased[lead_id] and (row := _row(lead_id, one)) is not None
        }
        removed = 0
        for some in in_parts([lead_id for lead_id in of_leads if lead_id not in rows]):
            removed += connection.execute(delete(assignment_leads).where(assignment_leads.c.lead_id.in_(some))).rowcount
        self._database.upsert(connection, assignment_leads, list(rows.values()))
        return removed > 0


def _row(lead_id: bytes, record: Record) -> dict[str, Any] | None:
    state = decode_or_none(decode_state, record.value)
    if not isinstance(state, HeldLead):
        return None
    return {"lead_id": lead_id, "waits": state.waits, "timestamp_ms": record.timestamp_ms, "value": record.value}
