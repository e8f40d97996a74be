"""The processor of leads: scores, CRM changes, merges and responses of sales in; lead states and events out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from typing_extensions import override

from lead_qualifier.engine import Processor, ProcessorContext, Record, Rejected, Timer, timers_in
from lead_qualifier.messages.decode import (
    ChangedLead,
    ErasedLead,
    decode_lead_changed,
    decode_lead_merged,
    decode_sales_response,
    decode_score,
)
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, PlausibleTime
from lead_qualifier.messages.topics import (
    LEAD_CHANGED,
    LEAD_HANDOVERS,
    LEAD_MERGED,
    LEAD_SALES_RESPONSE,
    LEAD_SCORE_CHANGED,
)
from lead_qualifier.qualification.decide import Outcome, end_hold, evaluate
from lead_qualifier.qualification.lead_changes import MetByModel, conditions_met, follow_change
from lead_qualifier.qualification.leads import (
    ChangeResult,
    Lead,
    Trigger,
    apply_change,
    forget_implausible_times,
    record_score,
)
from lead_qualifier.qualification.merging import Response, begins_afresh, holds_nothing, is_erased, remembered_until
from lead_qualifier.qualification.recycling import Answered, accept, reject
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.qualification.shadow import difference, difference_on_change
from lead_qualifier.qualification.utc import from_milliseconds
from lead_qualifier.services.worker.lead_events import LeadEvents
from lead_qualifier.services.worker.merging import Merging, place_of, response_of
from lead_qualifier.services.worker.sweeps import Sweeps

#: Tells the engine that there are no rules yet: nothing is processed.
NO_RULES = -1

#: Marks an encoded lead with a hold. A text may contain it too, which does no harm.
_HOLDS = b'"holds":'
#: Marks one whose erasure is remembered.
_ERASED = b'"erasure":'

encode_lead = msgspec.json.Encoder().encode
_decode_lead: Callable[[bytes], Lead] = msgspec.json.Decoder(Lead).decode


def decode_lead(value: bytes) -> Lead:
    """A lead as it is stored. Raises msgspec.DecodeError or ValueError for what no version has written."""
    lead = _decode_lead(value)
    if holds_nothing(lead) and lead.erasure is None:
        # any JSON object reads as a lead, since unknown fields are ignored; but a lead is stored for what came in about
        # it
        raise ValueError("it holds neither a score nor what the CRM said")
    return lead


class LeadProcessor(Processor):
    """The processor of the `leads` application.

    `rules` returns the newest snapshot, or None while the criteria table is not caught up. Counts ("outcome", model id,
    outcome), ("lead_changed", result), ("sales_response", result), ("shadow", model id, how the draft in its shadow
    differs), and what Merging and Sweeps count.
    """

    def __init__(
        self,
        *,
        topic_prefix: str,
        source: str,
        rules: Callable[[], Rules | None],
        time_tolerance: timedelta = DEFAULT_TOLERANCE,
    ) -> None:
        """`time_tolerance`: how far a message may be dated ahead of its record."""
        self._times = PlausibleTime(time_tolerance)
        self._merging = Merging(topic_prefix=topic_prefix, times=self._times)
        self._handlers: dict[str, Callable[[Record, ProcessorContext], None]] = {
            LEAD_SCORE_CHANGED.full_name(topic_prefix): self._score,
            LEAD_CHANGED.full_name(topic_prefix): self._change,
            LEAD_MERGED.full_name(topic_prefix): self._merge,
            LEAD_SALES_RESPONSE.full_name(topic_prefix): self._respond,
            LEAD_HANDOVERS.full_name(topic_prefix): self._take_over,
        }
        self._events = LeadEvents(topic_prefix=topic_prefix, source=source)
        self._sweeps = Sweeps(times=self._times, events=self._events)
        self._newest_rules = rules
        self._rules = Rules(revision=NO_RULES, lead_management=False, live_scoring_models=frozenset(), models={})

    @override
    def begin(self) -> int:
        """Fix the rules of this cycle; NO_RULES while there are none."""
        rules = self._newest_rules()
        if rules is None:
            return NO_RULES
        self._rules = rules
        return rules.revision

    @override
    def process(self, record: Record, context: ProcessorContext) -> None:
        """Process one record of any input topic."""
        try:
            self._handlers[record.topic](record, context)
        except BadMessage as bad:
            raise Rejected(str(bad), bad.kind) from None

    def _score(self, record: Record, context: ProcessorContext) -> None:
        message = decode_score(record.key, record.value, record.headers)
        scoring_model_id, at, rules, counts = message.scoring_model_id, message.occurred_at, self._rules, context.counts
        as_of = self._as_of(at, record, context)
        key, lead = self._lead(record, at, context)
        before = lead.scores.copy()
        if not record_score(lead, scoring_model_id, message.score, at, message.grade):
            for model in rules.naming(scoring_model_id):
                counts["outcome", model.id, Outcome.STALE_SCORE] += 1
            return
        for model in rules.shadowed(scoring_model_id):
            counts["shadow", model.id, difference(lead, model, rules, as_of)] += 1
        trigger = Trigger(message.event_id, LEAD_SCORE_CHANGED.name, record.partition, record.offset)
        for model in rules.naming(scoring_model_id):
            outcome = evaluate(
                lead,
                model,
                rules,
                at,
                now_ms=context.now_ms,
                origin="live",
                trigger=trigger,
                as_of=as_of,
                before=before,
            )
            self._events.evaluated(key, lead, model.id, outcome, "live", trigger, context)
        context.put(key, lead)
        if lead.merged_into is not None:
            self._merging.scored(lead, message, record, context)

    def _change(self, record: Record, context: ProcessorContext) -> None:
        message = decode_lead_changed(record.key, record.value, record.headers)
        if isinstance(message, ErasedLead):
            self._merging.erase(record, context)
            context.counts["lead_changed", "erased"] += 1
            return
        key, lead = self._lead(record, message.change.occurred_at, context)
        if lead.erased is not None:
            begins_afresh(lead)
        rules = self._rules
        before = conditions_met(lead, rules) if rules.watching_changes else ()
        result = apply_change(lead, message.change)
        if not result:
            context.counts["lead_changed", "stale"] += 1
            return
        context.put(key, lead)
        context.counts["lead_changed", "applied"] += 1
        if before:
            self._follow_change(key, lead, message, before, result, record, context)

    def _follow_change(  # noqa: PLR0917  each is independent
        self,
        key: bytes,
        lead: Lead,
        message: ChangedLead,
        before: MetByModel,
        result: ChangeResult,
        record: Record,
        context: ProcessorContext,
    ) -> None:
        """Evaluate a lead that has changed by the models that the change concerns.

        `before`: the conditions that it met before the change.
        """
        at, rules = message.change.occurred_at, self._rules
        as_of = self._as_of(at, record, context)
        trigger = Trigger(message.event_id, LEAD_CHANGED.name, record.partition, record.offset)
        concerned = follow_change(lead, rules, before, result)
        for one in concerned:
            if one.model.shadow is not None:
                context.counts["shadow", one.model.id, difference_on_change(lead, one, rules, as_of)] += 1
        for one in concerned:
            model, origin = one.model, one.origin
            if origin is not None:
                outcome = evaluate(
                    lead, model, rules, at, now_ms=context.now_ms, origin=origin, trigger=trigger, as_of=as_of
                )
                self._events.evaluated(key, lead, model.id, outcome, origin, trigger, context)

    def _merge(self, record: Record, context: ProcessorContext) -> None:
        message = decode_lead_merged(record.key, record.value, record.headers)
        _, lead = self._lead(record, message["occurred_at"], context)
        self._merging.merge(lead, message, record, context)

    def _respond(self, record: Record, context: ProcessorContext) -> None:
        message = decode_sales_response(record.key, record.value, record.headers)
        key, lead = self._lead(record, message["occurred_at"], context)
        if lead.merged_into is not None:
            self._merging.responded(lead, message, record, context)
            context.counts["sales_response", "handed_over"] += 1
        else:
            self._answer(key, lead, response_of(message, record), context)

    def _take_over(self, record: Record, context: ProcessorContext) -> None:
        self._merging.take_over(record, context, self._rules, self._answer)

    def _lead(self, record: Record, at: datetime, context: ProcessorContext) -> tuple[bytes, Lead]:
        """The lead that is the key of a decoded record, which says what occurred `at`.

        Raises BadMessage if that is implausible, and what ProcessorContext.get does.
        """
        key = record.key
        assert key is not None  # it equals the lead's id
        lead = self._stored(key, context)
        self._times.check(at, record.timestamp_ms, context.now_ms)
        return key, lead

    def _as_of(self, at: datetime, record: Record, context: ProcessorContext) -> datetime:
        """Up to when the age of scores is counted, where the record says what occurred `at`: until then, or until the
        record was written if that was later, as in a backfill.
        """
        if not self._rules.by_age:
            return at
        return max(at, self._times.written(record.timestamp_ms, context.now_ms))

    def _stored(self, key: bytes, context: ProcessorContext) -> Lead:
        lead: Lead | None = context.get(key)
        if lead is None:
            return Lead()
        forget_implausible_times(lead, self._times.latest(context.now_ms))
        return lead

    def _answer(self, key: bytes, lead: Lead, response: Response, context: ProcessorContext) -> None:
        if response.accepted:
            answered = accept(lead, response.at, model_id=response.model_id)
        else:
            answered, recycled = reject(
                lead, response.at, self._rules, model_id=response.model_id, reason=response.reason
            )
            if answered in {Answered.RECYCLED, Answered.BARRED}:
                context.put(key, lead)
            if recycled is not None:
                trigger = response.trigger or place_of(context.record)
                self._events.recycle(key, recycled, response.reason, trigger, context)
        context.counts["sales_response", answered.value] += 1

    @override
    def sweep_pending(self, swept: int) -> bool:
        """True if a model that evaluates existing leads has been published since revision `swept`."""
        return any(model.published_revision > swept for model in self._rules.evaluating_existing_leads)

    @override
    def prefilter(self, keys: Sequence[bytes], context: ProcessorContext, swept: int) -> Sequence[bytes]:
        """Count the outcomes of the known leads that cannot qualify, which are nearly all; returns the others."""
        return self._sweeps.prefilter(keys, context, self._rules, swept)

    @override
    def sweep(self, key: bytes, context: ProcessorContext, swept: int) -> None:
        """Evaluate a known lead by the models published since revision `swept`."""
        self._sweeps.sweep(key, self._stored(key, context), context, self._rules, swept)

    @override
    def timers(self, entries: Mapping[bytes, bytes]) -> Iterator[Timer]:
        """The holds that run and the erasures that are remembered, found among the entries."""
        yield from timers_in(entries, _HOLDS, _decode_lead, lambda lead: [h.due_ms for h in lead.holds.values()])
        yield from timers_in(entries, _ERASED, _decode_lead, remembered_until)

    @override
    def on_timer(self, key: bytes, context: ProcessorContext) -> None:
        """End the holds of a lead that are due, and forget its erasure once it is time."""
        lead = self._stored(key, context)
        if is_erased(lead) and not self._merging.forget(key, lead, context):
            return
        for model_id, hold in sorted(lead.holds.items()):
            if hold.due_ms > context.now_ms:
                continue
            outcome = end_hold(lead, model_id, self._rules, from_milliseconds(context.now_ms))
            if outcome is not None:
                self._events.evaluated(key, lead, model_id, outcome, hold.origin, hold.trigger, context)
            context.put(key, lead)

    @override
    def committed(self, context: ProcessorContext) -> None:
        """Log each qualification, now that it is committed."""
        self._events.committed(context)
