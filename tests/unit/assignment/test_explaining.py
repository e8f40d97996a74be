"""Explaining assignment: why a lead has its owner or waits, and what would have it tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lead_qualifier.assignment.explaining import Explained, explain
from lead_qualifier.assignment.results import AssignmentResult
from lead_qualifier.assignment.state import DEFINITION, LEAD, HeldDefinition, HeldLead, State
from lead_qualifier.definitions.entries import Entry
from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.support.assigner_harness import T0, AssignerHarness, definition, rule, segment

NORTH = {"attribute": "region", "equals": "north"}
THURSDAY = {"thu": [["08:00", "17:00"]]}
PLACES = [{"id": "A", "attributes": {"region": "north"}}, {"id": "B", "attributes": {"region": "north"}}]
OPEN = {"rules_change", "lead_changes"}


def entries(harness: AssignerHarness, *live: dict[str, Any], version: int = 1) -> dict[bytes, State]:
    """What assignment would hold."""
    held: dict[bytes, State] = dict(harness.memory.reopen())
    for one in live:
        entry = Entry(id=one["id"], revision=1, status="live", version=version, published=one)
        held[DEFINITION + one["id"].encode()] = HeldDefinition(entry)
    return held


def explained(
    harness: AssignerHarness, *live: dict[str, Any], lead: str = "L", at: float = 0, version: int = 1
) -> Explained:
    found = explain(lead, entries(harness, *live, version=version), T0 + timedelta(hours=at))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("what", "seller", "code", "reason", "again"),
    [
        (definition(segment(rule()), models=["other"]), {}, 1, "no live assignment takes leads of model M", set()),
        (definition(segment(rule(), when=NORTH)), {}, 4, "it meets the condition of no segment", set()),
        (
            definition(segment(rule(sellers={"when": NORTH}))),
            {},
            5,
            "no active seller meets the rule's conditions",
            {"seller_changes"},
        ),
        (
            definition(segment(rule())),
            {"work_hours": THURSDAY},
            6,
            "no eligible seller is at work, or will be within the rule's time",
            {"seller_changes", "work_hours_begin"},
        ),
        (
            definition(segment(rule())),
            {"available": False},
            6,
            "no eligible seller is at work, or will be within the rule's time",
            {"seller_changes"},
        ),
        (
            definition(segment(rule())),
            {"maximum": 0},
            7,
            "the eligible sellers who are available have no capacity left",
            {"seller_changes", "capacity_given_back"},
        ),
        (definition(segment(rule(when=NORTH))), {}, 8, "no rule of its segment matches it", set()),
        (definition(segment(rule(team={"when": NORTH})), teams=PLACES), {}, 12, "several teams", set()),
        (definition(segment(rule(team={"when": NORTH})), teams=[]), {}, 13, "no team", set()),
        (definition(segment(rule(queue={"when": NORTH})), queues=PLACES), {}, 14, "several queues", set()),
        (definition(segment(rule(queue={"when": NORTH})), queues=[]), {}, 15, "no queue", set()),
    ],
)
def test_a_lead_that_waits_says_what_it_waits_for(
    what: dict[str, Any], seller: dict[str, Any], code: int, reason: str, again: set[str]
) -> None:
    harness = AssignerHarness(what)
    harness.seller("S", **seller)
    harness.lead("L")
    one = explained(harness, what)
    assert (one.status, one.result, one.place, one.waiting) == ("waits", code, 1, 1)
    assert reason in IN_ENGLISH.sentence(one.reason)
    assert one.now is not None
    assert one.now.code == code
    assert set(one.retried_by) == OPEN | again
    assert (one.retry_at is not None) is ("work_hours_begin" in again)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "this seller was the longest without a new lead of those available"),
        ({"distribute": "load_balancing"}, "this seller had the most capacity left of those at work"),
        ({"team": {"id": "A"}}, "it is the only team that the rule may assign this lead to"),
    ],
)
def test_an_assigned_lead_says_why_it_came_to_its_owner(fields: dict[str, Any], reason: str) -> None:
    what = definition(segment(rule(**fields)), teams=PLACES)
    harness = AssignerHarness(what)
    harness.seller("S", maximum=3)
    harness.lead("L")
    one = explained(harness, what)
    assert (one.status, one.result, one.live, one.now) == ("assigned", AssignmentResult.ASSIGNED, True, None)
    assert reason in IN_ENGLISH.sentence(one.reason)
    assert (one.seller and (one.seller.id, one.seller.assigned)) == (None if "team" in fields else ("S", 1))
    assert not explained(harness, what, version=2).live


def test_the_place_counts_longer_waits_and_hours_its_own_sellers() -> None:
    what = definition(
        segment(rule(sellers={"ids": ["N"]}), name="north", priority=2, when=NORTH),
        segment(rule(sellers={"ids": ["S"]})),
    )
    harness = AssignerHarness(what)
    harness.seller("N", work_hours={"thu": [["06:00", "17:00"]]})
    harness.seller("S", work_hours=THURSDAY)
    for number in range(4):
        harness.lead(f"L{number}", region="north" if number % 2 else "south")
    found = [explained(harness, what, lead=f"L{number}") for number in range(4)]
    assert [(one.place, one.waiting) for one in found] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [one.retry_at and one.retry_at.hour for one in found] == [8, 6, 8, 6]


def test_what_holds_now_is_told_though_nothing_was_decided_since() -> None:
    what = definition(segment(rule()))
    harness = AssignerHarness(what)
    harness.seller("S", maximum=0)
    harness.lead("L")
    harness.seller("S", available=False)
    one = explained(harness, what)
    assert (one.result, one.now and one.now.code) == (AssignmentResult.NO_CAPACITY, AssignmentResult.NO_AVAILABILITY)
    assert set(one.retried_by) == OPEN | {"seller_changes"}


def test_explaining_changes_nothing() -> None:
    what = definition(segment(rule()))
    harness = AssignerHarness(what)
    harness.seller("S", maximum=1)
    harness.lead("L0")
    harness.lead("L")
    before = dict(harness.memory.entries)
    assert explained(harness, what) == explained(harness, what)
    assert harness.memory.entries == before


def test_a_lead_says_when_it_is_too_old_and_then_stops_waiting() -> None:
    what = definition(segment(rule()), max_age="2h")
    harness = AssignerHarness(what)
    harness.lead("L")
    assert explained(harness, what).too_old_at == T0 + timedelta(hours=2)
    harness.handle("time_passed", at=2.1)
    one = explained(harness, what, at=2.1)
    assert (one.status, one.result, one.too_old_at) == ("without_owner", AssignmentResult.OLDER_THAN_TIMEFRAME, None)
    assert "that is final" in IN_ENGLISH.sentence(one.reason)


@pytest.mark.parametrize(
    ("owner", "status", "reason"),
    [("X", "assigned", "the CRM named another owner"), (None, "without_owner", "the CRM removed its owner")],
)
def test_an_owner_set_by_hand_is_the_crms(owner: str | None, status: str, reason: str) -> None:
    what = definition(segment(rule()))
    harness = AssignerHarness(what)
    harness.seller("S")
    harness.lead("L")
    harness.handle("lead_changed", "L", {} if owner is None else {"owner_id": owner}, {}, owner_changed_at=T0)
    one = explained(harness, what)
    assert (one.status, one.result, one.seller) == (status, AssignmentResult.ASSIGNED_MANUALLY, None)
    assert reason in IN_ENGLISH.sentence(one.reason)


def test_one_whose_turn_has_not_come_is_told_so() -> None:
    what = definition(segment(rule()))
    held = HeldLead(model_id="M", qualified_at=T0, waits=1, code=1, number=1)
    harness = AssignerHarness(what)
    harness.seller("S")
    found = explain("L", entries(harness, what) | {LEAD + b"L": held}, T0)
    assert found is not None
    assert "its turn has not come" in IN_ENGLISH.sentence(found.reason)
    assert found.now is not None
    assert found.now.owner is not None
    assert found.now.owner.id == "S"


def test_a_lead_of_which_nothing_is_held_is_not_explained() -> None:
    assert explain("L", {}, T0) is None
