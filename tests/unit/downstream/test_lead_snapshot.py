"""What services know of a lead, as the CRM and our qualifications change it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lead_qualifier.downstream.lead_snapshot import Changed, LeadSnapshot, apply_change, apply_qualification
from lead_qualifier.qualification.leads import LeadChange

T0 = datetime(2026, 11, 25, 9, tzinfo=UTC)
QUALIFIED: dict[str, Any] = {"status_reason": {"from": "new", "to": "marketing_qualified"}}


def _at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def test_a_change_tells_what_became_different_and_nothing_else() -> None:
    facts = LeadSnapshot()
    first = LeadChange(occurred_at=_at(0), status="open", owner_id="U-1", attributes={"a": 1, "b": "x"})
    assert apply_change(facts, first) == Changed({"owner_id": (None, "U-1")}, {"a": (None, 1), "b": (None, "x")})
    assert apply_change(facts, first) == Changed({}, {})
    cleared = LeadChange(occurred_at=_at(1), owner_id=None, attributes={"a": None, "c": None})
    assert apply_change(facts, cleared) == Changed({"owner_id": ("U-1", None)}, {"a": (1, None)})
    assert facts.attributes == {"b": "x"}


def test_true_and_one_are_different_values() -> None:
    facts = LeadSnapshot(attributes={"a": 1})
    changed = apply_change(facts, LeadChange(occurred_at=_at(0), attributes={"a": True}))
    assert changed == Changed({}, {"a": (1, True)})


def test_a_stale_change_is_ignored_and_one_of_equal_time_applied() -> None:
    facts = LeadSnapshot()
    apply_change(facts, LeadChange(occurred_at=_at(5), status="open"))
    assert apply_change(facts, LeadChange(occurred_at=_at(4), status="disqualified")) is None
    assert facts.open
    apply_change(facts, LeadChange(occurred_at=_at(5), status="disqualified"))
    assert not facts.open


def test_a_change_dated_before_our_qualification_keeps_the_flags_it_set() -> None:
    facts = LeadSnapshot()
    apply_qualification(facts, QUALIFIED, _at(10), owner_id="U-1")
    change = LeadChange(occurred_at=_at(9), status_reason="contacted", sales_ready=True)
    assert apply_change(facts, change) == Changed({"sales_ready": (False, True)}, {})
    assert facts.status_reason == "marketing_qualified"
    apply_change(facts, LeadChange(occurred_at=_at(11), status_reason="contacted"))
    assert facts.status_reason == "contacted"


def test_two_models_at_one_event_both_keep_what_they_set() -> None:
    facts = LeadSnapshot()
    apply_qualification(facts, QUALIFIED, _at(10))
    apply_qualification(facts, {"sales_ready": {"from": False, "to": True}}, _at(10))
    apply_change(facts, LeadChange(occurred_at=_at(9), status_reason="contacted", sales_ready=False))
    assert (facts.status_reason, facts.sales_ready) == ("marketing_qualified", True)


def test_a_flag_becomes_so_once_more_by_a_further_qualification() -> None:
    facts = LeadSnapshot()
    became = Changed({"status_reason": ("new", "marketing_qualified")}, {})
    assert apply_qualification(facts, QUALIFIED, _at(1)) == became
    assert apply_change(facts, LeadChange(occurred_at=_at(2), status_reason="new")) is not None
    assert apply_qualification(facts, QUALIFIED, _at(3), known_at=_at(2)) == became


def test_a_flag_that_the_crm_has_told_of_becomes_so_once_and_the_next_qualification_counts_again() -> None:
    facts = LeadSnapshot()
    written_back = LeadChange(occurred_at=_at(2), status_reason="marketing_qualified")
    assert apply_change(facts, written_back) == Changed({"status_reason": ("new", "marketing_qualified")}, {})
    assert apply_qualification(facts, QUALIFIED, _at(1)) == Changed({}, {})
    assert apply_qualification(facts, QUALIFIED, _at(5)).fields


def test_a_flag_that_the_crm_set_before_a_qualification_that_had_not_heard_of_it_becomes_so_once() -> None:
    facts = LeadSnapshot()
    apply_change(facts, LeadChange(occurred_at=_at(1), status_reason="marketing_qualified"))
    assert apply_qualification(facts, QUALIFIED, _at(2)) == Changed({}, {})


def test_a_qualification_read_after_the_crm_told_of_it_and_reset_it_changes_nothing() -> None:
    facts = LeadSnapshot()
    apply_change(facts, LeadChange(occurred_at=_at(2), status_reason="marketing_qualified"))
    apply_change(facts, LeadChange(occurred_at=_at(3), status_reason="new"))
    assert apply_qualification(facts, QUALIFIED, _at(1)) == Changed({}, {})
    assert facts.status_reason == "new"
    assert apply_qualification(facts, QUALIFIED, _at(4)).fields


def test_a_change_that_the_worker_did_not_know_came_after_the_qualification_however_late_that_is_read() -> None:
    facts = LeadSnapshot()
    apply_change(facts, LeadChange(occurred_at=_at(3), status_reason="contacted"))
    became = apply_qualification(facts, QUALIFIED, _at(1), known_at=_at(0))
    assert became == Changed({"status_reason": ("new", "marketing_qualified")}, {})
    assert facts.status_reason == "contacted"


def test_what_the_crm_set_and_the_worker_knew_became_so_another_time() -> None:
    facts = LeadSnapshot()
    apply_change(facts, LeadChange(occurred_at=_at(1), status_reason="marketing_qualified"))
    assert apply_qualification(facts, QUALIFIED, _at(3), known_at=_at(2)).fields


def test_a_flag_that_the_worker_put_back_is_known_by_the_next_qualification() -> None:
    facts = LeadSnapshot()
    apply_qualification(facts, QUALIFIED, _at(1), left={"status_reason": "marketing_qualified", "sales_ready": False})
    ready = {"sales_ready": {"from": False, "to": True}}
    changed = apply_qualification(facts, ready, _at(3), left={"status_reason": "new", "sales_ready": True})
    assert changed.fields == {"sales_ready": (False, True), "status_reason": ("marketing_qualified", "new")}


def test_a_qualification_that_changes_nothing_keeps_the_flags_that_stand() -> None:
    facts = LeadSnapshot()
    left = {"status_reason": "marketing_qualified", "sales_ready": False}
    apply_qualification(facts, QUALIFIED, _at(1), left=left)
    apply_qualification(facts, {}, _at(5), left=left)
    change = LeadChange(occurred_at=_at(3), status_reason="contacted", sales_ready=True)
    assert apply_change(facts, change) == Changed({"sales_ready": (False, True)}, {})


def test_an_owner_that_was_cleared_is_not_taken_from_an_older_qualification() -> None:
    facts = LeadSnapshot()
    apply_change(facts, LeadChange(occurred_at=_at(2), owner_id=None))
    apply_qualification(facts, {}, _at(1), known_at=_at(1), owner_id="U-1")
    assert facts.owner_id is None
    apply_qualification(facts, {}, _at(3), known_at=_at(3), owner_id="U-2")
    assert facts.owner_id == "U-2"


def test_a_merged_lead_is_no_longer_open() -> None:
    facts = LeadSnapshot(merged=True)
    assert not facts.open
    assert facts.values().own == {"status": "open", "status_reason": "new", "sales_ready": False}
