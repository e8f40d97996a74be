"""The fast track of a model: a change by which a condition becomes true qualifies a lead whatever its scores."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.leads import Lead, Score
from lead_qualifier.qualification.merging import LeadTransfer, take_over
from lead_qualifier.qualification.recycling import reject
from tests.unit.qualification.given import Desk, minute, model, resets_by_hand, rules

ASKS = {"attribute": "demo_requested", "equals": True}
DACH = {"attribute": "country", "one_of": ["DE", "AT", "CH"]}
QUALIFIED, ALREADY = Outcome.QUALIFIED, Outcome.ALREADY_QUALIFIED


def desk(**fields: Any) -> Desk:
    return Desk(rules(model(criteria={"engagement": 70.0}, fast_track=ASKS, **fields)))


def asks(it: Desk, at: float, **fields: Any) -> dict[str, Outcome]:
    """The outcomes of a lead's raising its hand."""
    it.change(at, attributes={"demo_requested": True, **fields.pop("attributes", {})}, **fields)
    return it.outcomes


def goes_quiet(it: Desk, at: float) -> None:
    it.change(at, attributes={"demo_requested": None})
    assert it.outcomes == {}


def test_an_unknown_lead_qualifies_without_any_score() -> None:
    it = desk()
    assert asks(it, 3) == {"enterprise": QUALIFIED}
    (one,) = it.qualifications
    assert one.at == minute(3)
    assert [(held.met, held.score) for held in one.criteria] == [(False, None)]


def test_the_change_that_makes_a_lead_known_may_qualify_it_where_unknown_leads_are_ineligible() -> None:
    it = Desk(rules(model(fast_track=ASKS, audience=DACH), unknown_leads="ineligible"))
    assert asks(it, 0, attributes={"country": "CH"}) == {"enterprise": QUALIFIED}


def test_the_evidence_shows_the_scores_as_they_stand() -> None:
    it = desk()
    it.score("engagement", 12, 0)
    asks(it, 3)
    assert [(held.met, held.score) for held in it.qualifications[0].criteria] == [(False, 12)]


def test_a_hold_does_not_delay_it_and_one_that_runs_is_over() -> None:
    it = desk(hold=timedelta(minutes=15))
    it.score("engagement", 80, 0)
    assert it.lead.holds
    assert asks(it, 3) == {"enterprise": QUALIFIED}
    assert (it.lead.holds, it.wait(60)) == ({}, {})


@pytest.mark.parametrize(
    ("start", "outcome"),
    [
        (Lead(status="disqualified"), Outcome.LEAD_NOT_OPEN),
        (Lead(status_reason="qualified"), Outcome.LEAD_NOT_OPEN),
        (Lead(merged_into="L-2"), Outcome.LEAD_NOT_OPEN),
        (Lead(status_reason="marketing_qualified", sales_ready=True), ALREADY),
    ],
)
def test_all_other_rules_hold(start: Lead, outcome: Outcome) -> None:
    it = desk()
    it.lead = start
    assert asks(it, 3) == {"enterprise": outcome}


def test_a_lead_outside_the_audience_does_not_qualify() -> None:
    it = desk(audience=DACH)
    assert asks(it, 3) == {"enterprise": Outcome.NOT_IN_AUDIENCE}
    it.change(4, attributes={"country": "DE"})  # its hand was raised before
    assert it.outcomes == {"enterprise": Outcome.CRITERIA_NOT_MET}


def test_the_fast_track_counts_where_the_same_record_brings_the_lead_into_the_audience() -> None:
    it = desk(audience=DACH, hold=timedelta(minutes=15))
    it.score("engagement", 80, 0)
    assert asks(it, 3, attributes={"country": "AT"}) == {"enterprise": QUALIFIED}
    assert len(it.qualifications) == 1
    assert it.lead.holds == {}


def test_it_counts_when_it_becomes_true_and_not_while_it_is() -> None:
    it = desk()
    asks(it, 0)
    it.change(1, sales_ready=False)
    assert asks(it, 2) == {}
    goes_quiet(it, 3)
    assert asks(it, 4) == {"enterprise": QUALIFIED}
    assert [one.number for one in it.qualifications] == [1, 2]


def test_a_lead_qualifies_once() -> None:
    it = desk(policy="never")
    asks(it, 0)
    goes_quiet(it, 1)
    assert asks(it, 2) == {"enterprise": ALREADY}
    it.change(3, sales_ready=False)
    goes_quiet(it, 4)
    assert asks(it, 5) == {"enterprise": ALREADY}


def test_scores_that_reach_the_criteria_after_it_are_no_second_qualification() -> None:
    it = desk(policy="on_recross")
    asks(it, 0)
    assert it.score("engagement", 80, 1) == {"enterprise": ALREADY}
    assert it.score("engagement", 60, 2) == {"enterprise": Outcome.CRITERIA_NOT_MET}
    goes_quiet(it, 3)
    assert asks(it, 4) == {"enterprise": QUALIFIED}
    assert it.qualifications[-1].changes == {}
    assert it.score("engagement", 80, 5) == {"enterprise": ALREADY}


def test_the_cool_down_holds() -> None:
    it = desk(cool_down=timedelta(minutes=30))
    asks(it, 0)
    it.change(1, sales_ready=False, attributes={"demo_requested": None})
    assert asks(it, 2) == {"enterprise": Outcome.COOLING_DOWN}
    goes_quiet(it, 3)
    assert asks(it, 30) == {"enterprise": QUALIFIED}


def test_a_rejected_lead_that_raises_its_hand_qualifies_again_as_on_rejection_says() -> None:
    it = desk()
    asks(it, 0)
    reject(it.lead, minute(5), it.rules)
    goes_quiet(it, 6)
    assert asks(it, 7) == {"enterprise": QUALIFIED}


@resets_by_hand
def test_a_reset_by_hand_is_not_undone_by_the_same_record(before: dict[str, Any], record: dict[str, Any]) -> None:
    it = desk()
    it.change(1, **before)
    assert asks(it, 2, **record) == {}
    goes_quiet(it, 3)
    assert asks(it, 4) == {"enterprise": QUALIFIED}


def test_a_stale_record_counts_for_nothing() -> None:
    it = desk()
    it.change(9, owner_id="U-1")
    assert asks(it, 8) == {}
    assert asks(it, 9) == {"enterprise": QUALIFIED}


def test_what_a_merge_brings_does_not_fast_track_and_its_marks_count() -> None:
    it, loser = desk(), desk()
    asks(loser, 0)
    it.lead.scores["engagement"] = Score(5, minute(0))
    take_over(it.lead, LeadTransfer(event_id="m", loser_id="L-2", marks=loser.lead.marks))
    assert it.qualifications == []
    assert asks(it, 2) == {"enterprise": ALREADY}


def test_each_model_has_a_fast_track_of_its_own() -> None:
    it = Desk(
        rules(
            model("a", actions=["sales_ready"], fast_track=ASKS),
            model("b", actions=["status_reason"], fast_track={"attribute": "budget", "at_least": 5}),
            model("c", actions=["status_reason"], fast_track={"field": "sales_ready", "equals": True}),
        )
    )
    # c's condition becomes true by what a qualifies, not by the record
    assert asks(it, 0) == {"a": QUALIFIED}
    it.change(1, attributes={"budget": 4})
    assert it.outcomes == {}
    it.change(2, attributes={"budget": 5})
    assert it.outcomes == {"b": QUALIFIED}
