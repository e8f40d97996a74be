"""A draft in shadow: what is counted of it, and that nothing comes of it."""

import pytest

from lead_qualifier.qualification.leads import Lead, record_score
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.qualification.shadow import difference
from tests.support.model_admin import ModelAdmin
from tests.unit.qualification.given import minute, model

LIVE = {"engagement": 70.0, "demographic": 50.0}


def in_shadow(draft: QualificationModel) -> ModelAdmin:
    admin = ModelAdmin(live=["engagement", "demographic", "intent"], enabled=True)
    admin.apply(model())
    admin.publish("enterprise")
    admin.apply(draft, draft=True)
    admin.shadow("enterprise", True)
    return admin


def scored(**scores: float) -> Lead:
    lead = Lead()
    for name, value in scores.items():
        record_score(lead, name, value, minute(1))
    return lead


def told(lead: Lead, rules: Rules) -> str:
    return difference(lead, rules.models["enterprise"], rules, minute(1))


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
    admin = in_shadow(model(criteria={"intent": 5}))
    lead = scored(intent=9)
    assert told(lead, admin.rules()) == "newly_qualifying"
    admin.scoring("intent", "stopped")
    assert told(lead, admin.rules()) == "neither"


def test_a_shadow_concerns_scores_that_the_live_version_or_the_draft_names() -> None:
    rules = in_shadow(model(criteria={"engagement": 80, "intent": 5})).rules()
    for name in ("engagement", "demographic", "intent"):
        assert [one.id for one in rules.shadowed(name)] == ["enterprise"]
    assert rules.shadowed("attendance") == ()
    assert [one.id for one in rules.naming("intent")] == [], "what decides is the live version alone"


def test_nothing_is_compared_without_a_shadow_or_once_it_ended() -> None:
    admin = in_shadow(model(criteria={"engagement": 80}))
    admin.shadow("enterprise", False)
    assert admin.rules().shadowed("engagement") == ()
    admin.shadow("enterprise", True)
    assert admin.rules().shadowed("engagement")
    admin.publish("enterprise", replace=True)
    assert admin.rules().shadowed("engagement") == ()
