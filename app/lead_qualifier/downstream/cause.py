"""The record that a decision goes back to."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from lead_qualifier.engine import ProcessorContext, Record
from lead_qualifier.messages.topics import Topic
from lead_qualifier.messages.trace_context import remember_trace
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import Moment, in_utc


class Cause(Struct, frozen=True):
    """The record that led to a decision, and when the event in it occurred."""

    occurred_at: Moment
    trigger: Trigger


def cause_of(topic: Topic, record: Record, event_id: str, occurred_at: datetime, context: ProcessorContext) -> Cause:
    """The record as the events that follow from it name it. `context`: that in which it is processed."""
    trigger = Trigger(event_id, topic.name, record.partition, record.offset)
    return Cause(in_utc(occurred_at), remember_trace(trigger, context.trace))
