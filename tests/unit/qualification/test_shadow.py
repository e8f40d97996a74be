"""A draft in shadow: what is counted of it, and that nothing comes of it."""

import pytest

from lead_qualifier.qualification.leads import Lead, record_score
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.qualification.shadow import difference
from tests.unit.qualification.given import minute, model
from tests.unit.qualification.office import Office

LIVE = {"engagement": 70.0, "demographic": 50.0}


def in_shadow(draft: QualificationModel) -> Office:
    office = Office(live=["engagement", "demographic", "intent"], enabled=True)
    office.apply(model())
    office.publish("enterprise")
    office.apply(draft, beside=True)
    office.shadow("enterprise", True)
    return office


def scored(**scores: float) -> Lead:
    lead = Lead()
    for name, value in scores.items():
        record_score(lead, name, value, minute(1))
    return lead


def told(lead: Lead, rules: Rules) -> str:
    return difference(lead, rules.models["enterprise"], rules)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({}, "neither"),
        ({"engagement": 70, "demographic": 49}, "neither"),
        ({"engagement": 70, "demographic": 50}, "no_longer_qualifying"),
        ({"engagement": 80, "demographic": 50}, "both"),
        ({"intent": 5}, "newly_qualifying"),
    ],
)
def test_the_criteria_of_both_are_compared(scores: dict[str, float], expected: str) -> None:
    rules = in_shadow(model(match="any", criteria={"engagement": 80, "intent": 5})).rules()
    assert told(scored(**scores), rules) == expected


def test_neither_status_nor_marks_play_a_part() -> None:
    rules = in_shadow(model(criteria={"engagement": 80})).rules()
    lead = scored(engagement=75, demographic=60)
    lead.status = "disqualified"
    assert told(lead, rules) == "no_longer_qualifying"


def test_scores_of_scoring_models_that_are_not_live_count_for_neither() -> None:
    office = in_shadow(model(criteria={"intent": 5}))
    lead = scored(intent=9)
    assert told(lead, office.rules()) == "newly_qualifying"
    office.scoring("intent", "stopped")
    assert told(lead, office.rules()) == "neither"


def test_a_shadow_concerns_scores_that_the_live_version_or_the_draft_names() -> None:
    rules = in_shadow(model(criteria={"engagement": 80, "intent": 5})).rules()
    for name in ("engagement", "demographic", "intent"):
        assert [one.id for one in rules.shadowed(name)] == ["enterprise"]
    assert rules.shadowed("attendance") == ()
    assert [one.id for one in rules.naming("intent")] == [], "what decides is the live version alone"


def test_nothing_is_compared_without_a_shadow_or_once_it_ended() -> None:
    office = in_shadow(model(criteria={"engagement": 80}))
    office.shadow("enterprise", False)
    assert office.rules().shadowed("engagement") == ()
    office.shadow("enterprise", True)
    assert office.rules().shadowed("engagement")
    office.publish("enterprise", replacing=True)
    assert office.rules().shadowed("engagement") == ()
