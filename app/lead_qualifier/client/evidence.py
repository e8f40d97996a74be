"""A qualification in words: each criterion with score, threshold and met or not, and what changed on the lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def criterion_text(criterion: Mapping[str, Any]) -> str:
    """`engagement 83 >= 70 met`, of a criterion as lead-qualified carries it."""
    name, threshold = criterion["scoring_model_id"], criterion["threshold"]
    if "score" not in criterion:
        return f"{name} has no score, needs {number(threshold)}: not met"
    score = criterion["score"]
    if criterion["met"]:
        return f"{name} {number(score)} >= {number(threshold)} met"
    if score >= threshold:
        return f"{name} {number(score)} does not count, because the scoring model is not live: not met"
    return f"{name} {number(score)} < {number(threshold)} not met"


def criteria_text(criteria: Sequence[Mapping[str, Any]]) -> str:
    """All of them in one line."""
    return ", ".join(criterion_text(one) for one in criteria)


def changes_text(changes: Mapping[str, Mapping[str, Any]]) -> str:
    """`status_reason new -> marketing_qualified, sales_ready no -> yes`."""
    if not changes:
        return "no changes: it qualified again because its scores fell and rose"
    return ", ".join(f"{name} {value_text(one['from'])} -> {value_text(one['to'])}" for name, one in changes.items())


def model_text(event: Mapping[str, Any]) -> str:
    """`enterprise v3`, with the qualification number unless it is the first."""
    text = f"{event['qualification_model_id']} v{event['qualification_model_version']}"
    again = event["qualification_number"]
    return text if again == 1 else f"{text} (qualification {again})"


def number(value: float) -> str:
    """A number without a needless fraction: 70, not 70.0."""
    return f"{value:.10g}"


def value_text(value: object) -> str:
    """A field of a lead for people: `yes` rather than `True`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
