"""A model in words: its criteria as one formula, its hold, and when a lead can qualify again."""

from __future__ import annotations

from lead_qualifier.client.conditions import condition_finding
from lead_qualifier.messages.durations import duration_text
from lead_qualifier.qualification.conditions import condition_of
from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group, Match, Member
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.models import OnRejection, QualificationModel, Recycling


def formula(definition: QualificationModel) -> Finding:
    """`all of engagement >= 70 (max_age 90d), any of (demographic >= 50, fit grade A or B)`."""
    return _group(definition.match, definition.branches, definition.criteria)


def terms(definition: QualificationModel) -> Finding:
    """The formula, the conditions, the hold, what lets a lead qualify again, and what a rejection by sales means.
    Defaults are left out.
    """
    parts = [formula(definition)]
    if definition.audience is not None:
        parts.append(Finding("only_leads_where", condition=condition_finding(condition_of(definition.audience))))
    if definition.fast_track is not None:
        parts.append(Finding("fast_track_when", condition=condition_finding(condition_of(definition.fast_track))))
    if definition.hold is not None:
        parts.append(Finding("held_for", hold=duration_text(definition.hold)))
    again = definition.requalification
    if again.policy == "never":
        parts.append(Finding("only_once"))
    if again.policy == "on_recross":
        parts.append(Finding("again_on_recross"))
    if again.cool_down:
        parts.append(Finding("again_after_cool_down", cool_down=duration_text(again.cool_down)))
    if definition.on_rejection is not None:
        parts.append(_rejected(definition.on_rejection))
    return Finding("terms", terms=tuple(parts))


def _rejected(rule: OnRejection) -> Finding:
    reasons = (Finding("rejected_for", reason=reason, rule=_recycled(one)) for reason, one in rule.reasons.items())
    return Finding("on_rejection", rules=(_recycled(rule.otherwise), *reasons))


def _recycled(recycling: Recycling) -> Finding:
    if not recycling.requalify:
        return Finding("not_again")
    if recycling.cool_down is None:
        return Finding("again_immediately")
    return Finding("again_after", cool_down=duration_text(recycling.cool_down))


def _group(match: Match, members: tuple[Member, ...], criteria: tuple[Criterion, ...]) -> Finding:
    shown = tuple(
        Finding("group", formula=_group(one.match, one.members, criteria))
        if isinstance(one, Group)
        else _criterion(criteria[one])
        for one in members
    )
    if isinstance(match, AtLeast):
        return Finding("at_least_of", count=match.at_least, members=shown)
    return Finding("all_of" if match == "all" else "any_of", members=shown)


def _criterion(criterion: Criterion) -> Finding:
    name, more = criterion.scoring_model, []
    if criterion.threshold is None:
        asked = Finding("criterion_with_grades", scoring_model=name, grades=criterion.grades)
    else:
        asked = Finding("criterion", scoring_model=name, threshold=criterion.threshold)
    if criterion.drop_below is not None:
        more.append(Finding("fallen_below", drop_below=criterion.drop_below))
    if criterion.max_age is not None:
        more.append(Finding("with_max_age", max_age=duration_text(criterion.max_age)))
    return Finding("criterion_with_terms", criterion=asked, terms=tuple(more)) if more else asked
