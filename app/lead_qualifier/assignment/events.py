"""The lead-assigned event."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from lead_qualifier.assignment.decisions import Decision
from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.event_ids import event_id
from lead_qualifier.messages.assignment import LeadAssigned
from lead_qualifier.messages.downstream_topics import LEAD_ASSIGNED
from lead_qualifier.messages.lead_qualified import trigger_of


def lead_assigned(decision: Decision, cause: Cause, queue_offset: int, decided_at: datetime) -> LeadAssigned:
    """The event for a decision on the queue's record at `queue_offset`."""
    event: LeadAssigned = {
        "event_id": event_id(
            LEAD_ASSIGNED.name, decision.lead_id, decision.number, queue_offset, cause.trigger.event_id
        ),
        "lead_id": decision.lead_id,
        "result": {"code": int(decision.code), "name": decision.code.word},
        "considered": [cast("Any", {"seller_id": one, "why": why}) for one, why in decision.considered],
        "decision_number": decision.number,
        "queue_offset": queue_offset,
        "decided_at": decided_at,
        "occurred_at": cause.occurred_at,
        "trigger": trigger_of(cause.trigger),
    }
    if decision.definition is not None:
        event["assignment_id"], event["assignment_version"] = decision.definition, decision.version
    if decision.segment is not None:
        event["segment"] = decision.segment
    if decision.rule is not None:
        event["rule"] = decision.rule
    if decision.owner is not None:
        event["owner"] = cast("Any", {"kind": decision.owner.kind, "id": decision.owner.id})
    if decision.departed is not None:
        event["owner_departed"] = decision.departed
    if decision.previous_owner_id is not None:
        event["previous_owner_id"] = decision.previous_owner_id
    if decision.lead_changed_offset is not None:
        event["lead_changed_offset"] = decision.lead_changed_offset
    if decision.more:
        event["considered_more"] = decision.more
    return event
