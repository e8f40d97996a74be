"""Where the reference is silent: staleness, marks, requalification, unknown leads, order of models."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from lead_qualifier.qualification.decide import Outcome, decide
from lead_qualifier.qualification.leads import Lead, Mark
from tests.unit.qualification.given import Desk, minute, model, rules

HIGH = {"engagement": 83.0, "demographic": 64.0}
QUALIFIES = {"enterprise": Outcome.QUALIFIED}
ALREADY = {"enterprise": Outcome.ALREADY_QUALIFIED}
NOT_MET = {"enterprise": Outcome.CRITERIA_NOT_MET}


def qualified_desk(**fields: Any) -> Desk:
    """A lead that the model qualified at minute 10."""
    desk = Desk(rules(model(**fields)))
    assert desk.scores(10, **HIGH) == QUALIFIES
    return desk


# Staleness


def test_a_stale_score_is_neither_applied_nor_evaluated() -> None:
    desk = Desk(rules(model(match="any")))
    desk.score("engagement", 10, at=5)
    assert desk.score("engagement", 99, at=4) == {"enterprise": Outcome.STALE_SCORE}
    assert desk.lead.scores["engagement"].value == 10


def test_a_late_score_on_another_scoring_model_is_not_stale() -> None:
    desk = Desk(rules(model()))
    desk.score("engagement", 83, at=5)
    assert desk.score("demographic", 64, at=1) == QUALIFIES
    assert desk.qualifications[0].at == minute(1)


def test_a_repeated_event_is_handled_like_one_of_equal_time() -> None:
    desk = qualified_desk()
    before = deepcopy(desk.lead)
    assert desk.score("demographic", 64, at=10) == ALREADY
    assert desk.lead == before


# A scoring model that is no longer live


def test_the_score_of_a_scoring_model_that_stopped_being_live_no_longer_counts() -> None:
    definition = model()
    desk = Desk(rules(definition, scoring_models=["engagement"]))
    assert desk.scores(1, **HIGH) == NOT_MET


def test_a_score_on_a_scoring_model_that_is_not_live_evaluates_the_models_that_name_it() -> None:
    desk = Desk(rules(model(match="any"), scoring_models=["engagement"]))
    desk.rules, live = rules(model(match="any"), live=False), desk.rules
    desk.score("engagement", 83, at=1)
    desk.rules = live
    assert desk.score("demographic", 99, at=2) == QUALIFIES
    assert [one.met for one in desk.qualifications[0].criteria] == [True, False]


def test_a_degraded_model_says_why() -> None:
    current = rules(model(), scoring_models=["engagement"])
    assert current.degraded(current.models["enterprise"]) == ("demographic",)
    healthy = rules(model())
    assert healthy.degraded(healthy.models["enterprise"]) == ()


# Unknown leads


@pytest.mark.parametrize(("changed", "outcome"), [(False, Outcome.UNKNOWN_LEAD_INELIGIBLE), (True, Outcome.QUALIFIED)])
def test_an_unknown_lead_is_ineligible_if_so_set_until_a_change_of_it_is_held(changed: bool, outcome: Outcome) -> None:
    desk = Desk(rules(model(), unknown_leads="ineligible"))
    if changed:
        desk.change(1)
    assert desk.scores(2, **HIGH) == {"enterprise": outcome}


def test_an_unknown_lead_is_eligible_by_default() -> None:
    assert Desk(rules(model())).scores(1, **HIGH) == QUALIFIES


def test_an_erased_lead_starts_afresh() -> None:
    desk = qualified_desk()
    desk.lead = Lead()
    assert desk.score("engagement", 83, at=1) == NOT_MET
    assert desk.score("demographic", 64, at=1) == QUALIFIES
    assert desk.qualifications[-1].number == 1


# Marks


def test_a_qualification_marks_the_lead_with_version_number_time_and_trigger() -> None:
    desk = Desk(rules(model(), version=3))
    desk.score("engagement", 83, at=1, event_id="e-1")
    desk.score("demographic", 64, at=2, event_id="e-2")
    assert desk.lead.marks == {"enterprise": Mark(version=3, number=1, at=minute(2), trigger="e-2")}
    assert (desk.lead.qualified_at, desk.lead.qualified_flags) == (minute(2), ("status_reason", "sales_ready"))


@pytest.mark.parametrize("policy", ["never", "when_reset"])
def test_a_lead_is_qualified_by_a_model_once(policy: Any) -> None:
    desk = qualified_desk(policy=policy)
    for at in range(11, 20):
        assert desk.scores(at, **HIGH) == ALREADY
    assert len(desk.qualifications) == 1


def test_marks_outlive_stop_edit_and_new_versions() -> None:
    desk = qualified_desk()
    desk.rules = rules(model(), live=False)
    desk.scores(11, **HIGH)
    desk.rules = rules(model(criteria={"engagement": 10}, match="any"), version=2)
    desk.lead.sales_ready = False  # there would be something to change
    assert desk.score("engagement", 83, at=12) == ALREADY
    assert desk.lead.marks["enterprise"].version == 1


def test_where_no_action_would_change_anything_there_is_no_new_mark() -> None:
    desk = Desk(rules(model()))
    desk.change(1, status_reason="marketing_qualified", sales_ready=True)
    assert desk.scores(2, **HIGH) == ALREADY
    assert desk.lead.marks == {}
    assert desk.lead.qualified_at is None


def test_a_held_mark_stays_as_it_is_where_no_action_would_change_anything() -> None:
    desk = qualified_desk()
    desk.change(11, status_reason="contacted", sales_ready=False)
    desk.change(12, status_reason="marketing_qualified", sales_ready=True)
    held = desk.lead.marks["enterprise"]
    assert held.cleared
    assert desk.scores(13, **HIGH) == ALREADY
    assert desk.lead.marks["enterprise"] == held


# What re-opens a qualification


@pytest.mark.parametrize(
    "changes",
    [
        [{"status_reason": "contacted"}],
        [{"sales_ready": False}],
        [{"status": "disqualified"}, {"status": "open", "status_reason": "new"}],
    ],
    ids=["status reason reset", "sales ready reset", "reopened"],
)
@pytest.mark.parametrize(("policy", "outcome"), [("when_reset", QUALIFIES), ("never", ALREADY)])
def test_a_reset_or_reopening_lets_the_next_score_qualify_unless_never(
    changes: list[dict[str, Any]], policy: Any, outcome: dict[str, Outcome]
) -> None:
    desk = qualified_desk(policy=policy)
    for at, fields in enumerate(changes, start=11):
        assert desk.change(at, **fields)
    assert len(desk.qualifications) == 1  # a change never qualifies by itself
    assert desk.score("engagement", 83, at=20) == outcome


def test_the_number_rises_with_each_qualification_and_the_mark_names_the_last() -> None:
    desk = qualified_desk()
    desk.change(11, sales_ready=False)
    desk.score("engagement", 90, at=12, event_id="e-9")
    assert [one.number for one in desk.qualifications] == [1, 2]
    assert desk.lead.marks["enterprise"] == Mark(version=1, number=2, at=minute(12), trigger="e-9")
    assert desk.qualifications[1].changes == {"sales_ready": (False, True)}


def test_a_reset_clears_the_marks_of_every_model_once() -> None:
    definitions = model("a", actions=["status_reason"]), model("b", actions=["sales_ready"])
    desk = Desk(rules(*definitions))
    desk.scores(10, **HIGH)
    desk.change(11, status_reason="contacted")
    assert [mark.cleared for mark in desk.lead.marks.values()] == [True, True]
    assert desk.score("engagement", 83, at=12) == {"a": Outcome.QUALIFIED, "b": Outcome.ALREADY_QUALIFIED}


def test_a_late_change_of_the_crm_does_not_let_a_model_qualify_again() -> None:
    desk = qualified_desk()
    assert desk.change(9, status_reason="contacted", sales_ready=False)
    assert desk.scores(11, **HIGH) == ALREADY
    assert (desk.lead.status_reason, desk.lead.sales_ready) == ("marketing_qualified", True)


def test_flags_that_two_models_set_at_one_event_are_both_kept_from_a_late_change() -> None:
    desk = Desk(rules(model("a", actions=["status_reason"]), model("b", actions=["sales_ready"])))
    desk.scores(10, **HIGH)
    desk.change(9, status_reason="contacted", sales_ready=False)
    assert (desk.lead.status_reason, desk.lead.sales_ready) == ("marketing_qualified", True)


def test_a_late_qualification_does_not_become_the_newest() -> None:
    definitions = (
        model("a", criteria={"engagement": 70}, actions=["status_reason"]),
        model("b", criteria={"demographic": 50}, actions=["sales_ready"]),
    )
    desk = Desk(rules(*definitions))
    desk.score("engagement", 83, at=10)
    desk.score("demographic", 64, at=5)
    assert (desk.lead.qualified_at, desk.lead.qualified_flags) == (minute(10), ("status_reason",))


@pytest.mark.parametrize(
    ("at", "outcome"), [(12, Outcome.COOLING_DOWN), (39.99, Outcome.COOLING_DOWN), (40, Outcome.QUALIFIED)]
)
def test_a_cool_down_counts_from_the_last_qualification_in_the_time_of_events(at: float, outcome: Outcome) -> None:
    desk = qualified_desk(cool_down=timedelta(minutes=30))
    desk.change(11, sales_ready=False)
    assert desk.score("engagement", 83, at=at) == {"enterprise": outcome}


def test_a_cool_down_does_not_delay_the_first_qualification() -> None:
    assert Desk(rules(model(cool_down=timedelta(days=30)))).scores(1, **HIGH) == QUALIFIES


def test_a_cool_down_of_nothing_delays_nothing_not_even_a_late_score() -> None:
    desk = Desk(rules(model(cool_down=timedelta(0))))
    desk.score("demographic", 64, at=1)
    desk.score("engagement", 83, at=10)
    desk.change(11, sales_ready=False)
    assert desk.score("demographic", 64, at=5) == QUALIFIES


def test_a_cool_down_may_reach_beyond_the_calendar() -> None:
    desk = qualified_desk(cool_down=timedelta.max)
    desk.change(11, sales_ready=False)
    assert desk.score("engagement", 83, at=12) == {"enterprise": Outcome.COOLING_DOWN}


# Several models


def test_a_score_concerns_the_models_that_name_its_scoring_model_in_the_order_of_their_ids() -> None:
    definitions = [
        model("c", criteria={"engagement": 1}),
        model("a", criteria={"demographic": 1}),
        model("b", criteria={"engagement": 1, "demographic": 1}),
        model("B", criteria={"engagement": 1}),
    ]
    current = rules(*definitions)
    assert [one.id for one in current.naming("engagement")] == ["B", "b", "c"]
    assert [one.id for one in current.naming("demographic")] == ["a", "b"]
    assert current.naming("nobody named it") == ()
    assert list(current.models) == ["B", "a", "b", "c"]


def test_each_model_sees_the_lead_as_the_one_before_left_it() -> None:
    desk = Desk(rules(model("b"), model("a", actions=["status_reason"]), model("c")))
    outcomes = desk.scores(1, **HIGH)
    assert outcomes == {"a": Outcome.QUALIFIED, "b": Outcome.QUALIFIED, "c": Outcome.ALREADY_QUALIFIED}
    assert [one.changes for one in desk.qualifications] == [
        {"status_reason": ("new", "marketing_qualified")},
        {"sales_ready": (False, True)},
    ]


def test_a_score_that_no_model_names_is_recorded_without_outcome() -> None:
    desk = Desk(rules(model()))
    assert desk.score("recency", 5, at=1) == {}
    assert desk.lead.scores["recency"].value == 5


# Sweeps


def test_a_sweep_qualifies_what_is_known_by_then_dated_by_its_publish() -> None:
    desk = Desk(rules(model(), live=False))
    desk.scores(1, **HIGH)
    desk.rules = rules(model(), version=2)
    assert desk.sweep(at=30, command_id="publish-2") == QUALIFIES
    assert desk.lead.marks["enterprise"] == Mark(version=2, number=1, at=minute(30), trigger="publish-2")


# Deciding


def test_deciding_changes_nothing() -> None:
    current = rules(model())
    desk = Desk(rules(model(), live=False))
    desk.scores(1, **HIGH)
    before = deepcopy(desk.lead)
    decide(desk.lead, current.models["enterprise"], current, minute(1))
    assert desk.lead == before
