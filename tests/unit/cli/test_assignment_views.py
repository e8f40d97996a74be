"""How it is shown why a lead has its owner or waits."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lead_qualifier.assignment.explaining import explain
from lead_qualifier.assignment.intake import FollowedLead
from lead_qualifier.assignment.state import LEAD, HeldLead, State
from lead_qualifier.cli.assignment_views import as_data, lines
from lead_qualifier.client.assignment_lookup import AssignmentLookup
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from tests.support.assigner_harness import T0, AssignerHarness, definition, rule, segment
from tests.unit.assignment.test_explaining import THURSDAY, entries

SALES = definition(segment(rule(sellers={"ids": ["S-1", "S-2"]})), max_age="30d")


def new_harness() -> AssignerHarness:
    harness = AssignerHarness(SALES)
    harness.seller("S-1", maximum=1)
    harness.seller("S-2", work_hours=THURSDAY)
    harness.seller("S-3")
    return harness


def event(number: int, code: int, name: str, **fields: Any) -> dict[str, Any]:
    trigger = {"event_id": f"q-{number}", "topic": "lead-qualified", "partition": 3, "offset": number}
    return {
        "decision_number": number,
        "decided_at": "2026-11-25T09:00:00Z",
        "result": {"code": code, "name": name},
        "considered": [],
        "trigger": trigger,
        **fields,
    }


def found(
    held: dict[bytes, State], *decisions: dict[str, Any], lead_id: str = "L-1", **fields: Any
) -> AssignmentLookup:
    lead = held.get(LEAD + lead_id.encode())
    known: dict[str, Any] = {"partition": 3, "followed": None, "erased": False, "unprocessed": 0} | fields
    return AssignmentLookup(
        lead_id=lead_id,
        entries=held,
        held=lead if isinstance(lead, HeldLead) else None,
        decisions=decisions,
        **known,
    )


def text(one: AssignmentLookup) -> list[str]:
    return list(lines(one, explain(one.lead_id, one.entries, T0)))


def data(one: AssignmentLookup) -> Any:
    return msgspec.to_builtins(as_data(one, explain(one.lead_id, one.entries, T0)))


def test_an_assigned_lead_is_shown_with_its_owner_and_why() -> None:
    harness = new_harness()
    harness.lead("L-1", region="north")
    considered = [{"seller_id": one, "why": why} for one, why in (("S-1", "chosen"), ("S-2", "unavailable"))]
    path = {"assignment_id": "sales", "assignment_version": 1, "segment": "all", "rule": "any"}
    owner = {"kind": "seller", "id": "S-1"}
    told = event(
        1, 2, "assigned", considered=considered, considered_more=7, owner=owner, previous_owner_id="U-4", **path
    )
    one = found(entries(harness, SALES), told)
    assert text(one) == [
        "L-1: assigned to seller S-1 (result 2, assigned)",
        "  this seller was the longest without a new lead of those available",
        "  by sales v1, segment all, rule any",
        "  qualified by M at 2026-11-25 09:00:00 UTC; region north",
        "  it counts against the capacity of S-1: 1 taken of 1",
        "  the CRM has not confirmed it yet: the last owner it named is nobody",
        "",
        "decisions, newest last",
        "  2026-11-25 09:00:00 UTC number 1: result 2, assigned: seller S-1, previously U-4",
        "    by sales v1, segment all, rule any",
        "    chosen S-1; unavailable S-2; and 7 more",
        "    on event q-1 (lead-qualified, partition 3, offset 1)",
    ]
    shown = data(one)
    assert (shown["standing"], shown["result"], shown["owner"]) == ("assigned", {"code": 2, "name": "assigned"}, owner)
    assert path.items() <= shown.items()
    assert (shown["unconfirmed_crm_names"], shown["decisions"]) == ("nobody", [told])
    assert not {"now", "place", "tried_again_by"} & set(shown)


def test_an_owner_that_the_crm_has_confirmed_is_not_doubted() -> None:
    harness = new_harness()
    harness.lead("L-1")
    harness.handle("lead_changed", "L-1", {"owner_id": "S-1"}, {}, owner_changed_at=T0)
    one = found(entries(harness, SALES))
    assert "confirmed" not in "".join(text(one))
    assert "unconfirmed_crm_names" not in data(one)


def test_a_waiting_lead_is_shown_with_its_place_and_what_retries_it() -> None:
    harness = new_harness()
    for name in ("L-0", "L-9", "L-1"):
        harness.lead(name)
    one = found(entries(harness, SALES), event(3, 7, "no_capacity"))
    shown = text(one)
    assert shown[0] == "L-1: waiting, place 2 of 2 (result 7, no_capacity)"
    assert shown[4:13] == [
        "",
        "an attempt now would give: result 7, no_capacity",
        "  no_capacity S-1 (1 taken of 1); unavailable S-2; conditions S-3",
        "",
        "another attempt follows when",
        "  capacity is freed: a lead of an eligible seller is closed, merged or erased, or gets another owner by hand",
        "  a seller is added or changes, so that the rule can choose them",
        "  work hours start: next at 2026-11-26 08:00:00 UTC",
        "  an assignment is published or stopped",
    ]
    assert "no attempt after 2026-12-25 09:00:00 UTC: it is too old then (result 11, older_than_timeframe)" in shown
    assert {
        "standing": "waits",
        "place": 2,
        "waiting": 2,
        "tried_again_by": [
            "capacity_given_back",
            "seller_changes",
            "work_hours_begin",
            "rules_change",
            "lead_changes",
        ],
        "work_hours_begin_at": "2026-11-26T08:00:00Z",
        "too_old_at": "2026-12-25T09:00:00Z",
    }.items() <= data(one).items()
    assert data(one)["now"]["considered"][0] == {"seller_id": "S-1", "why": "no_capacity"}


def test_only_the_newest_decisions_are_shown() -> None:
    harness = new_harness()
    harness.lead("L-1")
    many = [event(number, 7, "no_capacity") for number in range(-20, 1)]
    shown = text(found(entries(harness, SALES), *many))
    assert "  11 older decisions (--json shows all)" in shown
    assert sum("no_capacity" in line for line in shown) == 10
    assert shown[-1] == "  the event of the newest decision, number 1, is no longer kept"


@pytest.mark.parametrize(
    ("followed", "erased", "standing", "says"),
    [
        (None, False, "never_seen", "was never seen"),
        (None, True, "erased", "was erased: earlier decisions are not shown"),
        (FollowedLead(LeadSnapshot()), False, "not_qualified", "`lead-qualifier lead show` shows what is missing"),
        (FollowedLead(LeadSnapshot(qualified_at=T0)), False, "not_qualified", "has not qualified since it was closed"),
        (
            FollowedLead(LeadSnapshot(qualified_at=T0), queued=True),
            False,
            "on_its_way",
            "is not assigned yet: its record is still on its way",
        ),
        (FollowedLead(LeadSnapshot(merged=True, qualified_at=T0)), False, "merged", "its seller's capacity is freed"),
        (
            FollowedLead(LeadSnapshot(status="disqualified", status_reason="lost", qualified_at=T0)),
            False,
            "closed",
            "is closed (status disqualified, reason lost): earlier decisions are not shown",
        ),
        (FollowedLead(LeadSnapshot(status="qualified")), False, "closed", "assignment never decided anything about it"),
    ],
)
def test_a_lead_that_is_not_held_is_shown_with_the_reason(
    followed: FollowedLead | None, erased: bool, standing: str, says: str
) -> None:
    one = found({}, followed=followed, erased=erased, unprocessed=4)
    first, *rest = text(one)
    assert first.startswith("L-1 ")
    assert says in first
    assert rest[-1].startswith("4 records are not processed yet; some may be about this lead (lead-qualifier")
    assert len(rest) == 2
    assert data(one) == {"lead_id": "L-1", "undecided_records": 4, "standing": standing, "reason": first}


def test_a_version_that_no_longer_runs_is_told() -> None:
    harness = new_harness()
    harness.lead("L-1", at=1)
    one = found(entries(harness, SALES, version=2))
    assert "  by sales v1, segment all, rule any, which no longer runs" in text(one)
    assert data(one)["assignment_runs"] is False


def test_what_is_held_too_old_is_told_as_final() -> None:
    harness = new_harness()
    harness.lead("L-1", at=24 * 31, qualified=0)
    first, reason, *_ = text(found(entries(harness, SALES)))
    assert first == "L-1: has no owner and is not waiting (result 11, older_than_timeframe)"
    assert "that is final" in reason


def test_a_departed_seller_is_named_with_what_moves_the_lead() -> None:
    harness = new_harness()
    harness.lead("L-1")
    harness.seller("S-1", active=False)
    one = found(entries(harness, SALES), event(2, 2, "assigned", owner_departed="inactive"))
    assert (
        "  seller S-1 is inactive; the lead stays with them until the CRM names another owner or an assignment with"
        in ("\n".join(text(one)))
    )
    assert data(one)["owner_departed"] == "inactive"


def test_a_lead_taken_back_from_a_departed_seller_says_so() -> None:
    what = SALES | {"departed": "reassign"}
    harness = AssignerHarness(what)
    harness.seller("S-1")
    harness.lead("L-1")
    harness.seller("S-1", gone=True)
    one = found(entries(harness, what))
    assert "  its seller S-1 has left, so the lead is being reassigned (departed: reassign)" in text(one)
    assert data(one)["previous_owner_departed"] == "left"
