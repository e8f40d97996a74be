"""Criteria that ask for grades: met by the grade of the newest score, whatever its value."""

from datetime import timedelta
from typing import Any

import pytest

from lead_qualifier.qualification.criteria import Criterion, CriterionEvidence
from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.leads import Lead, Mark, Score, forget_implausible_times
from lead_qualifier.qualification.merging import LeadTransfer, take_over
from tests.unit.qualification.given import Desk, minute, model, rules

GRADED = (Criterion("fit", grades=("A", "B")),)
NOT_MET, QUALIFIED = Outcome.CRITERIA_NOT_MET, Outcome.QUALIFIED


def desk(**fields: Any) -> Desk:
    return Desk(rules(model(criteria=GRADED, **fields), scoring_models=["fit"]))


@pytest.mark.parametrize(
    ("grade", "outcome"),
    [("A", QUALIFIED), ("B", QUALIFIED), ("C", NOT_MET), ("a", NOT_MET), ("A ", NOT_MET), (None, NOT_MET)],
)
@pytest.mark.parametrize("value", [-1e300, 0, 99])
def test_the_grade_meets_it_letter_by_letter_whatever_the_score(
    value: float, grade: str | None, outcome: Outcome
) -> None:
    assert desk().score("fit", value, 1, grade=grade) == {"enterprise": outcome}


def test_only_the_newest_score_counts_even_without_a_grade() -> None:
    one = desk()
    one.rules = rules(model(criteria=GRADED), live=False, scoring_models=["fit"])
    one.score("fit", 90, 1, grade="A")
    one.score("fit", 95, 2)
    one.rules = desk().rules
    assert one.sweep(3) == {"enterprise": NOT_MET}
    assert one.score("fit", 10, 1, grade="A") == {"enterprise": Outcome.STALE_SCORE}


def test_a_scoring_model_that_is_not_live_meets_nothing() -> None:
    one = Desk(rules(model(criteria=GRADED), scoring_models=[]))
    assert one.score("fit", 90, 1, grade="A") == {"enterprise": NOT_MET}


def test_the_evidence_has_the_grade_and_those_asked_for_and_no_threshold() -> None:
    criteria = (*GRADED, Criterion("engagement", 70.0), Criterion("intent", grades=("A",)))
    one = Desk(rules(model(criteria=criteria, match="any"), scoring_models=["fit", "engagement", "intent"]))
    one.score("engagement", 3, 1, grade="C")
    one.score("fit", 7, 2, grade="B")
    assert one.qualifications[0].criteria == (
        CriterionEvidence("fit", None, True, 7, minute(2), grade="B", grades=("A", "B")),
        CriterionEvidence("engagement", 70.0, False, 3, minute(1)),  # it has a grade, of which nobody asks
        CriterionEvidence("intent", None, False, grades=("A",)),
    )


def test_a_grade_that_leaves_those_asked_for_is_a_fall() -> None:
    one = desk(policy="on_recross")
    one.score("fit", 90, 1, grade="A")
    assert one.score("fit", 5, 2, grade="B") == {"enterprise": Outcome.ALREADY_QUALIFIED}  # whatever the score
    one.score("fit", 99, 3, grade="C")
    assert one.lead.marks["enterprise"].dropped
    assert one.score("fit", 99, 4, grade="A") == {"enterprise": QUALIFIED}


def test_a_score_without_a_grade_is_a_fall_too() -> None:
    one = desk(policy="on_recross")
    one.score("fit", 90, 1, grade="A")
    one.score("fit", 90, 2)
    assert one.lead.marks["enterprise"].dropped


def test_a_hold_ends_with_the_grade() -> None:
    one = desk(hold=timedelta(minutes=15))
    one.score("fit", 90, 0, grade="A")
    one.score("fit", 95, 5, grade="C")
    assert not one.lead.holds
    one.score("fit", 95, 6, grade="B")
    assert one.wait(21) == {"enterprise": QUALIFIED}


def test_a_grade_expires_with_its_score() -> None:
    criteria = (Criterion("fit", grades=("A",), max_age=timedelta(minutes=10)), Criterion("engagement", 1.0))
    one = Desk(rules(model(criteria=criteria), scoring_models=["fit", "engagement"]))
    one.score("fit", 90, 0, grade="A")
    assert one.score("engagement", 5, 11) == {"enterprise": NOT_MET}


@pytest.mark.parametrize(("mine", "theirs", "kept"), [(1, 2, "B"), (2, 1, "A"), (1, 1, "A")])
def test_a_merge_keeps_the_grade_of_the_higher_dated_score(mine: int, theirs: int, kept: str) -> None:
    lead = Lead(scores={"fit": Score(5, minute(mine), "A")})
    other = {"fit": Score(9, minute(theirs), "B")}
    take_over(lead, LeadTransfer(event_id="m", loser_id="L-2", scores=other, marks={"m": Mark(1, 1, minute(0), "t")}))
    assert lead.scores["fit"].grade == kept


def test_a_score_that_was_dated_in_the_future_keeps_its_grade() -> None:
    lead = Lead(scores={"fit": Score(5, minute(1000), "A")})
    forget_implausible_times(lead, minute(0))
    assert (lead.scores["fit"].grade, lead.scores["fit"].at.year) == ("A", 1970)
