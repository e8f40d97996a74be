"""An erased lead leaves no trace in any table, whatever had been projected about it, and whatever comes late."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from lead_qualifier.assignment.state import LEAD, HeldLead, Owner
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.console.read_model.tables import TABLE_PREFIX, metadata
from lead_qualifier.qualification.leads import Erased, Lead, Mark
from tests.support.console_dead_letters import bury
from tests.support.console_records import (
    ASSIGNED,
    NAMES,
    NOON,
    QUALIFIED,
    STATE,
    TOPICS,
    RecordLog,
    assignment,
    minutes,
    project,
    qualification,
    qualified_lead,
    sqlite_url,
)
from tests.support.console_sales_story import sales_story

ID = "L-traceless"
NAME = "Nora Spurlos"
EVERYWHERE = {"assignment_leads", "dead_letters", "events", "leads", "qualifications", "reactions", "words"}


def about_it(log: RecordLog, at: float) -> None:
    """Records of each kind about the lead, besides its state."""
    log.event(QUALIFIED, qualification(ID), at=minutes(at))
    log.event(ASSIGNED, assignment(ID), at=minutes(at))
    for topic, event, _ in sales_story(ID, [minutes(one) for one in range(10)]):
        log.event(topic, event, at=minutes(at))
    held = HeldLead(model_id="enterprise", qualified_at=NOON, definition="x", version=1, own={}, code=2, number=1)
    held.owner = Owner("seller", "S-1")
    log.assignment(LEAD + ID.encode(), held, at=minutes(at))
    named = {"lead_id": ID, "name": NAME}
    bury(log, ID.encode(), json.dumps(named).encode(), "by its key", at=minutes(at))
    bury(log, b"other", json.dumps({"data": named}).encode(), "by its value", at=minutes(at))
    for merge in ({"lead_id": "L-9", "survivor_id": ID}, {"data": {"loser_id": ID}, "lead_id": "L-9"}):
        bury(log, b"L-9", json.dumps(merge).encode(), "by the other lead of a merge", at=minutes(at))


def traces(database: Database) -> set[str]:
    """The tables that hold its id, or a word of its name, anywhere."""
    found = set()
    with database.snapshot() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                held = b"\0".join(one if isinstance(one, bytes) else str(one).encode() for one in row).lower()
                if any(word in held for word in (ID.lower().encode(), *NAME.lower().encode().split())):
                    found.add(table.name.removeprefix(TABLE_PREFIX))
    return found


@pytest.mark.parametrize("known_again", [False, True])
@pytest.mark.parametrize("by_a_tombstone", [True, False])
def test_it_goes_from_every_table(by_a_tombstone: bool, known_again: bool, tmp_path: Path) -> None:
    log, database = RecordLog(), Database(sqlite_url(tmp_path))
    projection = Projection(database, TOPICS, name_attributes=NAMES)
    log.lead("L-9", Lead(known=True))
    log.lead(ID, qualified_lead(NAME))
    about_it(log, at=1)
    project(projection, log.records)
    assert traces(database) == EVERYWHERE
    erased = Erased(at_ms=int(minutes(5).timestamp() * 1000), until_ms=2**50, marks={"m": Mark(1, 1, NOON, "erased")})
    if by_a_tombstone:
        log.erase(ID, at=minutes(5))
    else:
        log.lead(ID, Lead(erasure=1, erased=erased), at=minutes(5))
    project(projection, log.records)
    assert traces(database) == set()
    about_it(log, at=3)
    project(projection, log.records)
    assert traces(database) == set()
    if known_again:  # as another person, about whom nothing of before counts
        log.lead(ID, Lead(known=True, erasure=1, erased=erased), at=minutes(6))
        project(projection, log.records)
        about_it(log, at=4)
        project(projection, log.records)
        assert traces(database) == {"leads"}
    database.close()


def test_it_is_remembered_for_longer_than_its_state_says_and_when_everything_is_read_again(tmp_path: Path) -> None:
    log, database = RecordLog(), Database(sqlite_url(tmp_path))
    projection = Projection(database, TOPICS, name_attributes=NAMES)
    erased = Erased(at_ms=int(minutes(5).timestamp() * 1000), until_ms=0)
    log.lead(ID, Lead(known=True, erasure=1, erased=erased), at=minutes(6))
    log.lead(ID, Lead(known=True), at=minutes(7))  # all of this in one transaction
    about_it(log, at=4)
    project(projection, log.records)
    assert traces(database) == {"leads"}
    compacted = [one for one in log.records if (one.topic, one.offset) != (STATE, 0)]
    projection.begin_again(projection.stored(), {}, dict.fromkeys({(one.topic, 0) for one in compacted}, 0))
    project(projection, compacted)
    assert traces(database) == {"leads"}
    database.close()
