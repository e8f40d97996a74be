"""Who gets a lead, and why nobody does: every result code but the CRM's own, fairness, capacity, waiting."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import pytest

from lead_qualifier.assignment.backlog import BATCH
from lead_qualifier.assignment.state import HeldSeller, Owner
from tests.support.assigner_harness import T0, AssignerHarness, definition, rule, segment

NINE_TO_FIVE = {"wed": [["09:00", "17:00"]]}
NORTH = {"attribute": "region", "equals": "north"}
PLACES = [{"id": "A", "attributes": {"region": "north"}}, {"id": "B", "attributes": {"region": "north"}}]


def codes(decided: list[Any]) -> list[tuple[str, int, str | None]]:
    return [(one.lead_id, int(one.code), one.owner.id if one.owner else None) for one in decided]


@pytest.mark.parametrize(
    ("what", "seller", "at", "code"),
    [
        (definition(segment(rule()), models=["other"]), {}, 0, 1),
        (definition(segment(rule())), {}, 0, 2),
        (definition(segment(rule(), when=NORTH)), {}, 0, 4),
        (definition(segment(rule(sellers={"when": NORTH}))), {}, 0, 5),
        (definition(segment(rule())), {"active": False}, 0, 5),
        (definition(segment(rule())), {"work_hours": NINE_TO_FIVE}, 8, 6),
        (definition(segment(rule())), {"available": False}, 0, 6),
        (definition(segment(rule())), {"maximum": 0}, 0, 7),
        (definition(segment(rule()), check_capacity=False), {"maximum": 0}, 0, 2),
        (definition(segment(rule(when=NORTH))), {}, 0, 8),
        (definition(segment(rule()), max_age="2h"), {}, 3, 11),
        (definition(segment(rule()), max_age="2h"), {}, 2, 2),
        (definition(segment(rule(team={"when": NORTH})), teams=PLACES), {}, 0, 12),
        (definition(segment(rule(team={"when": NORTH})), teams=[]), {}, 0, 13),
        (definition(segment(rule(team={"id": "B"})), teams=PLACES), {}, 0, 2),
        (definition(segment(rule(queue={"when": NORTH})), queues=PLACES), {}, 0, 14),
        (definition(segment(rule(queue={"when": NORTH})), queues=[]), {}, 0, 15),
    ],
)
def test_a_lead_gets_the_result_code_that_says_what_became_of_it(
    what: dict[str, Any], seller: dict[str, Any], at: float, code: int
) -> None:
    harness = AssignerHarness(what)
    harness.seller("S", **seller)
    assert [one.code for one in harness.lead("L", at=at)] == [code]


def test_the_first_matching_segment_and_rule_decide() -> None:
    harness = AssignerHarness(
        definition(
            segment(rule("low"), name="rest"),
            segment(rule("north", when=NORTH, sellers={"ids": ["B"]}), rule("other"), name="top", priority=9),
        )
    )
    harness.seller("A")
    harness.seller("B")
    told = harness.lead("L", region="north")[0]
    assert (told.segment, told.rule, told.owner) == ("top", "north", Owner("seller", "B"))
    assert told.considered == (("B", "chosen"), ("A", "conditions"))


def test_round_robin_takes_the_seller_longest_without_a_lead() -> None:
    harness = AssignerHarness(definition(segment(rule())))
    for name in "BAC":
        harness.seller(name)
    got = [harness.lead(f"L{number}")[0].owner for number in range(6)]
    assert [one.id for one in got if one] == list("ABCABC")


def test_load_balancing_prefers_capacity_at_work_then_soon() -> None:
    harness = AssignerHarness(definition(segment(rule(distribute="load_balancing", available_within="24h"))))
    harness.seller("A", maximum=2)
    harness.seller("B", maximum=3)
    harness.seller("C", maximum=9, work_hours={"thu": [["08:00", "17:00"]]})
    got = [harness.lead(f"L{number}")[0].owner for number in range(6)]
    assert [one.id for one in got if one] == list("BABABC")


def test_a_seller_alike_the_lead_is_found_by_attribute() -> None:
    harness = AssignerHarness(definition(segment(rule(sellers={"when": {"attribute": "region", "same_as": "area"}}))))
    harness.seller("N", attributes={"region": "north"})
    harness.seller("S", attributes={"region": "south"})
    assert codes(harness.lead("L", area="south")) == [("L", 2, "S")]
    assert codes(harness.lead("M")) == [("M", 5, None)]


@pytest.mark.parametrize("restarts", [False, True])
def test_who_waits_longest_gets_capacity_that_is_given_back(restarts: bool) -> None:
    harness = AssignerHarness(definition(segment(rule())), restarts=restarts)
    harness.seller("S", maximum=1)
    harness.lead("first")
    assert codes(harness.lead("second")) == [("second", 7, None)]
    assert codes(harness.lead("third")) == [("third", 7, None)]
    assert codes(harness.handle("lead_closed", "first")) == [("second", 2, "S")]
    told = harness.handle("lead_changed", "second", {"owner_id": "X"}, {}, owner_changed_at=T0)
    assert codes(told) == [("second", 9, "X"), ("third", 2, "S")]
    assert told[0].previous_owner_id == "S"


def test_an_echo_or_a_second_qualification_changes_nothing() -> None:
    harness = AssignerHarness(definition(segment(rule())))
    harness.seller("A")
    harness.seller("B")
    harness.lead("L")
    assert not harness.handle("lead_changed", "L", {"owner_id": "A"}, {}, owner_changed_at=T0)
    assert not harness.lead("L")


def test_an_owner_from_before_qualification_is_not_set_by_hand() -> None:
    harness = AssignerHarness(definition(segment(rule())))
    harness.seller("A", maximum=1)
    harness.lead("L")
    harness.lead("M")
    for lead_id in "LM":
        earlier = T0 - timedelta(seconds=1)
        assert not harness.handle("lead_changed", lead_id, {"owner_id": "X"}, {}, owner_changed_at=earlier)
    assert codes(harness.handle("lead_changed", "L", {"owner_id": "Y"}, {}, owner_changed_at=T0)) == [
        ("L", 9, "Y"),
        ("M", 2, "A"),
    ]


def test_a_repeated_previous_owner_does_not_undo_an_assignment() -> None:
    harness = AssignerHarness(definition(segment(rule())))
    harness.seller("A", maximum=1)
    harness.lead("L")
    assert not harness.handle("lead_changed", "L", {"owner_id": "X", "sales_ready": True}, {}, owner_changed_at=None)
    assert codes(harness.lead("M")) == [("M", 7, None)]


def test_a_lead_that_waits_for_hours_is_assigned_when_they_begin() -> None:
    harness = AssignerHarness(definition(segment(rule())))
    harness.seller("S", work_hours={"thu": [["08:00", "17:00"]]})
    assert codes(harness.lead("L")) == [("L", 6, None)]
    assert harness.next_time is not None
    assert harness.next_time.isoformat() == "2026-11-26T08:00:00+00:00"
    assert not harness.handle("time_passed", at=22.9)
    assert codes(harness.handle("time_passed", at=23)) == [("L", 2, "S")]


@pytest.mark.parametrize("restarts", [False, True])
def test_waiting_leads_are_decided_in_batches_and_in_order(restarts: bool) -> None:
    harness = AssignerHarness(restarts=restarts)
    count = BATCH + 20
    for number in range(count):
        assert codes(harness.lead(f"L{number}")) == [(f"L{number}", 1, None)]
    harness.seller("S")
    while harness.assigner.unfinished:
        harness.handle("time_passed")
    told = harness.publish(definition(segment(rule())))
    assert [one.lead_id for one in told] == [f"L{number}" for number in range(BATCH)]
    late = harness.lead("late")
    assert [one.lead_id for one in late] == ["late", *(f"L{number}" for number in range(BATCH, count)), "late"]
    assert [int(one.code) for one in late] == [1, *(2 for _ in range(21))]
    assert not harness.assigner.unfinished


def test_a_change_of_a_waiting_lead_routes_it_anew() -> None:
    harness = AssignerHarness(definition(segment(rule(), when=NORTH)))
    harness.seller("S")
    assert codes(harness.lead("L")) == [("L", 4, None)]
    assert codes(harness.handle("lead_changed", "L", {}, {"region": "north"}, owner_changed_at=None)) == [("L", 2, "S")]


def told_departed(decided: list[Any]) -> list[tuple[str, str | None, str | None]]:
    return [(one.lead_id, one.owner.id if one.owner else None, one.departed) for one in decided]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(("departure", "word"), [({"active": False}, "inactive"), ({"gone": True}, "left")])
def test_leads_of_a_departed_seller_stay_and_it_is_told_once(
    restarts: bool, departure: dict[str, Any], word: str
) -> None:
    harness = AssignerHarness(definition(segment(rule())), restarts=restarts)
    harness.seller("S")
    assigned = harness.lead("L")[0]
    harness.seller("T")
    told = harness.seller("S", **departure)
    assert told_departed(told) == [("L", "S", word)]
    assert (told[0].code, told[0].rule, told[0].number) == (assigned.code, assigned.rule, assigned.number + 1)
    assert not harness.seller("S", **departure)
    assert not harness.lead("L")
    assert not harness.seller("S")
    assert told_departed(harness.seller("S", **departure)) == [("L", "S", word)]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("departure", [{"active": False}, {"gone": True}])
def test_leads_of_a_departed_seller_are_reassigned_if_defined(restarts: bool, departure: dict[str, Any]) -> None:
    harness = AssignerHarness(definition(segment(rule()), departed="reassign", max_age="2h"), restarts=restarts)
    harness.seller("S")
    harness.lead("L")
    harness.lead("M")
    harness.seller("T", maximum=1)
    told = harness.seller("S", at=9, **departure)
    assert codes(told) == [("L", 2, "T"), ("M", 7, None)]
    assert [one.previous_owner_id for one in told] == ["S", "S"]
    again = harness.handle("lead_closed", "L", at=10)
    assert codes(again) == [("M", 2, "T")]
    assert again[0].previous_owner_id == "S"


@pytest.mark.parametrize("restarts", [False, True])
def test_kept_leads_are_reassigned_once_a_definition_says_so(restarts: bool) -> None:
    harness = AssignerHarness(definition(segment(rule())), restarts=restarts)
    harness.seller("S")
    harness.lead("L")
    harness.seller("T")
    harness.seller("S", active=False)
    assert codes(harness.publish(definition(segment(rule()), departed="reassign"))) == [("L", 2, "T")]


def test_a_lead_leaves_a_seller_whose_departure_was_not_noted() -> None:
    harness = AssignerHarness(definition(segment(rule()), departed="reassign"))
    harness.seller("S")
    harness.lead("L")
    harness.seller("T")
    harness.assigner._roster.by_id["S"].held.active = False  # as an older version left it
    assert codes(harness.lead("L", qualified=1)) == [("L", 2, "T")]


def test_a_late_confirmation_does_not_undo_a_reassignment() -> None:
    harness = AssignerHarness(definition(segment(rule()), departed="reassign"))
    harness.seller("S")
    harness.lead("L")
    harness.seller("T")
    harness.seller("S", gone=True)
    assert not harness.handle("lead_changed", "L", {"owner_id": "S"}, {}, owner_changed_at=T0)
    assert not harness.handle("lead_changed", "L", {"owner_id": "T"}, {}, owner_changed_at=T0)
    assert codes(harness.handle("lead_changed", "L", {"owner_id": "X"}, {}, owner_changed_at=T0)) == [("L", 9, "X")]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("departed", ["keep", "reassign"])
def test_leads_of_a_departed_seller_are_decided_in_batches(restarts: bool, departed: str) -> None:
    harness = AssignerHarness(definition(segment(rule()), departed=departed), restarts=restarts)
    harness.seller("S")
    count = BATCH + 20
    for number in range(count):
        harness.lead(f"L{number}")
    harness.seller("T")
    told = harness.seller("S", active=False)
    assert len(told) == BATCH
    assert harness.assigner.unfinished
    told += harness.handle("time_passed")
    assert [one.lead_id for one in told] == [f"L{number}" for number in range(count)]
    assert {one.owner.id for one in told if one.owner} == {"S" if departed == "keep" else "T"}
    assert not harness.assigner.unfinished


def work(harness: AssignerHarness, what: str, *args: Any) -> tuple[int, list[Any]]:
    """How many calls an occurrence takes, and what is decided."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        decided = harness.handle(what, *args)
    finally:
        sys.setprofile(None)
    return calls, decided


