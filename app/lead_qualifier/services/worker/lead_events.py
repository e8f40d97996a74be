"""What follows from decisions on a lead: lead-qualified and lead-recycled, the timers of holds, counts and logs."""

from __future__ import annotations

import msgspec
import structlog
from msgspec.structs import replace

from lead_qualifier.engine import ProcessorContext
from lead_qualifier.messages import cloud_events
from lead_qualifier.messages.lead_qualified import LeadQualified, lead_qualified
from lead_qualifier.messages.lead_recycled import LeadRecycled, lead_recycled
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_QUALIFIED, LEAD_RECYCLED, Topic
from lead_qualifier.messages.trace_context import remember_trace, remembered_trace
from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.leads import Lead, Origin, Qualification, Trigger
from lead_qualifier.qualification.recycling import Recycled
from lead_qualifier.qualification.utc import from_milliseconds

log = structlog.get_logger("lead_qualifier.services.worker")

_encode = msgspec.json.Encoder().encode


class LeadEvents:
    """Part of the processor of leads."""

    def __init__(self, *, topic_prefix: str, source: str) -> None:
        """`source`: `ce_source` of the events."""
        self._topics = {topic: topic.full_name(topic_prefix) for topic in (LEAD_QUALIFIED, LEAD_RECYCLED)}
        self._changed_topic = LEAD_CHANGED.full_name(topic_prefix)
        self._source = source

    def evaluated(  # noqa: PLR0917  all seven are what an evaluation consists of
        self,
        key: bytes,
        lead: Lead,
        model_id: str,
        outcome: Outcome | Qualification,
        origin: Origin,
        trigger: Trigger,
        context: ProcessorContext,
    ) -> bool:
        """Count an outcome, emit a qualification, set the timer of a hold that begins. True: the lead has changed."""
        changed = False
        if type(outcome) is Qualification:
            event = lead_qualified(key.decode(), lead, outcome, origin=origin, trigger=trigger)
            event["lead_changed_offset"] = context.position(self._changed_topic)
            self._emit(LEAD_QUALIFIED, key, event, trigger, context)
            context.on_commit.append(event)
            outcome, changed = Outcome.QUALIFIED, True
        elif outcome is Outcome.HOLDING and (hold := lead.holds[model_id]).trigger is trigger:
            if context.trace:
                lead.holds[model_id] = replace(hold, trigger=remember_trace(trigger, context.trace))
            context.schedule(key, hold.due_ms)
            changed = True
        context.counts["outcome", model_id, outcome] += 1
        return changed

    def recycle(
        self, key: bytes, recycled: Recycled, reason: str | None, trigger: Trigger, context: ProcessorContext
    ) -> None:
        """Emit that sales has rejected a lead, and what that undoes."""
        event = lead_recycled(key.decode(), recycled, reason=reason, trigger=trigger)
        self._emit(LEAD_RECYCLED, key, event, trigger, context)

    @staticmethod
    def committed(context: ProcessorContext) -> None:
        """Log each qualification, now that it is committed."""
        for event in context.on_commit:
            log.info(
                "lead_qualified",
                lead_id=event["lead_id"],
                model=event["qualification_model_id"],
                version=event["qualification_model_version"],
                number=event["qualification_number"],
                origin=event["origin"],
                event_id=event["event_id"],
                trigger_event_id=event["trigger"]["event_id"],
            )

    def _emit(
        self,
        topic: Topic,
        key: bytes,
        event: LeadQualified | LeadRecycled,
        trigger: Trigger,
        context: ProcessorContext,
    ) -> None:
        headers = cloud_events.headers(
            cloud_events.event_type(topic.name),
            event_id=event["event_id"],
            source=self._source,
            time=from_milliseconds(context.now_ms),
            subject=event["lead_id"],
        )
        context.emit(
            self._topics[topic],
            key,
            _encode(event),
            headers,
            trace=remembered_trace(trigger),
        )
