"""The audience of a model: whom it is about, and what evaluates a lead that comes into it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.leads import Lead, Mark
from lead_qualifier.qualification.recycling import reject
from tests.unit.qualification.given import Desk, minute, model, resets_by_hand, rules

DACH = {"attribute": "country", "one_of": ["DE", "AT", "CH"]}
OUTSIDE, QUALIFIED = Outcome.NOT_IN_AUDIENCE, Outcome.QUALIFIED


def desk(**fields: Any) -> Desk:
    return Desk(rules(model(criteria={"engagement": 70.0}, audience=DACH, **fields)))


def test_a_lead_outside_does_not_qualify_whatever_its_scores() -> None:
    it = desk()
    assert it.score("engagement", 99, 0) == {"enterprise": OUTSIDE}
    it.change(1, attributes={"country": "FR"})
    assert it.outcomes == {}
    assert it.score("engagement", 99, 2) == {"enterprise": OUTSIDE}
    assert it.sweep(3) == {"enterprise": OUTSIDE}
    assert (it.qualifications, it.lead.holds) == ([], {})


def test_a_lead_that_comes_in_is_evaluated_on_the_record_that_brings_it() -> None:
    it = desk()
    it.score("engagement", 80, 0)
    it.change(5, attributes={"country": "AT"})
    assert it.outcomes == {"enterprise": QUALIFIED}
    (one,) = it.qualifications
    assert one.at == minute(5)
    assert it.lead.marks["enterprise"] == Mark(1, 1, minute(5), "c")


def test_a_lead_that_comes_in_without_the_scores_does_not_qualify() -> None:
    it = desk()
    it.change(0, attributes={"country": "AT"})
    assert it.outcomes == {"enterprise": Outcome.CRITERIA_NOT_MET}


@pytest.mark.parametrize(
    "fields",
    [
        {"attributes": {"country": "CH"}},  # from one country of the audience to another
        {"attributes": {"revenue": 5}},
        {"owner_id": "U-1"},
        {"status_reason": "contacted"},
        {},
    ],
    ids=str,
)
def test_a_change_of_a_lead_that_is_inside_evaluates_nothing(fields: dict[str, Any]) -> None:
    it = desk()
    it.change(0, attributes={"country": "DE"})
    it.lead.scores["engagement"] = it.lead.scores.get("engagement") or _score(80)
    it.change(1, **fields)
    assert it.outcomes == {}


def _score(value: float) -> Any:
    other = Desk(rules())
    other.score("engagement", value, 0)
    return other.lead.scores["engagement"]


@resets_by_hand
def test_a_reset_by_hand_is_not_undone_by_the_same_record(before: dict[str, Any], record: dict[str, Any]) -> None:
    it = desk()
    it.score("engagement", 80, 0)
    it.change(1, **before)
    it.change(2, attributes={"country": "DE"}, **record)
    assert (it.outcomes, it.qualifications) == ({}, [])
    assert it.score("engagement", 81, 3) == {"enterprise": QUALIFIED}


def test_a_stale_record_brings_nobody_in() -> None:
    it = desk()
    it.score("engagement", 80, 0)
    it.change(9, owner_id="U-1")
    assert not it.change(8, attributes={"country": "DE"})
    assert (it.outcomes, it.qualifications) == ({}, [])


def test_a_repeated_record_brings_nobody_in_twice() -> None:
    it = desk(policy="on_recross")
    it.score("engagement", 80, 0)
    it.change(5, attributes={"country": "DE"})
    it.change(5, attributes={"country": "DE"})
    assert (it.outcomes, len(it.qualifications)) == ({}, 1)


def test_leaving_the_audience_takes_nothing_back_and_coming_again_is_no_second_qualification() -> None:
    it = desk()
    it.change(0, attributes={"country": "DE"})
    assert it.score("engagement", 80, 1) == {"enterprise": QUALIFIED}
    it.change(2, attributes={"country": "FR"})
    assert it.lead.sales_ready
    it.change(3, attributes={"country": "DE"})
    assert it.outcomes == {"enterprise": Outcome.ALREADY_QUALIFIED}


def test_a_lead_that_comes_in_soon_after_a_qualification_cools_down() -> None:
    it = desk(cool_down=timedelta(minutes=30))
    it.change(0, attributes={"country": "DE"})
    it.score("engagement", 80, 1)
    it.change(2, sales_ready=False, attributes={"country": "FR"})
    it.change(3, attributes={"country": "DE"})
    assert it.outcomes == {"enterprise": Outcome.COOLING_DOWN}


def test_scores_that_fall_and_rise_outside_open_a_mark_for_the_return() -> None:
    it = desk(policy="on_recross")
    it.change(0, attributes={"country": "DE"})
    it.score("engagement", 80, 1)
    it.change(2, attributes={"country": "FR"})
    it.score("engagement", 60, 3)
    assert it.score("engagement", 80, 4) == {"enterprise": OUTSIDE}
    it.change(5, attributes={"country": "DE"})
    assert it.outcomes == {"enterprise": QUALIFIED}
    assert [one.number for one in it.qualifications] == [1, 2]


def test_a_hold_ends_when_the_lead_leaves_and_begins_anew_when_it_returns() -> None:
    it = desk(hold=timedelta(minutes=15))
    it.change(0, attributes={"country": "DE"})
    assert it.score("engagement", 80, 1) == {"enterprise": Outcome.HOLDING}
    it.change(10, attributes={"country": "FR"})
    assert it.lead.holds == {}
    assert it.wait(20) == {}
    it.change(21, attributes={"country": "DE"})
    assert it.outcomes == {"enterprise": Outcome.HOLDING}
    assert it.wait(35.9) == {}
    assert it.wait(36) == {"enterprise": QUALIFIED}
    assert it.qualifications[0].at == minute(21)


def desk_of_two() -> Desk:
    """The qualification by `b` takes a lead out of the audience of `a`, which has a hold of an hour."""
    ready = {"field": "sales_ready", "equals": False}
    return Desk(
        rules(
            model(
                "a", criteria={"engagement": 70.0}, actions=["status_reason"], audience=ready, hold=timedelta(hours=1)
            ),
            model("b", criteria={"engagement": 70.0}, actions=["sales_ready"]),
        )
    )


def test_a_hold_whose_lead_another_qualification_takes_out_ends_without_one() -> None:
    it = desk_of_two()
    assert it.score("engagement", 80, 0) == {"a": Outcome.HOLDING, "b": QUALIFIED}
    assert it.wait(60) == {"a": OUTSIDE}


@pytest.mark.parametrize("ready", [True, False], ids=["stays out", "comes back"])
def test_a_hold_whose_lead_another_qualification_has_taken_out_ends_with_the_next_change(ready: bool) -> None:
    it = desk_of_two()
    it.score("engagement", 80, 0)
    it.change(10, sales_ready=ready)
    assert (it.outcomes, it.lead.holds) == ({}, {})
    assert it.score("engagement", 81, 20)["a"] == (OUTSIDE if ready else Outcome.HOLDING)
    assert it.wait(60) == {}


def test_the_models_decide_in_the_order_of_their_ids_each_on_what_the_one_before_left() -> None:
    new = {"all": [DACH, {"field": "sales_ready", "equals": False}]}
    it = Desk(
        rules(
            model("b", criteria={"engagement": 70.0}, audience=new, actions=["status_reason"]),
            model("a", criteria={"engagement": 70.0}, audience=DACH, actions=["sales_ready"]),
        )
    )
    it.score("engagement", 80, 0)
    it.change(1, attributes={"country": "DE"})
    assert list(it.outcomes.items()) == [("a", QUALIFIED), ("b", OUTSIDE)]


def test_a_rejection_that_takes_flags_back_brings_nobody_in() -> None:
    ready = {"field": "sales_ready", "equals": False}
    it = Desk(
        rules(
            model("a", criteria={"engagement": 70.0}),
            model("b", criteria={"engagement": 70.0}, audience=ready, actions=["status_reason"]),
        )
    )
    it.score("engagement", 80, 0)
    reject(it.lead, minute(5), it.rules)
    assert (it.lead.sales_ready, [one.model.id for one in it.qualifications]) == (False, ["a"])


@pytest.mark.parametrize(("on", "live"), [(False, True), (True, False)])
def test_only_live_models_look_at_changes(on: bool, live: bool) -> None:
    it = Desk(rules(model(criteria={"engagement": 70.0}, audience=DACH), lead_management=on, live=live))
    it.score("engagement", 80, 0)
    it.change(1, attributes={"country": "DE"})
    assert it.outcomes == ({"enterprise": Outcome.LEAD_MANAGEMENT_OFF} if live else {})


def test_an_unknown_lead_has_no_attributes() -> None:
    it = Desk(rules(model(criteria={"engagement": 70.0}, audience={"attribute": "country", "exists": False})))
    assert it.score("engagement", 80, 0) == {"enterprise": QUALIFIED}
    assert it.lead == Lead(
        status_reason="marketing_qualified",
        sales_ready=True,
        scores=it.lead.scores,
        marks=it.lead.marks,
        qualified_at=minute(0),
        qualified_flags=("status_reason", "sales_ready"),
    )
