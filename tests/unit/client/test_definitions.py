"""The definitions that a topic of current state holds."""

from __future__ import annotations

from typing import Any

import pytest

from lead_qualifier.assignment.state import HeldDefinition, HeldSeller, encode_state
from lead_qualifier.client.definitions import current_definitions
from lead_qualifier.definitions.entries import Entry, encode_entry
from lead_qualifier.kafka.records import Record
from tests.unit.qualification.given import minute


def entry(name: str, revision: int, **fields: Any) -> Entry:
    return Entry(**{"id": name, "revision": revision, "status": "draft", "draft": {"id": name}, **fields})


def record(key: str, value: bytes | None) -> Record:
    return Record("t", 0, 0, 0, key.encode(), value, ())


def projected(one: Entry) -> Record:
    return record(one.id, encode_entry(one))


def test_the_highest_revision_counts_and_deleted_ones_are_left_out() -> None:
    live = entry("a", 3, status="live", version=1, published={"id": "a"}, draft=None)
    gone = entry("b", 5, status="deleted", draft=None)
    records = [projected(one) for one in (entry("b", 4), entry("c", 1), live, entry("a", 2), gone)]
    assert [(one.id, one.revision) for one in current_definitions("journey", records)] == [("a", 3), ("c", 1)]


@pytest.mark.parametrize("value", [None, b"", b"{", b"\xff", b"null", b"[" * 20_000, b'{"id": "x"}'])
def test_records_of_others_are_passed_over(value: bytes | None) -> None:
    records = [projected(entry("a", 1)), record("a", value)]
    assert [one.id for one in current_definitions("sequence", records)] == ["a"]


def test_of_the_state_of_assignment_only_definitions_are_taken() -> None:
    held = record("definition/a", encode_state(HeldDefinition(entry("a", 1))))
    seller = record("seller/a", encode_state(HeldSeller(id="a", changed_at=minute(1))))
    assert [one.id for one in current_definitions("assignment", [seller, held, record("definition/x", b"{")])] == ["a"]
