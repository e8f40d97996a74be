"""Definitions, sellers and assignments in the projection: the newest of each, and nothing of an erased lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from lead_qualifier.assignment.state import LEAD, HeldLead, HeldSeller
from lead_qualifier.console.read_model.assignment_reader import AssignmentReader
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.definition_entries import DefinitionReader
from lead_qualifier.qualification.leads import Erased, Lead
from tests.support.console_records import NOON, RecordLog, minutes, projected, sqlite_url
from tests.support.console_sales_force import REACT_FAST, sales_force

WAITS = HeldLead(model_id="enterprise", qualified_at=NOON, waits=7)


@pytest.fixture
def log() -> RecordLog:
    log = RecordLog()
    for lead_id in ("L-1", "L-2", "L-1001"):
        log.lead(lead_id, Lead(known=True))
    sales_force(log, waiting=("L-1", "L-2"))
    return log


def held(log: RecordLog, folder: Path) -> Database:
    return projected(sqlite_url(folder), log.records)


def waiting(database: Database) -> list[str]:
    return [one.lead_id for one in AssignmentReader(database).waiting(after=0, limit=10).leads]


@pytest.mark.parametrize("kind", ["journey", "sequence", "assignment"])
def test_each_kind_is_held(kind: str, log: RecordLog, tmp_path: Path) -> None:
    database = held(log, tmp_path)
    (entry,) = DefinitionReader(database).all(kind)
    assert entry.definition is not None
    assert DefinitionReader(database).one(kind, entry.id) == entry


def test_the_highest_revision_counts_however_late_an_older_one_was_written(log: RecordLog, tmp_path: Path) -> None:
    log.definition("follow-up-definitions", REACT_FAST, "draft", revision=3)
    log.write("follow-up-definitions", "react-fast", b"{}")  # no definition
    entries = DefinitionReader(held(log, tmp_path)).all("follow-up")
    assert [(one.id, one.status, one.revision) for one in entries] == [("old", "deleted", 2), ("react-fast", "live", 4)]


def test_a_seller_who_is_no_longer_stored_is_gone(log: RecordLog, tmp_path: Path) -> None:
    log.write("assignment-state", "seller/S-1", None)
    log.assignment(b"seller/S-4", HeldSeller(id="S-4", changed_at=NOON))
    assert [one.id for one in AssignmentReader(held(log, tmp_path)).sellers()] == ["S-2", "S-4", "S/3 <i>"]


def test_waiting_leads_come_in_order_and_go_when_they_are_assigned(log: RecordLog, tmp_path: Path) -> None:
    log.assignment(LEAD + b"L-1", HeldLead(model_id="enterprise", qualified_at=NOON))
    log.assignment(LEAD + b"L-1001", WAITS)
    assert waiting(held(log, tmp_path)) == ["L-2", "L-1001"]


def test_an_erased_lead_leaves_no_assignment(log: RecordLog, tmp_path: Path) -> None:
    log.erase("L-1", at=minutes(5))
    log.assignment(LEAD + b"L-3", WAITS)  # of a lead that was erased, or never seen
    again = Lead(known=True, erasure=1, erased=Erased(at_ms=int(minutes(5).timestamp() * 1000), until_ms=2**50))
    log.lead("L-2", again, at=minutes(6))
    assert waiting(held(log, tmp_path)) == []
    log.assignment(LEAD + b"L-2", WAITS, at=minutes(7))
    (tmp_path / "again").mkdir()
    assert waiting(held(log, tmp_path / "again")) == ["L-2"]
