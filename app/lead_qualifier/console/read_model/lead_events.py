"""Events about leads, as long as the lead is held."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, insert, select

from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.tables import events, leads
from lead_qualifier.kafka.records import Record


class LeadEvents:
    """Applies topics keyed by lead. What was written before a lead was erased is about another with the same id."""

    def __init__(self, *topics: str) -> None:
        self.topics = topics

    def apply(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Hold the events of leads that are held."""
        rows = [
            {
                "topic": one.topic,
                "partition": one.partition,
                "offset": one.offset,
                "lead_id": one.key,
                "timestamp_ms": one.timestamp_ms,
                "value": one.value,
            }
            for one in of_held_leads(connection, records)
        ]
        if rows:
            connection.execute(insert(events), rows)
        return False


def of_held_leads(connection: Connection, records: Sequence[Record]) -> list[Record]:
    """The records about leads that are held, and not about an erased lead with the same id."""
    erased = erased_ms(connection, {one.key for one in records if one.key})
    return [
        one for one in records if one.key in erased and one.value is not None and one.timestamp_ms > erased[one.key]
    ]


def erased_ms(connection: Connection, lead_ids: Collection[bytes]) -> dict[bytes, int]:
    """For each of these leads that is held, when an earlier lead with the same id was erased; -1 if none was."""
    found: dict[bytes, int] = {}
    for some in in_parts(list(lead_ids)):
        rows = connection.execute(select(leads.c.lead_id, leads.c.erased_ms).where(leads.c.lead_id.in_(some)))
        found.update((one.lead_id, one.erased_ms or -1) for one in rows)
    return found
