"""What became of each qualification, kept with it, so that reports need not follow a hundred thousand leads.

What changes a lead opens the fates of its qualifications, and of those of all leads that it was merged with; they are
found out again in the same transaction, by the rules of client.qualification_fates. While everything is read again,
they stay open until the end.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from lead_qualifier.client.model_history import ACCEPTED
from lead_qualifier.client.qualification_fates import Fate, Step, qualification_fates
from lead_qualifier.console.read_model.merges import with_merged
from lead_qualifier.console.read_model.packed_criteria import packed
from lead_qualifier.console.read_model.projector import in_parts
from lead_qualifier.console.read_model.qualification_history import read_history
from lead_qualifier.console.read_model.tables import qualifications

#: How many leads are looked at together.
_AT_ONCE = 2_000
_EVER = -(2**63)


class StoredFate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A Fate with the names in place of their numbers. `readable`: whether the survivor's stored state is."""

    version: int
    fast_track: bool
    standing: int
    result: str | None
    accepted: bool | None
    """None: no answer."""
    reason: str | None
    recycled: bool
    unanswered: int
    readable: bool


encode_fate = msgspec.json.Encoder().encode
decode_fate = msgspec.json.Decoder(StoredFate).decode


def reopen(connection: Connection, lead_ids: Collection[bytes]) -> None:
    """Something about these leads has changed. Call it before the leads that they were merged with are forgotten."""
    columns = qualifications.c
    if not lead_ids or connection.execute(select(columns.version).limit(1)).first() is None:
        return
    for some in in_parts(list(with_merged(connection, lead_ids))):
        closed = (columns.lead_id.in_(some), columns.fate.is_not(None))
        connection.execute(update(qualifications).where(*closed).values(fate=None))


def are_open(connection: Connection, model_id: bytes) -> bool:
    """Whether some fates of the model's qualifications are to be found out."""
    some = select(qualifications.c.lead_id).where(qualifications.c.fate.is_(None))
    return connection.execute(some.where(qualifications.c.model_id == model_id).limit(1)).first() is not None


def settle(connection: Connection) -> None:
    """Find out all fates that are open."""
    columns = qualifications.c
    some = select(columns.lead_id).where(columns.fate.is_(None)).limit(_AT_ONCE)
    while open_ids := set(connection.execute(some).scalars()):
        lead_ids = with_merged(connection, open_ids)
        model_ids: set[bytes] = set()
        for part in in_parts(list(lead_ids)):
            model_ids.update(
                connection.execute(select(columns.model_id).where(columns.lead_id.in_(part)).distinct()).scalars()
            )
        for model_id in model_ids:
            _settle(connection, model_id, lead_ids)


def _settle(connection: Connection, model_id: bytes, lead_ids: Collection[bytes]) -> None:
    """Those of one model. `lead_ids`: with each lead all that it was merged with."""
    found = read_history(connection, model_id, lead_ids=lead_ids)
    history = found.history
    fates = qualification_fates(history, since=_EVER, answers_from=0)
    results, reasons, keys = tuple(history.results), tuple(history.reasons), tuple(history.leads)
    survivors = history.survivors()

    def stored(fate: Fate, survivor: int) -> StoredFate:
        return StoredFate(
            fate.version,
            fate.fast_track,
            fate.standing,
            results[fate.result] if fate.result >= 0 else None,
            fate.answer == ACCEPTED if fate.answer >= 0 else None,
            reasons[fate.answer] if fate.answer > ACCEPTED else None,
            fate.recycled,
            fate.unanswered,
            survivor not in found.unreadable,
        )

    rows = []
    for index, place in enumerate(found.places):
        survivor = survivors[history.lead[index]]
        rows.append(
            {
                "its_topic": place[0],
                "its_partition": place[1],
                "its_offset": place[2],
                "fate": encode_fate(stored(fates.different[fates.of[index]], survivor)),
                "durations": packed("q", (fates.durations[step][index] for step in Step)),
                "survivor": keys[survivor],
            }
        )
    columns = qualifications.c
    this = (
        columns.topic == bindparam("its_topic"),
        columns.partition == bindparam("its_partition"),
        columns.offset == bindparam("its_offset"),
    )
    connection.execute(update(qualifications).where(*this), rows)
