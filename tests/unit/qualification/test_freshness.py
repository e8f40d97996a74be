"""Criteria with a `max_age`: a score that is older when something is decided does not count."""

from datetime import timedelta
from typing import Any

import pytest

from lead_qualifier.qualification.criteria import Criterion, CriterionEvidence, Group
from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.evidence import evidence
from lead_qualifier.qualification.leads import Lead, Score
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.qualification.shadow import Difference, difference
from tests.unit.qualification.given import Desk, minute, model, rules

AGE = timedelta(minutes=10)
FRESH = (Criterion("engagement", 70.0, max_age=AGE), Criterion("demographic", 50.0))
NOT_MET, QUALIFIED, HOLDING = Outcome.CRITERIA_NOT_MET, Outcome.QUALIFIED, Outcome.HOLDING


def fresh(**fields: Any) -> Rules:
    return rules(model(criteria=FRESH, **fields))


@pytest.mark.parametrize(
    ("scored", "decided", "outcome"),
    [(0, 0, QUALIFIED), (0, 10, QUALIFIED), (0, 10.01, NOT_MET), (0, 600, NOT_MET), (30, 0, QUALIFIED)],
    ids=["at once", "at its age", "a moment later", "long after", "decided by an earlier event"],
)
def test_a_score_counts_until_it_is_older_than_that(scored: float, decided: float, outcome: Outcome) -> None:
    desk = Desk(fresh())
    desk.score("engagement", 80, scored)
    assert desk.score("demographic", 60, decided) == {"enterprise": outcome}


def test_the_evidence_says_what_has_expired_also_where_the_score_was_too_low_anyway() -> None:
    current = rules(model(criteria=(*FRESH, Criterion("intent", 5.0, max_age=AGE))))
    desk = Desk(current)
    desk.scores(0, engagement=90, intent=1)
    desk.score("demographic", 60, 11)
    assert evidence(desk.lead, current.models["enterprise"], current, minute(11)) == (
        CriterionEvidence("engagement", 70.0, met=False, score=90, scored_at=minute(0), expired=True),
        CriterionEvidence("demographic", 50.0, met=True, score=60, scored_at=minute(11)),
        CriterionEvidence("intent", 5.0, met=False, score=1, scored_at=minute(0), expired=True),
    )


def test_a_newer_score_counts_again() -> None:
    desk = Desk(fresh())
    desk.score("engagement", 80, 0)
    assert desk.score("demographic", 60, 11) == {"enterprise": NOT_MET}
    assert desk.score("engagement", 80, 12) == {"enterprise": QUALIFIED}


def test_it_is_counted_per_criterion_in_whatever_group_it_stands() -> None:
    nested = QualificationModel(
        id="enterprise",
        name="n",
        match="all",
        criteria=(Criterion("engagement", 1.0), *FRESH),
        members=(0, Group("any", (1, 2))),
        actions=model().actions,
    )
    desk = Desk(rules(nested))
    desk.score("engagement", 90, 0)
    assert desk.qualifications
    desk = Desk(rules(nested))
    desk.rules = rules(nested, live=False)
    desk.score("engagement", 90, 0)
    desk.rules = rules(nested)
    assert desk.sweep(11) == {"enterprise": NOT_MET}  # the first criterion has no age, the one in the group has
    assert desk.score("demographic", 50, 12) == {"enterprise": QUALIFIED}


def test_expiring_takes_nothing_back_and_is_no_fall() -> None:
    desk = Desk(fresh(policy="on_recross"))
    desk.scores(0, engagement=80, demographic=60)
    assert desk.lead.marks["enterprise"].number == 1
    assert desk.score("demographic", 61, 20) == {"enterprise": NOT_MET}  # the mark and the flags stay
    assert (desk.lead.sales_ready, desk.lead.marks["enterprise"].dropped) == (True, False)
    assert desk.score("engagement", 80, 21) == {"enterprise": Outcome.ALREADY_QUALIFIED}
    desk.score("engagement", 60, 22)
    assert desk.lead.marks["enterprise"].dropped, "a score below the threshold is a fall, however old the last one was"
    assert desk.score("engagement", 80, 23) == {"enterprise": QUALIFIED}


def test_at_the_end_of_a_hold_the_clock_decides() -> None:
    for lasts, outcome in ((10, QUALIFIED), (10.1, NOT_MET)):
        desk = Desk(fresh(hold=timedelta(minutes=lasts)))
        desk.score("demographic", 60, 0)
        assert desk.score("engagement", 80, 0) == {"enterprise": HOLDING}
        assert desk.wait(lasts) == {"enterprise": outcome}
    assert not desk.lead.holds


def test_a_worker_that_ends_a_hold_late_counts_until_then() -> None:
    desk = Desk(fresh(hold=timedelta(minutes=5)))
    desk.scores(0, demographic=60, engagement=80)
    assert desk.wait(11) == {"enterprise": NOT_MET}


def test_a_score_that_arrives_when_another_has_expired_ends_the_hold() -> None:
    desk = Desk(fresh(hold=timedelta(minutes=60)))
    desk.scores(0, demographic=60, engagement=80)
    assert desk.score("demographic", 61, 5) == {"enterprise": HOLDING}
    assert desk.score("demographic", 62, 11) == {"enterprise": NOT_MET}
    assert not desk.lead.holds
    desk.score("engagement", 80, 12)
    assert desk.lead.holds["enterprise"].at == minute(12)


def test_a_draft_in_shadow_counts_ages_of_its_own() -> None:
    live, draft = model(criteria={"engagement": 70.0}), model(criteria=(Criterion("engagement", 70.0, max_age=AGE),))
    shadow = RuledModel(definition=draft, version=0, live=False)
    one = RuledModel(definition=live, version=1, live=True, shadow=shadow)
    current = Rules(
        revision=1, lead_management=True, live_scoring_models=frozenset({"engagement"}), models={"enterprise": one}
    )
    assert current.by_age
    lead = Lead(scores={"engagement": Score(80.0, minute(0))})
    assert difference(lead, one, current, minute(10)) is Difference.BOTH
    assert difference(lead, one, current, minute(11)) is Difference.NO_LONGER_QUALIFYING
