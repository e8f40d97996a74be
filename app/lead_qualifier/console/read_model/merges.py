"""Which leads were merged into which."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, select

from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.tables import merged


def with_merged(connection: Connection, lead_ids: Collection[bytes]) -> set[bytes]:
    """The leads, and all that they were merged with, through whatever other leads."""
    found = set(lead_ids)
    new: Collection[bytes] = found
    while new:
        linked: set[bytes] = set()
        for some in in_parts(list(new)):
            linked.update(connection.execute(select(merged.c.survivor).where(merged.c.lead_id.in_(some))).scalars())
            linked.update(connection.execute(select(merged.c.lead_id).where(merged.c.survivor.in_(some))).scalars())
        new = linked - found
        found |= new
    return found


def hold_merges(database: Database, connection: Connection, survivors: Mapping[bytes, str | None]) -> None:
    """What these leads were merged into now; None: into none."""
    forget_merges(connection, [key for key, survivor in survivors.items() if survivor is None])
    rows = [{"lead_id": key, "survivor": one.encode()} for key, one in survivors.items() if one is not None]
    database.upsert(connection, merged, rows)


def forget_merges(connection: Connection, lead_ids: Collection[bytes]) -> None:
    """These leads are gone, or were merged into none."""
    for some in in_parts(list(lead_ids)):
        connection.execute(delete(merged).where(merged.c.lead_id.in_(some)))
