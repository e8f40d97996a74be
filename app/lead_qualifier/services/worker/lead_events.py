"""Emits what has become of a lead: that it is qualified, and that it is recycled."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from lead_qualifier.engine import ProcessorContext
from lead_qualifier.messages import cloud_events
from lead_qualifier.messages.lead_qualified import LeadQualified, lead_qualified
from lead_qualifier.messages.lead_recycled import LeadRecycled, lead_recycled
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_QUALIFIED, LEAD_RECYCLED, Topic
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

    def qualified(  # noqa: PLR0917  all six are what a qualification is made of
        self,
        key: bytes,
        lead: Lead,
        qualification: Qualification,
        origin: Origin,
        trigger: Trigger,
        context: ProcessorContext,
    ) -> None:
        """Emit a qualification."""
        event = lead_qualified(key.decode(), lead, qualification, origin=origin, trigger=trigger)
        event["lead_changed_offset"] = context.position(self._changed_topic)
        self._emit(LEAD_QUALIFIED, key, event, context)
        context.on_commit.append(event)

    def recycle(
        self, key: bytes, recycled: Recycled, reason: str | None, trigger: Trigger, context: ProcessorContext
    ) -> None:
        """Emit that sales has rejected a lead, and what that undoes."""
        self._emit(LEAD_RECYCLED, key, lead_recycled(key.decode(), recycled, reason=reason, trigger=trigger), context)

    @staticmethod
    def committed(context: ProcessorContext) -> None:
        """Log each qualification, now that it is committed."""
        for event in context.on_commit:
            _log_qualified(event)

    def _emit(self, topic: Topic, key: bytes, event: LeadQualified | LeadRecycled, context: ProcessorContext) -> None:
        headers = cloud_events.headers(
            cloud_events.event_type(topic.name),
            event_id=event["event_id"],
            source=self._source,
            time=from_milliseconds(context.now_ms),
            subject=event["lead_id"],
        )
        context.emit(self._topics[topic], key, _encode(event), headers)


def _log_qualified(event: LeadQualified) -> None:
    fields: dict[str, Any] = {
        "lead_id": event["lead_id"],
        "model": event["qualification_model_id"],
        "version": event["qualification_model_version"],
        "number": event["qualification_number"],
        "origin": event["origin"],
        "event_id": event["event_id"],
        "trigger_event_id": event["trigger"]["event_id"],
    }
    log.info("lead_qualified", **fields)
