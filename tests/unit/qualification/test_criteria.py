"""Criteria: thresholds, and how many must be met."""

import pytest

from lead_qualifier.qualification.criteria import AtLeast, CriterionEvidence, Match, required
from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.evidence import evidence
from tests.unit.qualification.given import Desk, minute, model, rules

THREE = {"engagement": 70.0, "demographic": 50.0, "intent": 10.0}


@pytest.mark.parametrize(
    ("match", "criteria", "needed"),
    [
        ("all", 1, 1),
        ("all", 3, 3),
        ("any", 1, 1),
        ("any", 3, 1),
        (AtLeast(1), 3, 1),
        (AtLeast(2), 3, 2),
        (AtLeast(3), 3, 3),
    ],
)
def test_match_says_how_many_criteria_are_needed(match: Match, criteria: int, needed: int) -> None:
    assert required(match, criteria) == needed


@pytest.mark.parametrize(
    ("score", "threshold", "outcome"),
    [
        (69.999, 70.0, Outcome.CRITERIA_NOT_MET),
        (70.0, 70.0, Outcome.QUALIFIED),
        (70.001, 70.0, Outcome.QUALIFIED),
        (-5.0, -5.0, Outcome.QUALIFIED),
        (-6.0, -5.0, Outcome.CRITERIA_NOT_MET),
        (-0.0, 0.0, Outcome.QUALIFIED),
        (1e308, 1e308, Outcome.QUALIFIED),
    ],
)
def test_a_criterion_is_met_from_its_threshold_upwards(score: float, threshold: float, outcome: Outcome) -> None:
    desk = Desk(rules(model(criteria={"engagement": threshold})))
    assert desk.score("engagement", score, at=1) == {"enterprise": outcome}


@pytest.mark.parametrize(
    ("match", "met", "outcome"),
    [
        ("all", 0, Outcome.CRITERIA_NOT_MET),
        ("all", 2, Outcome.CRITERIA_NOT_MET),
        ("all", 3, Outcome.QUALIFIED),
        ("any", 0, Outcome.CRITERIA_NOT_MET),
        ("any", 1, Outcome.QUALIFIED),
        ("any", 3, Outcome.QUALIFIED),
        (AtLeast(2), 1, Outcome.CRITERIA_NOT_MET),
        (AtLeast(2), 2, Outcome.QUALIFIED),
        (AtLeast(2), 3, Outcome.QUALIFIED),
        (AtLeast(1), 0, Outcome.CRITERIA_NOT_MET),
        (AtLeast(1), 1, Outcome.QUALIFIED),
        (AtLeast(3), 2, Outcome.CRITERIA_NOT_MET),
        (AtLeast(3), 3, Outcome.QUALIFIED),
    ],
)
@pytest.mark.parametrize("scored", [True, False], ids=["others too low", "others without score"])
def test_criteria_combine_as_all_any_or_at_least_k(match: Match, met: int, outcome: Outcome, scored: bool) -> None:
    desk = Desk(rules(model(match=match, criteria=THREE), live=False))
    for index, (name, threshold) in enumerate(THREE.items()):
        if index < met:
            desk.score(name, threshold, at=1)
        elif scored:
            desk.score(name, threshold - 1, at=1)
    desk.rules = rules(model(match=match, criteria=THREE))
    assert desk.sweep(at=2) == {"enterprise": outcome}


def test_evidence_lists_every_criterion_in_order_with_the_score_held() -> None:
    definition = model(match="any", criteria=THREE)
    current = rules(definition, scoring_models=["engagement", "intent"])
    desk = Desk(current)
    desk.score("engagement", 71, at=1)
    desk.score("demographic", 99, at=2)
    assert evidence(desk.lead, current.models["enterprise"], current, minute(9)) == (
        CriterionEvidence("engagement", 70.0, met=True, score=71, scored_at=minute(1)),
        CriterionEvidence("demographic", 50.0, met=False, score=99, scored_at=minute(2)),  # its model is not live
        CriterionEvidence("intent", 10.0, met=False),  # nothing held
    )


def test_a_qualification_carries_its_evidence_also_of_criteria_not_met() -> None:
    desk = Desk(rules(model(match="any")))
    desk.score("demographic", 1, at=1)
    desk.score("engagement", 83, at=2)
    assert desk.qualifications[0].criteria == (
        CriterionEvidence("engagement", 70.0, met=True, score=83, scored_at=minute(2)),
        CriterionEvidence("demographic", 50.0, met=False, score=1, scored_at=minute(1)),
    )
