"""The decision: does this model qualify this lead now, and if not, why not."""

import json
from datetime import datetime
from enum import StrEnum
from hashlib import sha1
from uuid import UUID

from msgspec import Struct

from lead_qualifier.qualification.criteria import CriterionEvidence
from lead_qualifier.qualification.flags import FlagChanges
from lead_qualifier.qualification.leads import OPEN, QUALIFIED, EligibilityView, Lead, Mark
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.qualification.utc import in_utc


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


class Qualification(Struct, frozen=True):
    """The outcome `qualified` and what it consists of.

    `number`: which qualification by this model, from 1. `criteria`: how each one stood. `changes`: (from, to)
    of each attribute that changes, empty only where the lead is marked and its scores crossed the criteria again. `at`:
    `occurred_at` of the trigger, in UTC.
    """

    model: RuledModel
    number: int
    criteria: tuple[CriterionEvidence, ...]
    changes: FlagChanges
    at: datetime


# decide() runs for every event: constants spare it the look-up in the enum.
_STALE_SCORE = Outcome.STALE_SCORE
_LEAD_MANAGEMENT_OFF = Outcome.LEAD_MANAGEMENT_OFF
_MODEL_NOT_LIVE = Outcome.MODEL_NOT_LIVE
_UNKNOWN_LEAD_INELIGIBLE = Outcome.UNKNOWN_LEAD_INELIGIBLE
_LEAD_NOT_OPEN = Outcome.LEAD_NOT_OPEN
_CRITERIA_NOT_MET = Outcome.CRITERIA_NOT_MET


def decide(
    lead: Lead, model: RuledModel, rules: Rules, at: datetime, *, stale: bool = False, held: bool = False
) -> Outcome | Qualification:
    """What `model` makes of `lead` because of something that occurred `at`. Changes nothing; see mark() and holds.py.

    `stale`: the score that triggers this is older than the one held. `held`: the model's hold, if any, is over.
    """
    if stale:
        return _STALE_SCORE
    hindered = ineligibility(lead, model, rules)
    return _criteria_met(lead, model, rules, at, held=held) if hindered is None else hindered


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
    if not model.met(lead.scores, rules.live_scoring_models):
        return _CRITERIA_NOT_MET
    return None


def _criteria_met(lead: Lead, model: RuledModel, rules: Rules, at: datetime, *, held: bool) -> Outcome | Qualification:
    requalification = model.definition.requalification
    before = lead.marks.get(model.id)
    recrossed = before is not None and before.dropped and requalification.policy == "on_recross"
    if before is not None and before.barred:
        return Outcome.ALREADY_QUALIFIED
    if before is not None and not recrossed and (not before.cleared or requalification.policy == "never"):
        return Outcome.ALREADY_QUALIFIED
    changes = _changes(lead, model)
    if not changes and not recrossed:
        return Outcome.ALREADY_QUALIFIED
    at = in_utc(at)
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


def _changes(lead: Lead, model: RuledModel) -> FlagChanges:
    return {
        flag.name: (value, flag.qualified)
        for flag in model.flags
        if (value := getattr(lead, flag.name)) != flag.qualified
    }


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


def mark(lead: Lead, qualification: Qualification, trigger_event_id: str) -> None:
    """Carry a qualification out on the lead: set the flags it changes and hold the mark of its model."""
    at = qualification.at
    for name, (_, value) in qualification.changes.items():
        setattr(lead, name, value)
    model = qualification.model
    lead.holds.pop(model.id, None)
    lead.marks[model.id] = Mark(model.version, qualification.number, at, trigger_event_id)
    # Where the scores crossed the criteria again and nothing is left to change, the flags are meant all the same.
    flags = tuple(qualification.changes) or model.definition.actions.flags
    if lead.qualified_at is None or at > lead.qualified_at:
        lead.qualified_at = at
        lead.qualified_flags = flags
    elif at == lead.qualified_at:
        # Two models, one event: both are the newest qualification.
        lead.qualified_flags += tuple(flag for flag in flags if flag not in lead.qualified_flags)


_text = json.encoder.encode_basestring_ascii
_EVENT_IDS = UUID("5b0f7e52-6d0c-5a43-9a5e-3c1d8f2b7a64")


def qualification_event_id(lead_id: str, model_id: str, version: int, number: int, trigger_event_id: str) -> str:
    """The id of a lead-qualified event: the same for the same qualification, however often it is computed."""
    # As a JSON array no part can run into the next.
    name = f"[{_text(lead_id)}, {_text(model_id)}, {version}, {number}, {_text(trigger_event_id)}]"
    # uuid.uuid5(_EVENT_IDS, name), which takes longer than the decision
    digest = bytearray(sha1(_EVENT_IDS.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
