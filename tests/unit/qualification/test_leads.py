"""Leads: how scores and what the CRM says enter them."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from lead_qualifier.messages.decode import ChangedLead, decode_lead_changed, decode_score
from lead_qualifier.qualification.leads import (
    Lead,
    LeadChange,
    Mark,
    Score,
    apply_change,
    record_score,
)
from tests.support.messages import encode
from tests.unit.qualification.given import minute


def test_an_unknown_lead_is_open_new_and_not_sales_ready() -> None:
    lead = Lead()
    assert (lead.status, lead.status_reason, lead.sales_ready, lead.known) == ("open", "new", False, False)


# Scores


@pytest.mark.parametrize(
    ("at", "applied", "value"),
    [(9, False, 60.0), (10, True, 80.0), (11, True, 80.0)],
    ids=["older: stale", "same time: the later word counts", "newer"],
)
def test_a_score_older_than_the_one_held_is_stale(at: int, applied: bool, value: float) -> None:
    lead = Lead()
    record_score(lead, "engagement", 60.0, minute(10))
    assert record_score(lead, "engagement", 80.0, minute(at)) is applied
    assert lead.scores["engagement"].value == value


def test_staleness_is_per_scoring_model() -> None:
    lead = Lead()
    record_score(lead, "engagement", 60.0, minute(10))
    assert record_score(lead, "demographic", 40.0, minute(1))
    assert lead.scores == {"engagement": Score(60.0, minute(10)), "demographic": Score(40.0, minute(1))}


def test_a_score_alone_does_not_make_a_lead_known() -> None:
    lead = Lead()
    record_score(lead, "engagement", 60.0, minute(1))
    assert not lead.known


@pytest.mark.parametrize(
    ("hours", "applied"), [(2, False), (-2, True)], ids=["09:10+02:00 is earlier", "09:10-02:00 is later"]
)
def test_times_compare_by_their_instant_whatever_their_zone(hours: int, applied: bool) -> None:
    lead = Lead()
    record_score(lead, "engagement", 60.0, datetime(2026, 11, 23, 9, 10, tzinfo=UTC))
    elsewhere = datetime(2026, 11, 23, 9, 10, tzinfo=timezone(timedelta(hours=hours)))
    assert record_score(lead, "engagement", 80.0, elsewhere) is applied


# What the CRM says


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "disqualified"},
        {"status_reason": "contacted"},
        {"sales_ready": True},
        {"owner_id": "U-4"},
        {"contact_id": "C-7"},
        {"attributes": {"country": "DE", "revenue": 1_200_000}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_change_sets_what_it_names_and_keeps_the_rest(fields: dict[str, Any]) -> None:
    lead = Lead()
    assert apply_change(lead, LeadChange(occurred_at=minute(1), **fields))
    assert lead == Lead(known=True, changed_at=minute(1), **fields)


def test_a_change_that_names_nothing_makes_the_lead_known() -> None:
    lead = Lead()
    apply_change(lead, LeadChange(occurred_at=minute(1)))
    assert lead == Lead(known=True, changed_at=minute(1))


def test_null_clears_an_id_or_one_attribute() -> None:
    lead = Lead(owner_id="U-4", contact_id="C-7", attributes={"country": "DE", "revenue": 5})
    change = LeadChange(occurred_at=minute(1), owner_id=None, contact_id=None, attributes={"country": None, "x": None})
    apply_change(lead, change)
    assert (lead.owner_id, lead.contact_id, lead.attributes) == (None, None, {"revenue": 5})


def test_attributes_merge_by_name() -> None:
    lead = Lead(attributes={"country": "DE", "revenue": 5})
    apply_change(lead, LeadChange(occurred_at=minute(1), attributes={"revenue": 7, "industry": "steel"}))
    assert lead.attributes == {"country": "DE", "revenue": 7, "industry": "steel"}


@pytest.mark.parametrize(("at", "applied"), [(9, False), (10, True), (11, True)])
def test_a_change_older_than_the_one_held_is_stale(at: int, applied: bool) -> None:
    lead = Lead()
    apply_change(lead, LeadChange(occurred_at=minute(10), owner_id="U-1"))
    before = deepcopy(lead)
    change = LeadChange(occurred_at=minute(at), owner_id="U-2", status="disqualified", attributes={"a": 1})
    assert bool(apply_change(lead, change)) is applied
    assert (lead == before) is not applied


def test_scores_do_not_make_a_change_stale() -> None:
    lead = Lead()
    record_score(lead, "engagement", 60.0, minute(10))
    assert apply_change(lead, LeadChange(occurred_at=minute(1), status="disqualified"))


# Resets


def marked(**fields: Any) -> Lead:
    """Both flags set by us at minute 10, marked by two models."""
    defaults: dict[str, Any] = {"status_reason": "marketing_qualified", "sales_ready": True}
    return Lead(
        **defaults | fields,
        marks={"a": Mark(1, 1, minute(5), "e1"), "b": Mark(3, 2, minute(10), "e2")},
        qualified_at=minute(10),
        qualified_flags=("status_reason", "sales_ready"),
    )


@pytest.mark.parametrize(
    ("before", "fields", "cleared"),
    [
        ({}, {"status_reason": "contacted"}, True),
        ({}, {"status_reason": "qualified", "status": "qualified"}, True),
        ({}, {"status_reason": "marketing_qualified"}, False),
        ({}, {"sales_ready": False}, True),
        ({}, {"sales_ready": True}, False),
        ({}, {"status": "disqualified"}, False),
        ({}, {"owner_id": "U-4", "attributes": {"country": "DE"}}, False),
        ({"status": "disqualified"}, {"status": "open"}, True),
        ({"status": "disqualified"}, {"status": "qualified"}, False),
        ({"status": "anything"}, {"status": "open"}, True),
        ({"status": "open"}, {"status": "open"}, False),
        ({"status_reason": "new"}, {"status_reason": "contacted"}, False),
        ({"sales_ready": False}, {"sales_ready": True}, False),
        ({"sales_ready": False}, {"status_reason": "marketing_qualified"}, False),
    ],
)
def test_resetting_a_flag_or_reopening_clears_every_mark(
    before: dict[str, Any], fields: dict[str, Any], cleared: bool
) -> None:
    lead = marked(**before)
    apply_change(lead, LeadChange(occurred_at=minute(11), **fields))
    assert [mark.cleared for mark in lead.marks.values()] == [cleared, cleared]


def test_a_cleared_mark_keeps_its_number_and_what_made_it() -> None:
    lead = marked()
    apply_change(lead, LeadChange(occurred_at=minute(11), sales_ready=False))
    assert lead.marks["b"] == Mark(3, 2, minute(10), "e2", cleared=True)


def test_a_change_dated_as_our_newest_qualification_resets() -> None:
    lead = marked()
    apply_change(lead, LeadChange(occurred_at=minute(10), status_reason="contacted"))
    assert lead.status_reason == "contacted"
    assert lead.marks["a"].cleared


def test_an_older_change_keeps_the_flags_of_a_qualification() -> None:
    lead = marked()
    change = LeadChange(occurred_at=minute(9), status_reason="contacted", sales_ready=False, owner_id="U-4")
    assert apply_change(lead, change)
    assert (lead.status_reason, lead.sales_ready, lead.owner_id) == ("marketing_qualified", True, "U-4")
    assert lead.changed_at == minute(9)
    assert not any(mark.cleared for mark in lead.marks.values())


def test_an_older_change_overwrites_other_flags_but_resets_none() -> None:
    lead = marked()
    lead.qualified_flags = ("status_reason",)
    apply_change(lead, LeadChange(occurred_at=minute(9), status_reason="contacted", sales_ready=False))
    assert (lead.status_reason, lead.sales_ready) == ("marketing_qualified", False)
    assert not any(mark.cleared for mark in lead.marks.values())


def test_an_older_change_may_reopen_and_clears_no_mark() -> None:
    lead = marked()
    apply_change(lead, LeadChange(occurred_at=minute(8), status="disqualified"))
    assert lead.status == "disqualified"
    apply_change(lead, LeadChange(occurred_at=minute(9), status="open"))
    assert lead.status == "open"
    assert not any(mark.cleared for mark in lead.marks.values())


# As stored


def test_a_lead_survives_its_json() -> None:
    lead = marked(owner_id="U-4", contact_id="C-7", known=True, changed_at=minute(3), attributes={"a": 1, "b": [True]})
    record_score(lead, "engagement", 60.25, minute(10))
    assert msgspec.json.decode(msgspec.json.encode(lead), type=Lead) == lead


def test_an_untouched_lead_is_stored_without_a_field() -> None:
    assert msgspec.json.encode(Lead()) == b"{}"


def test_times_are_stored_in_utc() -> None:
    lead = Lead()
    told = {"event_id": "e", "lead_id": "L", "occurred_at": "2026-11-23T12:00:00+01:00"}
    score = decode_score(b"L", encode(told | {"scoring_model_id": "engagement", "score": 60}))
    change = decode_lead_changed(b"L", encode(told))
    assert isinstance(change, ChangedLead)
    record_score(lead, score.scoring_model_id, score.score, score.occurred_at)
    apply_change(lead, change.change)
    stored = msgspec.json.decode(msgspec.json.encode(lead))
    assert stored["scores"]["engagement"]["at"] == stored["changed_at"] == "2026-11-23T11:00:00Z"
