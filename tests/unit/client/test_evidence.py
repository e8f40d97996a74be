"""A qualification in words."""

from __future__ import annotations

from lead_qualifier.client.evidence import changes_finding, criteria_finding, model_finding
from lead_qualifier.wording.sentences import IN_ENGLISH


def test_each_criterion_has_score_threshold_and_met() -> None:
    criteria = [
        {"scoring_model_id": "engagement", "threshold": 70, "score": 83, "met": True},
        {"scoring_model_id": "demographic", "threshold": 50, "score": 41.5, "met": False},
        {"scoring_model_id": "fit", "threshold": 10, "met": False},
        {"scoring_model_id": "intent", "threshold": 10, "score": 20, "met": False},
    ]
    assert IN_ENGLISH.sentence(criteria_finding(criteria)) == (
        "engagement 83 >= 70 met, demographic 41.5 < 50 not met, fit has no score, needs 10: not met, "
        "intent 20 does not count, because the scoring model is not live: not met"
    )


def test_grades_and_what_has_expired_are_said() -> None:
    day = {"scored_at": "2026-05-26T08:00:00Z", "met": False}
    graded = {"scoring_model_id": "fit", "grades": ["A", "B"], **day}
    criteria = [
        {"scoring_model_id": "engagement", "threshold": 70, "score": 83, "expired": True, **day},
        graded | {"score": 5, "grade": "B", "met": True},
        graded | {"score": 5, "grade": "C"},
        graded | {"score": 5, "grade": "A"},
        graded | {"score": 5, "grade": "A", "expired": True},
        graded | {"score": 5},
        {"scoring_model_id": "fit", "grades": ["A"], "met": False},
    ]
    assert IN_ENGLISH.sentence(criteria_finding(criteria)).split(", fit ") == [
        "engagement 83 of 2026-05-26 has expired: not met",
        "grade B met",
        "grade C, wanted A or B: not met",
        "grade A does not count, because the scoring model is not live: not met",
        "grade A of 2026-05-26 has expired: not met",
        "has no grade, wanted A or B: not met",
        "has no grade, wanted A: not met",
    ]


def test_changes_name_what_was_and_what_is() -> None:
    changes: dict[str, dict[str, object]] = {
        "status_reason": {"from": "new", "to": "marketing_qualified"},
        "sales_ready": {"from": False, "to": True},
    }
    assert (
        IN_ENGLISH.sentence(changes_finding(changes))
        == "status_reason new -> marketing_qualified, sales_ready no -> yes"
    )


def test_a_further_qualification_says_so() -> None:
    event = {"qualification_model_id": "enterprise", "qualification_model_version": 3, "qualification_number": 1}
    assert IN_ENGLISH.sentence(model_finding(event)) == "enterprise v3"
    assert IN_ENGLISH.sentence(model_finding(event | {"qualification_number": 2})) == "enterprise v3 (qualification 2)"
