"""A qualification in words: each criterion with score, threshold and met or not, and what changed on the lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lead_qualifier.qualification.finding import Finding


def criterion_finding(evidence: Mapping[str, Any]) -> Finding:
    """`engagement 83 >= 70 met`, of a criterion as lead-qualified carries it."""
    if "threshold" not in evidence:
        return _grade_finding(evidence)
    name, threshold = evidence["scoring_model_id"], evidence["threshold"]
    if "score" not in evidence:
        return Finding("score_missing", scoring_model=name, threshold=threshold)
    score = evidence["score"]
    if evidence.get("expired"):
        return Finding("score_expired", scoring_model=name, score=score, day=_day(evidence))
    if evidence["met"]:
        return Finding("score_met", scoring_model=name, score=score, threshold=threshold)
    if score >= threshold:
        return Finding("score_not_counted", scoring_model=name, score=score)
    return Finding("score_below", scoring_model=name, score=score, threshold=threshold)


def _grade_finding(evidence: Mapping[str, Any]) -> Finding:
    name, grades = evidence["scoring_model_id"], tuple(evidence["grades"])
    if "grade" not in evidence:
        return Finding("grade_missing", scoring_model=name, grades=grades)
    grade = evidence["grade"]
    if evidence["met"]:
        return Finding("grade_met", scoring_model=name, grade=grade)
    if evidence.get("expired"):
        return Finding("grade_expired", scoring_model=name, grade=grade, day=_day(evidence))
    if grade in grades:
        return Finding("grade_not_counted", scoring_model=name, grade=grade)
    return Finding("grade_other", scoring_model=name, grade=grade, grades=grades)


def _day(evidence: Mapping[str, Any]) -> str:
    """The day of the score, `2026-11-23`, of a time or its text."""
    return str(evidence["scored_at"])[:10]


def criteria_finding(evidence: Sequence[Mapping[str, Any]]) -> Finding:
    """All of them in one line."""
    return Finding("criteria", criteria=tuple(criterion_finding(one) for one in evidence))


def changes_finding(changed: Mapping[str, Mapping[str, Any]]) -> Finding:
    """`status_reason new -> marketing_qualified, sales_ready no -> yes`."""
    if not changed:
        return Finding("no_changes")
    return Finding(
        "changes",
        changes=tuple(
            Finding("change", field=name, before=one["from"], after=one["to"]) for name, one in changed.items()
        ),
    )


def model_finding(event: Mapping[str, Any]) -> Finding:
    """`enterprise v3`, with the qualification number unless it is the first."""
    model_id, version = event["qualification_model_id"], event["qualification_model_version"]
    number = event["qualification_number"]
    if number == 1:
        return Finding("model_version", id=model_id, version=version)
    return Finding("model_version_again", id=model_id, version=version, number=number)
