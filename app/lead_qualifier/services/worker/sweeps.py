"""Sweeps: the publish of a model evaluates the known leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from lead_qualifier.engine import ProcessorContext
from lead_qualifier.messages.plausible_time import PlausibleTime
from lead_qualifier.messages.topics import QUALIFICATION_COMMANDS
from lead_qualifier.qualification.decide import Outcome, evaluate, ineligibility
from lead_qualifier.qualification.leads import (
    AudienceView,
    EligibilityScore,
    EligibilityView,
    Lead,
    Score,
    Trigger,
)
from lead_qualifier.qualification.merging import holds_nothing
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.qualification.utc import from_milliseconds
from lead_qualifier.services.worker.lead_events import LeadEvents

_View = EligibilityView[Score] | EligibilityView[EligibilityScore]

_decode_view: Callable[[bytes], _View] = msgspec.json.Decoder(EligibilityView[EligibilityScore]).decode
_decode_view_with_scores: Callable[[bytes], _View] = msgspec.json.Decoder(EligibilityView[Score]).decode
_decode_audience_view: Callable[[bytes], _View] = msgspec.json.Decoder(AudienceView).decode


class Sweeps:
    """Part of the processor of leads. Counts ("outcome", model id, outcome) and "swept"."""

    def __init__(self, *, times: PlausibleTime, events: LeadEvents) -> None:
        self._times = times
        self._events = events

    def prefilter(self, keys: Sequence[bytes], context: ProcessorContext, rules: Rules, swept: int) -> Sequence[bytes]:
        """Count the outcomes of the known leads that cannot qualify, which are nearly all; returns the others.

        `swept`: the revision up to which models have been swept.
        """
        models = self._published_since(swept, rules, context)
        decode = _decoder_for([model for model, _ in models])
        stored = context.stored
        to_sweep: list[bytes] = []
        counted: dict[tuple[str, str, str], int] = {}
        outcomes: list[Outcome] = []
        for key in keys:
            raw = stored(key)
            if raw is None:
                to_sweep.append(key)
                continue
            try:
                lead = decode(raw)
            except (msgspec.DecodeError, ValueError, RecursionError):
                to_sweep.append(key)  # which says what is wrong with it
                continue
            if not (lead.known or lead.scores):
                to_sweep.append(key)  # erased, perhaps
                continue
            outcomes.clear()
            for model, at in models:
                outcome = ineligibility(lead, model, rules, at)
                if outcome is None:
                    to_sweep.append(key)
                    break
                outcomes.append(outcome)
            else:
                for (model, _), outcome in zip(models, outcomes, strict=True):
                    counts = "outcome", model.id, outcome
                    counted[counts] = counted.get(counts, 0) + 1
        context.counts.update(counted)
        context.counts["swept"] += len(keys) - len(to_sweep)
        return to_sweep

    def sweep(self, key: bytes, lead: Lead, context: ProcessorContext, rules: Rules, swept: int) -> None:
        """Evaluate a known lead by the models published since revision `swept`."""
        if holds_nothing(lead):
            return  # erased since the walk began
        changed = False
        for model, at in self._published_since(swept, rules, context):
            command = model.publish_command_id or ""
            trigger = Trigger(command, QUALIFICATION_COMMANDS.name, 0, model.publish_command_offset)
            outcome = evaluate(lead, model, rules, at, now_ms=context.now_ms, origin="sweep", trigger=trigger)
            changed |= self._events.evaluated(key, lead, model.id, outcome, "sweep", trigger, context)
        if changed:
            context.put(key, lead)
        context.counts["swept"] += 1

    def _published_since(
        self, swept: int, rules: Rules, context: ProcessorContext
    ) -> list[tuple[RuledModel, datetime]]:
        """The models that evaluate existing leads and were published since revision `swept`, and when they were."""
        latest = self._times.latest(context.now_ms)
        return [
            # older versions accepted a publish that was dated in the future
            (model, at if at <= latest else from_milliseconds(context.now_ms))
            for model in rules.evaluating_existing_leads
            if model.published_revision > swept and (at := model.published_at) is not None
        ]


def _decoder_for(models: Sequence[RuledModel]) -> Callable[[bytes], _View]:
    """The decoder that reads as little of a lead as deciding its eligibility for these models takes."""
    if any(model.audience is not None for model in models):
        return _decode_audience_view
    return _decode_view_with_scores if any(model.asks_more for model in models) else _decode_view
