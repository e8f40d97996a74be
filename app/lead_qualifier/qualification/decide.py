"""The decision: does this model qualify this lead now, and if not, why not. And what the lead remembers of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from lead_qualifier.qualification.criteria import CriterionEvidence, Group, Match, Member, required
from lead_qualifier.qualification.flags import FlagChanges
from lead_qualifier.qualification.lead_fields import OPEN, QUALIFIED
from lead_qualifier.qualification.leads import (
    EligibilityScore,
    EligibilityView,
    Hold,
    Lead,
    Origin,
    Qualification,
    Score,
    Trigger,
    mark,
)
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.qualification.utc import after, from_milliseconds


class Outcome(StrEnum):
    """What became of one event at one model. The first that applies, in this order, is the outcome."""

    STALE_SCORE = "stale_score"
    LEAD_MANAGEMENT_OFF = "lead_management_off"
    MODEL_NOT_LIVE = "model_not_live"
    UNKNOWN_LEAD_INELIGIBLE = "unknown_lead_ineligible"
    LEAD_NOT_OPEN = "lead_not_open"
    CRITERIA_NOT_MET = "criteria_not_met"
    ALREADY_QUALIFIED = "already_qualified"
    COOLING_DOWN = "cooling_down"
    HOLDING = "holding"
    QUALIFIED = "qualified"

    # An enum hashes its members by name, in Python: too slow to count millions by, and not as the equal text does.
    __hash__ = str.__hash__


class Difference(StrEnum):
    """Whose criteria a lead's scores meet: both versions', neither's, the draft's only, or the live one's only."""

    BOTH = "both"
    NEITHER = "neither"
    NEWLY_QUALIFYING = "newly_qualifying"
    NO_LONGER_QUALIFYING = "no_longer_qualifying"

    __hash__ = str.__hash__  # as of outcomes: this is counted for every score


# This runs for every event: constants spare it the look-up in the enum.
_LEAD_MANAGEMENT_OFF = Outcome.LEAD_MANAGEMENT_OFF
_MODEL_NOT_LIVE = Outcome.MODEL_NOT_LIVE
_UNKNOWN_LEAD_INELIGIBLE = Outcome.UNKNOWN_LEAD_INELIGIBLE
_LEAD_NOT_OPEN = Outcome.LEAD_NOT_OPEN
_CRITERIA_NOT_MET = Outcome.CRITERIA_NOT_MET
_HOLDING = Outcome.HOLDING


def evaluate(
    lead: Lead,
    model: RuledModel,
    rules: Rules,
    at: datetime,
    *,
    now_ms: float,
    origin: Origin,
    trigger: Trigger,
    before: Mapping[str, Score] | None = None,
) -> Outcome | Qualification:
    """Decide, and hold on the lead what follows: the mark of a qualification, or a hold that begins now.

    `at`: `occurred_at` of the trigger. `now_ms`: the wall clock, in milliseconds since 1970. `before`: the scores as
    they were, where the trigger has changed one.
    """
    if before is not None and model.remembers:
        follow_scores(lead, model, rules, before)
    decided = decide(lead, model, rules, at)
    if type(decided) is Qualification:
        mark(lead, decided, trigger.event_id)
    elif decided is _HOLDING:
        running = lead.holds.get(model.id)
        if running is None or running.version != model.version:
            assert model.definition.hold is not None
            due = after(from_milliseconds(now_ms), model.definition.hold)
            lead.holds[model.id] = Hold(model.version, due, at, origin, trigger)
    return decided


def end_hold(lead: Lead, model_id: str, rules: Rules) -> Outcome | Qualification | None:
    """The time of a hold is over: take it off the lead, and evaluate. None: its version runs no longer."""
    hold = lead.holds.pop(model_id)
    model = rules.models.get(model_id)
    if model is None or model.version != hold.version:
        return None
    decided = decide(lead, model, rules, hold.at, held=True)
    if isinstance(decided, Qualification):
        mark(lead, decided, hold.trigger.event_id)
    return decided


def follow_scores(lead: Lead, model: RuledModel, rules: Rules, *stood: Mapping[str, Score]) -> None:
    """After a score: end the hold of a model whose criteria are no longer met, and note a fall below them.

    `stood`: the scores as they were before, of each lead that was qualified (several where leads were merged). They
    have fallen if they were above the floors of this version then: a new version that asks for more makes nobody fall.
    Whatever else stands in the way of a qualification: both are facts about the scores. For models that `remember`
    only.
    """
    if not model.live:
        return
    if model.id in lead.holds and not criteria_met(model, lead.scores, rules):
        del lead.holds[model.id]
    if model.definition.requalification.policy == "on_recross":
        before = lead.marks.get(model.id)
        if (
            before is not None
            and not before.dropped
            and _fallen(model, lead.scores)
            and not all(_fallen(model, scores) for scores in stood)
        ):
            lead.marks[model.id] = replace(before, dropped=True)


