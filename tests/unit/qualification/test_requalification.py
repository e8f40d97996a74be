"""What lets a model qualify a lead again: nothing, a reset by the CRM, or scores that fell below and rose again."""

from datetime import timedelta

import pytest

from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.models import Policy
from tests.unit.qualification.given import Desk, model, rules

ALREADY, NOT_MET, QUALIFIED, COOLING = (
    Outcome.ALREADY_QUALIFIED,
    Outcome.CRITERIA_NOT_MET,
    Outcome.QUALIFIED,
    Outcome.COOLING_DOWN,
)


@pytest.mark.parametrize(
    ("policy", "drop_below", "scores", "outcomes"),
    [
        ("never", None, (80, 60, 80), (QUALIFIED, NOT_MET, ALREADY)),
        ("when_reset", None, (80, 60, 80), (QUALIFIED, NOT_MET, ALREADY)),
        ("on_recross", None, (80, 69, 70), (QUALIFIED, NOT_MET, QUALIFIED)),
        ("on_recross", None, (80, 75, 80), (QUALIFIED, ALREADY, ALREADY)),
        ("on_recross", 60.0, (80, 60, 80), (QUALIFIED, NOT_MET, ALREADY)),
        ("on_recross", 60.0, (80, 59, 69, 70), (QUALIFIED, NOT_MET, NOT_MET, QUALIFIED)),
        ("on_recross", 60.0, (80, 59, 65, 60, 70, 71), (QUALIFIED, NOT_MET, NOT_MET, NOT_MET, QUALIFIED, ALREADY)),
        ("on_recross", 70.0, (80, 69, 70), (QUALIFIED, NOT_MET, QUALIFIED)),
    ],
)
def test_scores_that_fall_and_rise_again(
    policy: Policy, drop_below: float | None, scores: tuple[float, ...], outcomes: tuple[Outcome, ...]
) -> None:
    floors = {} if drop_below is None else {"engagement": drop_below}
    desk = Desk(rules(model(criteria={"engagement": 70.0}, policy=policy, drop_below=floors)))
    assert tuple(desk.score("engagement", value, at)["enterprise"] for at, value in enumerate(scores)) == outcomes
    assert [one.number for one in desk.qualifications] == list(range(1, 1 + outcomes.count(QUALIFIED)))


@pytest.mark.parametrize(
    ("raised_to", "scores", "outcomes"),
    [
        (80.0, (76, 85), (NOT_MET, ALREADY)),  # it has risen all the time
        (80.0, (74, 60, 85), (NOT_MET, NOT_MET, ALREADY)),  # never reached what the new version asks for
        (80.0, (85, 79, 80), (ALREADY, NOT_MET, QUALIFIED)),
        (60.0, (59, 60), (NOT_MET, QUALIFIED)),
        (75.0, (74, 75), (NOT_MET, QUALIFIED)),
    ],
)
def test_a_version_that_asks_for_more_makes_nobody_fall(
    raised_to: float, scores: tuple[float, ...], outcomes: tuple[Outcome, ...]
) -> None:
    desk = Desk(rules(model(criteria={"engagement": 70.0}, policy="on_recross")))
    assert desk.score("engagement", 75, 0) == {"enterprise": QUALIFIED}
    desk.rules = rules(model(criteria={"engagement": raised_to}, policy="on_recross"), version=2)
    assert desk.sweep(1)["enterprise"] in {ALREADY, NOT_MET}
    assert tuple(desk.score("engagement", value, at)["enterprise"] for at, value in enumerate(scores, 2)) == outcomes


def test_a_criterion_that_a_new_version_adds_makes_nobody_fall() -> None:
    desk = Desk(rules(model(criteria={"engagement": 70.0}, policy="on_recross")))
    desk.score("engagement", 75, 0)
    desk.rules = rules(model(criteria={"engagement": 70.0, "demographic": 50.0}, policy="on_recross"), version=2)
    assert desk.score("engagement", 76, 1) == {"enterprise": NOT_MET}
    assert desk.score("demographic", 60, 2) == {"enterprise": ALREADY}
    assert desk.score("demographic", 40, 3) == {"enterprise": NOT_MET}
    assert desk.score("demographic", 50, 4) == {"enterprise": QUALIFIED}


