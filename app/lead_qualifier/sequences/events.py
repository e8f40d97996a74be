"""The events of sequences: sequence-step-due and sequence-changed."""

from __future__ import annotations

from typing import cast

from lead_qualifier.downstream.identities import event_id
from lead_qualifier.messages.downstream_topics import SEQUENCE_CHANGED
from lead_qualifier.messages.lead_qualified import trigger_of
from lead_qualifier.messages.sequences import SequenceChanged, SequenceStepDue
from lead_qualifier.qualification.utc import from_milliseconds
from lead_qualifier.sequences.decision import Changed, StepDue


def step_due(lead_id: str, contact_id: str | None, told: StepDue) -> SequenceStepDue:
    """A step is to be taken."""
    connection = told.connection
    event = cast(
        "SequenceStepDue",
        {
            "event_id": told.event_id,
            "lead_id": lead_id,
            "sequence_id": told.sequence_id,
            "sequence_version": connection.version,
            "connection_number": connection.number,
            "step_id": told.step.id,
            "kind": told.step.kind,
            "data": told.step.data,
            "due_at": from_milliseconds(told.due_ms),
            "occurred_at": told.cause.occurred_at,
            "trigger": trigger_of(told.cause.trigger),
        },
    )
    if contact_id is not None:
        event["contact_id"] = contact_id
    if told.owner_id is not None:
        event["owner_id"] = told.owner_id
    if connection.segment is not None:
        event["segment"] = connection.segment
    return event


def sequence_changed(lead_id: str, told: Changed) -> SequenceChanged:
    """A connection is in another state. No connection is in one twice."""
    connection = told.connection
    identity = connection.identity(lead_id, told.sequence_id)
    event = cast(
        "SequenceChanged",
        {
            "event_id": event_id(SEQUENCE_CHANGED.name, *identity, told.state),
            "lead_id": lead_id,
            "sequence_id": told.sequence_id,
            "sequence_version": connection.version,
            "connection_number": connection.number,
            "state": told.state,
            "occurred_at": told.cause.occurred_at,
            "trigger": trigger_of(told.cause.trigger),
        },
    )
    optional = {
        "reason": told.reason,
        "step_id": told.step_id,
        "segment": connection.segment,
        "source": connection.source,
    }
    event.update(cast("SequenceChanged", {name: value for name, value in optional.items() if value is not None}))
    return event
