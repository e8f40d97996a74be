"""Why a lead is qualified or not: each model's criteria as they stand, what is missing, and what would happen now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lead_qualifier.client.conditions import unmet
from lead_qualifier.client.formula import formula
from lead_qualifier.messages.durations import duration_text
from lead_qualifier.qualification.conditions import holds, values_of
from lead_qualifier.qualification.criteria import Criterion, CriterionEvidence, required
from lead_qualifier.qualification.decide import Outcome, decide
from lead_qualifier.qualification.evidence import evidence, in_audience
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.leads import Lead, Mark, Qualification
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.qualification.utc import after


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What one model makes of a lead. `outcome`: that of its next score if this changed nothing."""

    model: RuledModel
    outcome: Outcome
    reason: Finding
    """Why the outcome is what it is, with what is missing or what to do."""
    criteria: tuple[CriterionEvidence, ...]
    missing: tuple[Finding, ...]
    """For each criterion that is not met, what is missing."""
    in_audience: bool | None
    """None: the model is about all leads."""
    fast_track: Finding | None
    """How the lead stands to the fast track. None: the model has none."""


def explain(lead: Lead, rules: Rules, now: datetime) -> list[Explained]:
    """Every model in the order of their ids, live or not."""
    return [_explain(lead, model, rules, now) for model in rules.models.values()]


def reopened(lead: Lead) -> list[Finding]:
    """By model, what has happened to the lead's qualifications since: reset by the CRM, or rejected by sales."""
    return [_since(model_id, mark) for model_id, mark in lead.marks.items() if mark.cleared or mark.barred]


def _since(model_id: str, mark: Mark) -> Finding:
    if mark.rejected is None:
        return Finding("reset", model=model_id)
    if mark.barred:
        return Finding("barred", model=model_id, rejected_at=mark.rejected)
    if mark.not_before is None:
        return Finding("rejected", model=model_id, rejected_at=mark.rejected)
    return Finding("rejected_until", model=model_id, rejected_at=mark.rejected, not_before=mark.not_before)


def _explain(lead: Lead, model: RuledModel, rules: Rules, now: datetime) -> Explained:
    decided = decide(lead, model, rules, now)
    outcome = Outcome.QUALIFIED if isinstance(decided, Qualification) else decided
    criteria = evidence(lead, model, rules, now)
    stood = zip(model.definition.criteria, criteria, strict=True)
    missing = tuple(_lacks(criterion, one, rules) for criterion, one in stood if not one.met)
    return Explained(
        model=model,
        outcome=outcome,
        reason=_reason(outcome, lead, model, missing, lead.marks.get(model.id)),
        criteria=criteria,
        missing=missing,
        in_audience=None if model.audience is None else in_audience(model, lead),
        fast_track=_fast_track(lead, model),
    )


def _fast_track(lead: Lead, model: RuledModel) -> Finding | None:
    if model.fast_track is None:
        return None
    values = values_of(lead)
    if holds(model.fast_track, values):
        return Finding("fast_track_met")
    return Finding("fast_track_not_met", unmet=unmet(model.fast_track, values))


def _lacks(criterion: Criterion, stood: CriterionEvidence, rules: Rules) -> Finding:
    name, threshold = criterion.scoring_model, criterion.threshold
    if name not in rules.live_scoring_models:
        return Finding("lacks_live_scoring_model", scoring_model=name)
    expired_on, max_age = _expiry(criterion, stood)
    if threshold is not None:
        if stood.score is None:
            return Finding("lacks_score", scoring_model=name, threshold=threshold)
        if stood.expired:
            return Finding("lacks_fresh_score", scoring_model=name, score=stood.score, day=expired_on, max_age=max_age)
        return Finding("lacks_points", scoring_model=name, points=threshold - stood.score)
    if stood.grade is None:
        return Finding("lacks_grade", scoring_model=name, grades=criterion.grades)
    if stood.expired:
        return Finding("lacks_fresh_grade", scoring_model=name, grade=stood.grade, day=expired_on, max_age=max_age)
    return Finding("lacks_other_grade", scoring_model=name, grade=stood.grade, grades=criterion.grades)


def _expiry(criterion: Criterion, stood: CriterionEvidence) -> tuple[str, str]:
    """The day on which the score expired or will, and the age at which it does; empty if there is none."""
    if criterion.max_age is None or stood.scored_at is None:
        return "", ""
    return after(stood.scored_at, criterion.max_age).date().isoformat(), duration_text(criterion.max_age)


def _reason(
    outcome: Outcome, lead: Lead, model: RuledModel, missing: tuple[Finding, ...], mark: Mark | None
) -> Finding:
    match outcome:
        case Outcome.LEAD_MANAGEMENT_OFF:
            return Finding("nothing_qualifies")
        case Outcome.MODEL_NOT_LIVE:
            return Finding("model_not_live", id=model.id)
        case Outcome.UNKNOWN_LEAD_INELIGIBLE:
            return Finding("unknown_lead")
        case Outcome.LEAD_NOT_OPEN if lead.merged_into is not None:
            return Finding("lead_merged", survivor=lead.merged_into)
        case Outcome.LEAD_NOT_OPEN:
            return Finding("lead_closed", status=lead.status, status_reason=lead.status_reason)
        case Outcome.NOT_IN_AUDIENCE:
            assert model.audience is not None
            return Finding("outside_audience", unmet=unmet(model.audience, values_of(lead)))
        case Outcome.CRITERIA_NOT_MET if model.definition.members:
            return Finding("formula_not_met", formula=formula(model.definition), missing=missing)
        case Outcome.CRITERIA_NOT_MET:
            count = len(model.definition.criteria)
            needed = required(model.definition.match, count)
            return Finding("criteria_not_met", met=count - len(missing), count=count, needed=needed, missing=missing)
        case Outcome.ALREADY_QUALIFIED:
            return _already(model, mark)
        case Outcome.HOLDING:
            return _holding(lead, model)
        case Outcome.COOLING_DOWN:
            assert mark is not None
            return _cooling_down(model, mark)
        case _:
            return Finding("everything_met")


def _cooling_down(model: RuledModel, mark: Mark) -> Finding:
    """There are two: the model's, from the qualification, and the rejection's. The later one counts."""
    cool_down = model.definition.requalification.cool_down
    # Subtracting cannot leave the range of dates, adding the cool-down could.
    if mark.not_before is not None and (cool_down is None or mark.not_before - mark.at >= cool_down):
        assert mark.rejected is not None
        return Finding("cooling_down_after_rejection", rejected_at=mark.rejected, not_before=mark.not_before)
    again = "" if cool_down is None else duration_text(cool_down)
    return Finding("cooling_down", qualified_at=mark.at, cool_down=again)


def _already(model: RuledModel, mark: Mark | None) -> Finding:
    if mark is None:
        return Finding("nothing_would_change")
    if model.definition.requalification.policy == "never":
        return Finding("qualified_for_good", version=mark.version)
    if mark.barred and mark.rejected is not None:
        return Finding("rejected_for_good", rejected_at=mark.rejected)
    if mark.cleared:
        return Finding(
            "set_again_since_reset" if mark.rejected is None else "set_again_since_rejection", version=mark.version
        )
    recross = model.definition.requalification.policy == "on_recross"
    return Finding("qualified_until_recross" if recross else "qualified_until_reset", version=mark.version)


def _holding(lead: Lead, model: RuledModel) -> Finding:
    assert model.definition.hold is not None
    hold = lead.holds.get(model.id)
    if hold is None or hold.version != model.version:
        return Finding("hold_not_started", hold=duration_text(model.definition.hold))
    return Finding("hold_runs", due=hold.due)
