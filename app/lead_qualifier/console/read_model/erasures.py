"""Erased leads. A hash of each is remembered, because records about a lead may be read after its erasure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import Connection, delete, select

from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.tables import erasures
from lead_qualifier.services.console_topology import CONSOLE

_MILLISECOND = timedelta(milliseconds=1)
#: As long as topics keep what may be about an erased lead.
_REMEMBERED = max(one.retention for one in (*CONSOLE.lead_events, *CONSOLE.dead_letters) if one.retention is not None)


def remember(connection: Connection, database: Database, erased_ms: Mapping[bytes, int]) -> None:
    """Remember leads. `erased_ms`: when each was erased (milliseconds since 1970)."""
    rows = [{"lead": _hash(lead_id), "at_ms": at_ms} for lead_id, at_ms in erased_ms.items()]
    database.upsert(connection, erasures, rows, revision=erasures.c.at_ms)


def remembered(connection: Connection, lead_ids: Iterable[bytes]) -> dict[bytes, int]:
    """Of these leads those that are remembered, and when each was erased last."""
    if connection.execute(select(erasures.c.lead).limit(1)).first() is None:
        return {}  # the usual case while everything is read again
    by_hash = {_hash(one): one for one in lead_ids}
    found: dict[bytes, int] = {}
    for some in in_parts(list(by_hash)):
        rows = connection.execute(select(erasures.c.lead, erasures.c.at_ms).where(erasures.c.lead.in_(some)))
        found.update((by_hash[one.lead], one.at_ms) for one in rows)
    return found


def expire(connection: Connection) -> None:
    """Forget leads that were erased so long ago that no topic has anything about them."""
    since_ms = time.time_ns() // 1_000_000 - _REMEMBERED // _MILLISECOND
    connection.execute(delete(erasures).where(erasures.c.at_ms < since_ms))


def _hash(lead_id: bytes) -> bytes:
    return sha256(lead_id).digest()