def test_a_recross_changes_nothing_on_a_lead_that_has_the_flags_and_says_so() -> None:
    desk = Desk(rules(model(criteria={"engagement": 70.0}, policy="on_recross")))
    for at, value in enumerate((80, 10, 90)):
        desk.score("engagement", value, at)
    first, second = desk.qualifications
    assert (set(first.changes), second.changes) == ({"status_reason", "sales_ready"}, {})
    assert desk.lead.status_reason == "marketing_qualified"


def test_a_lead_change_dated_before_a_recross_does_not_take_its_flags_away() -> None:
    desk = Desk(rules(model(criteria={"engagement": 70.0}, policy="on_recross")))
    for at, value in enumerate((80, 10, 90)):
        desk.score("engagement", value, at)
    desk.change(1.5, status_reason="contacted", owner_id="U-1")
    assert (desk.lead.status_reason, desk.lead.owner_id) == ("marketing_qualified", "U-1")


def test_on_recross_qualifies_after_a_reset_too_but_not_without_a_change() -> None:
    desk = Desk(rules(model(criteria={"engagement": 70.0}, policy="on_recross", actions=["sales_ready"])))
    desk.score("engagement", 80, 0)
    desk.change(1, sales_ready=False)
    assert desk.score("engagement", 81, 2) == {"enterprise": QUALIFIED}
    desk.change(3, sales_ready=False)
    desk.change(4, sales_ready=True)
    assert desk.score("engagement", 82, 5) == {"enterprise": ALREADY}


def test_the_first_qualification_needs_a_change_whatever_the_policy() -> None:
    desk = Desk(rules(model(criteria={"engagement": 70.0}, policy="on_recross")))
    desk.change(0, status_reason="marketing_qualified", sales_ready=True)
    assert [desk.score("engagement", value, at)["enterprise"] for at, value in enumerate((80, 10, 80), 1)] == [
        ALREADY,
        NOT_MET,
        ALREADY,
    ]


def test_a_recross_waits_for_the_cool_down_of_event_time_and_is_not_forgotten_by_then() -> None:
    desk = Desk(rules(model(criteria={"engagement": 70.0}, policy="on_recross", cool_down=timedelta(minutes=10))))
    outcomes = [
        desk.score("engagement", value, at)["enterprise"] for at, value in ((0, 80), (1, 10), (2, 80), (10, 80))
    ]
    assert outcomes == [QUALIFIED, NOT_MET, COOLING, QUALIFIED]


def test_scores_fall_also_while_the_lead_is_closed_or_the_feature_is_off() -> None:
    current = rules(model(criteria={"engagement": 70.0}, policy="on_recross"))
    off = rules(model(criteria={"engagement": 70.0}, policy="on_recross"), lead_management=False)
    desk = Desk(current)
    desk.score("engagement", 80, 0)
    desk.rules = off
    assert desk.score("engagement", 10, 1) == {"enterprise": Outcome.LEAD_MANAGEMENT_OFF}
    desk.rules = current
    assert desk.score("engagement", 80, 2) == {"enterprise": QUALIFIED}


def test_no_score_falls_because_its_scoring_model_is_stopped() -> None:
    definition = model(criteria={"engagement": 70.0}, policy="on_recross")
    desk = Desk(rules(definition))
    desk.score("engagement", 80, 0)
    desk.rules = rules(definition, scoring_models=[])
    assert desk.score("engagement", 80, 1) == {"enterprise": NOT_MET}
    desk.rules = rules(definition)
    assert desk.score("engagement", 80, 2) == {"enterprise": ALREADY}


def test_with_several_criteria_the_scores_have_fallen_once_the_match_fails_at_the_floors() -> None:
    floors = {"engagement": 60.0, "demographic": 40.0}
    desk = Desk(rules(model(match="any", policy="on_recross", drop_below=floors)))
    desk.scores(0, engagement=80, demographic=60)
    assert desk.score("engagement", 10, 1) == {"enterprise": ALREADY}  # the other one still holds
    assert desk.score("demographic", 45, 2) == {"enterprise": NOT_MET}  # below its threshold, not below its floor
    assert desk.score("engagement", 80, 3) == {"enterprise": ALREADY}
    desk.scores(4, engagement=10, demographic=39)
    assert desk.score("engagement", 80, 5) == {"enterprise": QUALIFIED}
