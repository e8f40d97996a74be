"""The journey-entry-requested event."""

from __future__ import annotations

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.event_ids import event_id
from lead_qualifier.journeys.deciding import LeadState
from lead_qualifier.journeys.journey import Journey
from lead_qualifier.messages.fields import plain
from lead_qualifier.messages.journeys import JourneyEntryRequested, TypedValue
from lead_qualifier.messages.lead_qualified import trigger_of
from lead_qualifier.messages.topics import JOURNEY_ENTRY_REQUESTED
from lead_qualifier.qualification.conditions import Value


def entry_request(lead_id: str, state: LeadState, journey: Journey, cause: Cause) -> JourneyEntryRequested:
    """The event for an entry that the state has counted already."""
    number = state.entries[journey.id].number
    values = state.snapshot.values()
    payload: dict[str, TypedValue] = {}
    for one in journey.payload:
        value = (values.own if one.own else values.attributes).get(one.source)
        if value is not None:
            payload[one.name] = typed(value)
    event: JourneyEntryRequested = {
        "event_id": event_id(JOURNEY_ENTRY_REQUESTED.name, lead_id, journey.id, number, cause.trigger.event_id),
        "lead_id": lead_id,
        "binding": f"lead/{lead_id}",
        "journey_id": journey.id,
        "journey_version": journey.version,
        "entry_number": number,
        "payload": payload,
        "occurred_at": cause.occurred_at,
        "trigger": trigger_of(cause.trigger),
    }
    if state.snapshot.contact_id is not None:
        event["contact_id"] = state.snapshot.contact_id
    return event


def typed(value: Value) -> TypedValue:
    """A value with its type."""
    if isinstance(value, bool):
        return {"type": "boolean", "value": value}
    if isinstance(value, str):
        return {"type": "text", "value": value}
    return {"type": "number", "value": plain(value)}