@pytest.mark.parametrize("alike", [False, True])
def test_freeing_one_seller_costs_the_same_with_many_queues(alike: bool) -> None:
    costs = []
    for lines in (20, 400):
        areas = [f"a{number}" for number in range(lines)]
        taken = {"any": [{"attribute": "area", "same_as": "area"}, {"attribute": "area", "exists": False}]}
        rules = (
            [rule(sellers={"when": taken})]
            if alike
            else [rule(area, when={"attribute": "area", "equals": area}) for area in areas]
        )
        harness = AssignerHarness(definition(segment(*rules)))
        for number in range(10):
            harness.seller(f"S{number}", maximum=1)
            harness.lead(f"had{number}", area=areas[0])
        for area in areas:
            harness.lead(area, area=area)
        given_back = work(harness, "lead_closed", "had3")
        assert codes(given_back[1]) == [("a0", 2, "S3")]
        more = work(harness, "seller_changed", HeldSeller(id="S4", changed_at=T0, maximum=2))
        assert codes(more[1]) == [("a1", 2, "S4")]
        nothing = work(harness, "seller_changed", HeldSeller(id="S4", changed_at=T0, maximum=2, name="Ann"))
        assert not nothing[1]
        costs.append([given_back[0], more[0], nothing[0]])
    assert all(many <= 1.2 * few for few, many in zip(*costs, strict=True)), costs