def decide(lead: Lead, model: RuledModel, rules: Rules, at: datetime, *, held: bool = False) -> Outcome | Qualification:
    """What `model` makes of `lead` because of something that occurred `at`. Changes nothing.

    `held`: the model's hold, if any, is over.
    """
    hindered = ineligibility(lead, model, rules)
    if hindered is not None:
        return hindered
    requalification = model.definition.requalification
    before = lead.marks.get(model.id)
    recrossed = before is not None and before.dropped and requalification.policy == "on_recross"
    if before is not None and before.barred:
        return Outcome.ALREADY_QUALIFIED
    if before is not None and not recrossed and (not before.cleared or requalification.policy == "never"):
        return Outcome.ALREADY_QUALIFIED
    changes: FlagChanges = {
        flag.name: (value, flag.qualified)
        for flag in model.flags
        if (value := getattr(lead, flag.name)) != flag.qualified
    }
    if not changes and not recrossed:
        return Outcome.ALREADY_QUALIFIED
    cool_down = requalification.cool_down
    # Subtracting cannot leave the range of dates, adding the cool-down could.
    if before is not None and cool_down and at - before.at < cool_down:
        return Outcome.COOLING_DOWN
    if before is not None and before.not_before is not None and at < before.not_before:
        return Outcome.COOLING_DOWN
    if model.definition.hold is not None and not held:
        return Outcome.HOLDING
    number = 1 if before is None else before.number + 1
    return Qualification(model, number, evidence(lead, model, rules), changes, at)


def ineligibility(lead: Lead | EligibilityView, model: RuledModel, rules: Rules) -> Outcome | None:
    """Why the model cannot qualify the lead as it is now. None: it is eligible and meets the criteria."""
    if not rules.lead_management:
        return _LEAD_MANAGEMENT_OFF
    if not model.live:
        return _MODEL_NOT_LIVE
    if not lead.known and rules.unknown_leads == "ineligible":
        return _UNKNOWN_LEAD_INELIGIBLE
    if lead.status != OPEN or lead.status_reason == QUALIFIED or lead.merged_into is not None:
        return _LEAD_NOT_OPEN
    if not criteria_met(model, lead.scores, rules):
        return _CRITERIA_NOT_MET
    return None


def criteria_met(model: RuledModel, scores: Mapping[str, Score] | Mapping[str, EligibilityScore], rules: Rules) -> bool:
    """Do these scores meet the model's criteria, where only those on live scoring models count?"""
    live = rules.live_scoring_models
    if model.definition.members:
        stands = [
            (score := scores.get(name)) is not None and score.value >= threshold and name in live
            for name, threshold in model.checks
        ]
        return group_met(model.definition.match, model.definition.members, stands)
    may_miss = model.may_miss
    for name, threshold in model.checks:
        score = scores.get(name)
        if score is None or score.value < threshold or name not in live:
            if not may_miss:
                return False
            may_miss -= 1
    return True


def _fallen(model: RuledModel, scores: Mapping[str, Score]) -> bool:
    """Have these scores fallen so far that rising to the thresholds would be a new qualification?

    Whether scoring models are live plays no part: nobody's score falls because an engine is stopped.
    """
    stands = [(score := scores.get(name)) is not None and score.value >= floor for name, floor in model.floors]
    return not group_met(model.definition.match, model.definition.branches, stands)


def group_met(match: Match, members: Sequence[Member], stands: Sequence[bool]) -> bool:
    """Is a group of these members met, where `stands` says of each criterion of the model whether it is?"""
    missing = len(members) - required(match, len(members))
    for member in members:
        if not (group_met(member.match, member.members, stands) if isinstance(member, Group) else stands[member]):
            if not missing:
                return False
            missing -= 1
    return True


def difference(lead: Lead, model: RuledModel, rules: Rules) -> Difference:
    """How the draft in the shadow of `model` differs from it about this lead, by the criteria alone.

    Neither status nor marks play a part: they would hide what a lead that is closed or qualified already shows. Without
    a shadow there is no difference.
    """
    now = criteria_met(model, lead.scores, rules)
    then = now if model.shadow is None else criteria_met(model.shadow, lead.scores, rules)
    if now:
        return Difference.BOTH if then else Difference.NO_LONGER_QUALIFYING
    return Difference.NEWLY_QUALIFYING if then else Difference.NEITHER


def evidence(lead: Lead, model: RuledModel, rules: Rules) -> tuple[CriterionEvidence, ...]:
    """How each of the model's criteria stands for this lead, in the order of the definition."""
    stood = []
    for scoring_model, threshold in model.checks:
        score = lead.scores.get(scoring_model)
        if score is None:
            stood.append(CriterionEvidence(scoring_model, threshold, False))
        else:
            met = score.value >= threshold and scoring_model in rules.live_scoring_models
            stood.append(CriterionEvidence(scoring_model, threshold, met, score.value, score.at))
    return tuple(stood)
