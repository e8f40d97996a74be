"""Events about one lead after its qualification: each kind that there is, as the services write them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

Story = Iterator[tuple[str, dict[str, Any], float]]
"""Topic, event, and minutes since noon at which it was written."""


def sales_story(lead_id: str, at: list[datetime]) -> Story:
    """`at`: the minutes 0 to 9 since noon."""
    told = {"lead_id": lead_id}
    flow = told | {"sequence_id": "first-call", "sequence_version": 2, "connection_number": 1}
    trigger = {"trigger": {"event_id": "t-1", "topic": "lead-qualified", "partition": 0, "offset": 4}}
    when = [one.isoformat() for one in at]
    entry = {"journey_id": "welcome", "journey_version": 1, "entry_number": 1, "payload": {}, "occurred_at": when[1]}
    yield "journey-entry-requested", {**told, **entry, **trigger}, 2
    yield "sequence-changed", {**flow, "state": "connected", "occurred_at": when[2], **trigger}, 3
    step = {"step_id": "call", "kind": "phone_call", "data": {"subject": "Call <b>today</b>"}, "owner_id": "S-1"}
    yield "sequence-step-due", {**flow, **step, "due_at": when[4], "occurred_at": when[2], **trigger}, 3
    late = {"follow_up_id": "react-fast", "follow_up_version": 1, "stage": "lead-assigned", "owner_id": "S-1"}
    due = {"overdue_number": 2, "since": when[1], "due_at": when[4], "occurred_at": when[1]}
    yield "lead-follow-up-overdue", {**told, **late, **due, **trigger}, 5
    ended = {"state": "disconnected", "reason": "lead_deactivated", "step_id": "call"}
    yield "sequence-changed", {**flow, **ended, "occurred_at": when[6], **trigger}, 6
    answer = {
        "event_id": "a-1",
        "response": "rejected",
        "reason": "no budget",
        "seller_id": "S-1",
        "occurred_at": when[7],
    }
    yield "lead-sales-response", {**told, **answer}, 7
    model = {"qualification_model_id": "enterprise", "qualification_model_version": 3, "qualification_number": 1}
    taken_back = {"status_reason": {"from": "marketing_qualified", "to": "new"}}
    recycled = {"changes": taken_back, "reason": "no budget", "not_before": when[9], "occurred_at": when[7]}
    yield "lead-recycled", {**told, **model, **recycled, **trigger}, 7
    later = {"event_id": "a-2", "response": "accepted", "occurred_at": when[8], **told}
    envelope = {"specversion": "1.0", "id": "a-2", "type": "response", "source": "/crm", "data": later}
    yield "lead-sales-response", {**told, **envelope}, 8
    yield "lead-sales-response", {**told, "response": "perhaps", "occurred_at": when[8]}, 8  # no response that there is