@pytest.mark.parametrize("restarts", [False, True])
def test_a_new_lead_does_not_overtake_those_work_hours_help(restarts: bool) -> None:
    harness = AssignerHarness(definition(segment(rule())), restarts=restarts)
    harness.seller("S", maximum=1, work_hours={"thu": [["08:00", "17:00"]]})
    assert codes(harness.lead("first")) == [("first", 6, None)]
    assert codes(harness.lead("second", at=23)) == [("first", 2, "S"), ("second", 7, None)]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_changed_lead_does_not_overtake_those_work_hours_help(restarts: bool) -> None:
    harness = AssignerHarness(definition(segment(rule())), restarts=restarts)
    harness.seller("S", maximum=1, work_hours={"thu": [["08:00", "17:00"]]})
    harness.lead("first")
    harness.lead("second")
    told = harness.handle("lead_changed", "second", {}, {"size": 1}, owner_changed_at=None, at=24)
    assert codes(told) == [("first", 2, "S"), ("second", 7, None)]


def test_a_lead_closed_as_work_hours_begin_is_not_assigned() -> None:
    harness = AssignerHarness(definition(segment(rule())))
    harness.seller("S", maximum=1, work_hours={"thu": [["08:00", "17:00"]]})
    harness.lead("first")
    harness.lead("second")
    assert codes(harness.handle("lead_closed", "first", at=23)) == [("second", 2, "S")]


