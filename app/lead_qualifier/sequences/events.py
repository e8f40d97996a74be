"""The events of sequences: sequence-step-due and sequence-changed."""

from __future__ import annotations

from typing import cast

from lead_qualifier.downstream.event_ids import event_id
from lead_qualifier.messages.downstream_topics import SEQUENCE_CHANGED
from lead_qualifier.messages.lead_qualified import trigger_of
from lead_qualifier.messages.sequences import SequenceChanged, SequenceStepDue
from lead_qualifier.qualification.utc import from_milliseconds
from lead_qualifier.sequences.decision import ConnectionChanged, StepDue


def step_due(lead_id: str, contact_id: str | None, due: StepDue) -> SequenceStepDue:
    """A step is due."""
    connection = due.connection
    event = cast(
        "SequenceStepDue",
        {
            "event_id": due.event_id,
            "lead_id": lead_id,
            "sequence_id": due.sequence_id,
            "sequence_version": connection.version,
            "connection_number": connection.number,
            "step_id": due.step.id,
            "kind": due.step.kind,
            "data": due.step.data,
            "due_at": from_milliseconds(due.due_ms),
            "occurred_at": due.cause.occurred_at,
            "trigger": trigger_of(due.cause.trigger),
        },
    )
    if contact_id is not None:
        event["contact_id"] = contact_id
    if due.owner_id is not None:
        event["owner_id"] = due.owner_id
    if connection.segment is not None:
        event["segment"] = connection.segment
    return event


def sequence_changed(lead_id: str, change: ConnectionChanged) -> SequenceChanged:
    """A connection has changed its state. It never has the same state twice."""
    connection = change.connection
    identity = connection.identity(lead_id, change.sequence_id)
    event = cast(
        "SequenceChanged",
        {
            "event_id": event_id(SEQUENCE_CHANGED.name, *identity, change.state),
            "lead_id": lead_id,
            "sequence_id": change.sequence_id,
            "sequence_version": connection.version,
            "connection_number": connection.number,
            "state": change.state,
            "occurred_at": change.cause.occurred_at,
            "trigger": trigger_of(change.cause.trigger),
        },
    )
    optional = {
        "reason": change.reason,
        "step_id": change.step_id,
        "segment": connection.segment,
        "source": connection.source,
    }
    event.update(cast("SequenceChanged", {name: value for name, value in optional.items() if value is not None}))
    return event
