"""A model in words: its criteria as one formula, its hold, and when a lead can qualify again."""

from __future__ import annotations

from lead_qualifier.client.evidence import number
from lead_qualifier.messages.durations import duration_text
from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group, Match, Member
from lead_qualifier.qualification.models import OnRejection, QualificationModel, Recycling


def formula(definition: QualificationModel) -> str:
    """`all of engagement >= 70, any of (demographic >= 50, intent >= 60)`."""
    return _group(definition.match, definition.branches, definition.criteria)


def terms(definition: QualificationModel) -> str:
    """The formula, the hold, what lets a lead qualify again, and what a rejection by sales means. Defaults are left
    out.
    """
    parts = [formula(definition)]
    if definition.hold is not None:
        parts.append(f"held for {duration_text(definition.hold)}")
    again = definition.requalification
    if again.policy == "never":
        parts.append("only once")
    if again.policy == "on_recross":
        parts.append("again on recross")
    if again.cool_down:
        parts.append(f"again after at least {duration_text(again.cool_down)}")
    if definition.on_rejection is not None:
        parts.append(_rejected(definition.on_rejection))
    return "; ".join(parts)


def _rejected(rule: OnRejection) -> str:
    reasons = [f"for {reason} {_recycled(recycling)}" for reason, recycling in rule.reasons.items()]
    return ", ".join([f"rejected by sales: {_recycled(rule.otherwise)}", *reasons])


def _recycled(recycling: Recycling) -> str:
    if not recycling.requalify:
        return "not again"
    return "again immediately" if recycling.cool_down is None else f"again after {duration_text(recycling.cool_down)}"


def _group(match: Match, members: tuple[Member, ...], criteria: tuple[Criterion, ...]) -> str:
    how = f"at least {match.at_least}" if isinstance(match, AtLeast) else match
    shown = [
        f"({_group(one.match, one.members, criteria)})" if isinstance(one, Group) else _criterion(criteria[one])
        for one in members
    ]
    return f"{how} of {', '.join(shown)}"


def _criterion(criterion: Criterion) -> str:
    text = f"{criterion.scoring_model} >= {number(criterion.threshold)}"
    return text if criterion.drop_below is None else f"{text} (fallen below {number(criterion.drop_below)})"
