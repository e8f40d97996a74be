"""The decision: does this model qualify this lead now, and if not, why not. And what the lead remembers of it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from lead_qualifier.qualification.evidence import criteria_met, evidence, fallen, in_audience
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
    NOT_IN_AUDIENCE = "not_in_audience"
    CRITERIA_NOT_MET = "criteria_not_met"
    ALREADY_QUALIFIED = "already_qualified"
    COOLING_DOWN = "cooling_down"
    HOLDING = "holding"
    QUALIFIED = "qualified"

    # An enum hashes its members by name, in Python: too slow to count millions by, and not as the equal text does.
    __hash__ = str.__hash__


# This runs for every event: constants spare it the look-up in the enum.
_LEAD_MANAGEMENT_OFF = Outcome.LEAD_MANAGEMENT_OFF
_MODEL_NOT_LIVE = Outcome.MODEL_NOT_LIVE
_UNKNOWN_LEAD_INELIGIBLE = Outcome.UNKNOWN_LEAD_INELIGIBLE
_LEAD_NOT_OPEN = Outcome.LEAD_NOT_OPEN
_NOT_IN_AUDIENCE = Outcome.NOT_IN_AUDIENCE
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
    as_of: datetime | None = None,
    before: Mapping[str, Score] | None = None,
) -> Outcome | Qualification:
    """Decide, and hold on the lead what follows: the mark of a qualification, or a hold that begins now.

    `at`: `occurred_at` of the trigger. `now_ms`: the wall clock, in milliseconds since 1970. `as_of`: up to when the
    age of a score is counted; None: up to `at`. `before`: the scores as they were, where the trigger has changed one.
    With the origin `fast_track` the criteria need not be met, and nothing is held.
    """
    if before is not None and model.remembers:
        follow_scores(lead, model, rules, as_of or at, before)
    decided = decide(lead, model, rules, at, as_of=as_of, fast_track=origin == "fast_track")
    if type(decided) is Qualification:
        mark(lead, decided, trigger.event_id)
    elif decided is _HOLDING:
        running = lead.holds.get(model.id)
        if running is None or running.version != model.version:
            assert model.definition.hold is not None
            assert origin != "fast_track"
            due = after(from_milliseconds(now_ms), model.definition.hold)
            lead.holds[model.id] = Hold(model.version, due, at, origin, trigger)
    return decided


def end_hold(lead: Lead, model_id: str, rules: Rules, now: datetime) -> Outcome | Qualification | None:
    """The time of a hold is over: take it off the lead, and evaluate. None: its version runs no longer.

    `now`: the time by the clock, up to which the age of a score is counted.
    """
    hold = lead.holds.pop(model_id)
    model = rules.models.get(model_id)
    if model is None or model.version != hold.version:
        return None
    decided = decide(lead, model, rules, hold.at, as_of=now, held=True)
    if isinstance(decided, Qualification):
        mark(lead, decided, hold.trigger.event_id)
    return decided


def follow_scores(lead: Lead, model: RuledModel, rules: Rules, as_of: datetime, *stood: Mapping[str, Score]) -> None:
    """After a score: end the hold of a model whose criteria are no longer met, and note a fall below them.

    `stood`: the scores as they were before, of each lead that was qualified (several where leads were merged). They
    have fallen if they were above the floors of this version then: a new version that asks for more makes nobody fall.
    Whatever else stands in the way of a qualification: both are facts about the scores. `as_of`: up to when the age of
    a score is counted. For models that `remember` only.
    """
    if not model.live:
        return
    if model.id in lead.holds and not criteria_met(model, lead.scores, rules, as_of):
        del lead.holds[model.id]
    if model.definition.requalification.policy == "on_recross":
        before = lead.marks.get(model.id)
        if (
            before is not None
            and not before.dropped
            and fallen(model, lead.scores)
            and not all(fallen(model, scores) for scores in stood)
        ):
            lead.marks[model.id] = replace(before, dropped=True)


def decide(
    lead: Lead,
    model: RuledModel,
    rules: Rules,
    at: datetime,
    *,
    as_of: datetime | None = None,
    held: bool = False,
    fast_track: bool = False,
) -> Outcome | Qualification:
    """What `model` makes of `lead` because of something that occurred `at`. Changes nothing.

    `as_of`: up to when the age of a score is counted; None: up to `at`. `held`: the model's hold, if any, is over.
    `fast_track`: neither criteria nor hold count.
    """
    if as_of is None:
        as_of = at
    hindered = ineligibility(lead, model, rules, as_of)
    if hindered is not None and not (fast_track and hindered is _CRITERIA_NOT_MET):
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
    if model.definition.hold is not None and not held and not fast_track:
        return Outcome.HOLDING
    number = 1 if before is None else before.number + 1
    return Qualification(model, number, evidence(lead, model, rules, as_of), changes, at)


def is_open(lead: Lead | EligibilityView[Score] | EligibilityView[EligibilityScore]) -> bool:
    """Is the lead neither qualified by sales nor disqualified nor merged?"""
    return lead.status == OPEN and lead.status_reason != QUALIFIED and lead.merged_into is None


def ineligibility(
    lead: Lead | EligibilityView[Score] | EligibilityView[EligibilityScore],
    model: RuledModel,
    rules: Rules,
    as_of: datetime,
) -> Outcome | None:
    """Why the model cannot qualify the lead as it is now. None: it is eligible and meets the criteria.

    `as_of`: up to when the age of a score is counted. An AudienceView at least is needed where the model names an
    audience. The criteria come last.
    """
    if not rules.lead_management:
        return _LEAD_MANAGEMENT_OFF
    if not model.live:
        return _MODEL_NOT_LIVE
    if not lead.known and rules.unknown_leads == "ineligible":
        return _UNKNOWN_LEAD_INELIGIBLE
    if not is_open(lead):
        return _LEAD_NOT_OPEN
    if model.audience is not None and not in_audience(model, lead):
        return _NOT_IN_AUDIENCE
    if not criteria_met(model, lead.scores, rules, as_of):
        return _CRITERIA_NOT_MET
    return None