def test_a_newcomer_whose_turn_does_not_come_is_told_so() -> None:
    harness = AssignerHarness(definition(segment(rule())))
    harness.seller("S", work_hours={"thu": [["08:00", "17:00"]]})
    for number in range(BATCH):
        harness.lead(f"L{number}")
    told = codes(harness.lead("late", at=23))
    assert told == [*((f"L{number}", 2, "S") for number in range(BATCH)), ("late", 1, None)]
    assert codes(harness.handle("time_passed", at=23)) == [("late", 2, "S")]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("hours", [None, {"thu": [["08:00", "17:00"]]}])
def test_everybody_who_becomes_too_old_is_told_so_in_time(restarts: bool, hours: Any) -> None:
    harness = AssignerHarness(definition(segment(rule()), max_age="4h"), restarts=restarts)
    harness.seller("S", maximum=0, work_hours=hours)
    for number in range(3):
        harness.lead(f"L{number}", at=number, qualified=number)
    told = []
    for number in range(3):
        assert harness.next_time is not None
        assert harness.next_time == T0 + timedelta(hours=number + 4)
        at = (harness.next_time - T0) / timedelta(hours=1) + 0.01
        told.append(codes(harness.handle("time_passed", at=at)))
    assert told == [[(f"L{number}", 11, None)] for number in range(3)]


@pytest.mark.parametrize("restarts", [False, True])
def test_the_next_work_hours_of_every_candidate_are_known(restarts: bool) -> None:
    harness = AssignerHarness(
        definition(
            segment(rule(sellers={"ids": ["A"]}), name="a", when={"attribute": "to", "equals": "A"}),
            segment(rule(sellers={"ids": ["B"]}, available_within="1h"), name="b", priority=2, when=NORTH),
        ),
        restarts=restarts,
    )
    harness.seller("A", work_hours={"thu": [["08:00", "17:00"]]})
    harness.seller("B", work_hours={"fri": [["08:00", "17:00"]]})
    harness.lead("L", to="A")
    harness.lead("M", region="north")
    assert harness.next_time == T0 + timedelta(hours=23)
    assert codes(harness.handle("time_passed", at=23)) == [("L", 2, "A")]
    assert harness.next_time == T0 + timedelta(hours=46)
    assert codes(harness.handle("time_passed", at=46)) == [("M", 2, "B")]
    assert harness.next_time is None
