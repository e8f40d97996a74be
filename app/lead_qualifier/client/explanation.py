"""Why a lead is qualified or not: each model's criteria as they stand, what is missing, and what would happen now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lead_qualifier.client.evidence import number
from lead_qualifier.client.formula import formula
from lead_qualifier.messages.durations import duration_text
from lead_qualifier.qualification.criteria import CriterionEvidence, required
from lead_qualifier.qualification.decide import Outcome, decide, evidence
from lead_qualifier.qualification.leads import Lead, Mark, Qualification
from lead_qualifier.qualification.rules import RuledModel, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What one model makes of a lead. `outcome`: that of its next score if this changed nothing."""

    model: RuledModel
    outcome: Outcome
    reason: str
    """The outcome for a person, with what is missing or what to do."""
    criteria: tuple[CriterionEvidence, ...]
    missing: tuple[str, ...]
    """For each criterion that is not met, what is missing."""


def explain(lead: Lead, rules: Rules, now: datetime) -> list[Explained]:
    """Every model in the order of their ids, live or not."""
    return [_explain(lead, model, rules, now) for model in rules.models.values()]


def reopened(lead: Lead) -> list[str]:
    """By model, what has happened to the lead's qualifications since: reset by the CRM, or rejected by sales."""
    found = []
    for model_id, mark in lead.marks.items():
        since = (
            "reset by the CRM since" if mark.rejected is None else f"rejected by sales at {mark.rejected.isoformat()}"
        )
        if mark.barred:
            found.append(f"{since}: {model_id} does not qualify it again")
        elif mark.cleared:
            until = "" if mark.not_before is None else f" from {mark.not_before.isoformat()}"
            found.append(f"{since}: {model_id} may qualify it again{until}")
    return found


def _explain(lead: Lead, model: RuledModel, rules: Rules, now: datetime) -> Explained:
    decided = decide(lead, model, rules, now)
    outcome = Outcome.QUALIFIED if isinstance(decided, Qualification) else decided
    criteria = evidence(lead, model, rules)
    missing = tuple(_lacks(one, rules) for one in criteria if not one.met)
    return Explained(
        model=model,
        outcome=outcome,
        reason=_reason(outcome, lead, model, missing, lead.marks.get(model.id)),
        criteria=criteria,
        missing=missing,
    )


def _lacks(criterion: CriterionEvidence, rules: Rules) -> str:
    name = criterion.scoring_model_id
    if name not in rules.live_scoring_models:
        return f"{name}: the scoring model is not live, so no score counts (lead-qualifier scoring-model set)"
    if criterion.score is None:
        return f"{name}: no score yet, needs {number(criterion.threshold)}"
    return f"{name}: {number(criterion.threshold - criterion.score)} more"


def _reason(outcome: Outcome, lead: Lead, model: RuledModel, missing: tuple[str, ...], mark: Mark | None) -> str:
    match outcome:
        case Outcome.LEAD_MANAGEMENT_OFF:
            return "lead management is off: nothing qualifies (lead-qualifier feature enable lead-management)"
        case Outcome.MODEL_NOT_LIVE:
            return f"the model is not live (lead-qualifier model publish {model.id})"
        case Outcome.UNKNOWN_LEAD_INELIGIBLE:
            return "the CRM has sent nothing about this lead yet, and LEAD_QUALIFIER_UNKNOWN_LEADS is ineligible"
        case Outcome.LEAD_NOT_OPEN if lead.merged_into is not None:
            return f"the lead was merged into {lead.merged_into}: only that one can qualify"
        case Outcome.LEAD_NOT_OPEN:
            return f"the lead is closed: status {lead.status}, reason {lead.status_reason}"
        case Outcome.CRITERIA_NOT_MET:
            if model.definition.members:
                return f"not met: {formula(model.definition)}; missing per criterion: {'; '.join(missing)}"
            count = len(model.definition.criteria)
            needed = required(model.definition.match, count)
            return f"{count - len(missing)} of {count} criteria met, {needed} needed: {'; '.join(missing)}"
        case Outcome.ALREADY_QUALIFIED:
            return _already(model, mark)
        case Outcome.HOLDING:
            return _holding(lead, model)
        case Outcome.COOLING_DOWN:
            assert mark is not None
            return _cooling_down(model, mark)
        case _:
            return "everything is met: it qualifies with its next score"


def _cooling_down(model: RuledModel, mark: Mark) -> str:
    """There are two: the model's, from the qualification, and the rejection's. The later one counts."""
    cool_down = model.definition.requalification.cool_down
    # Subtracting cannot leave the range of dates, adding the cool-down could.
    if mark.not_before is not None and (cool_down is None or mark.not_before - mark.at >= cool_down):
        assert mark.rejected is not None
        return f"rejected by sales at {mark.rejected.isoformat()}; may qualify again from {mark.not_before.isoformat()}"
    again = "" if cool_down is None else duration_text(cool_down)
    return f"qualified at {mark.at.isoformat()}; may qualify again {again} later"


def _already(model: RuledModel, mark: Mark | None) -> str:
    if mark is None:
        return "nothing would change: the lead already has what the model's actions set"
    if model.definition.requalification.policy == "never":
        return f"qualified by version {mark.version}, and this model qualifies a lead only once"
    if mark.barred and mark.rejected is not None:
        rejected = mark.rejected.isoformat()
        return f"permanently rejected by sales at {rejected}, until the CRM resets a flag or reopens the lead"
    if mark.cleared:
        since = "reset" if mark.rejected is None else "rejected by sales"
        return (
            f"qualified by version {mark.version}, {since} since; but the lead already has what the model's actions set"
        )
    again = "the CRM resets a flag or reopens the lead"
    if model.definition.requalification.policy == "on_recross":
        again += ", or its scores fall below the criteria and rise again"
    return f"qualified by version {mark.version}; it can qualify again once {again}"


def _holding(lead: Lead, model: RuledModel) -> str:
    assert model.definition.hold is not None
    hold = lead.holds.get(model.id)
    if hold is None or hold.version != model.version:
        return f"the criteria are met; its next score starts the hold of {duration_text(model.definition.hold)}"
    return f"the criteria are met; it qualifies at {hold.due.isoformat()} if they stay met"
