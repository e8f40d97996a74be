"""Examples of what the follow-up service reads, emits and holds."""

from __future__ import annotations

from typing import Any

from lead_qualifier.messages.downstream_topics import FOLLOW_UP_STATE, LEAD_FOLLOW_UP_OVERDUE
from tools.schemas.example import Example

DEFINITION: dict[str, Any] = {
    "id": "one-day",
    "name": "Act within a day",
    "models": ["enterprise"],
    "when": {"attribute": "country", "one_of": ["DE", "AT", "CH"]},
    "stages": [
        {"on": "lead-qualified", "within": "4h"},
        {"on": "lead-assigned", "within": "1d", "repeat": {"every": "1d", "times": 2}},
    ],
}
_TRIGGER = {
    "event_id": "7a1f6c2e-9b0d-5d3a-8e47-1c2b3a4d5e6f",
    "topic": "lead-assigned",
    "partition": 3,
    "offset": 17,
}

EXAMPLES: tuple[Example, ...] = (
    Example("follow-up-definition", "one-day", "Four hours to find a seller, a day for the seller to act.", DEFINITION),
    Example(
        LEAD_FOLLOW_UP_OVERDUE.name,
        "assigned",
        "The seller has not acted for a day.",
        {
            "event_id": "b0a7c6d5-1e2f-5a3b-8c4d-6e7f8091a2b3",
            "lead_id": "L-1001",
            "contact_id": "C-7",
            "follow_up_id": "one-day",
            "follow_up_version": 1,
            "stage": "lead-assigned",
            "owner_id": "S-1",
            "overdue_number": 1,
            "since": "2026-11-23T09:30:00.120Z",
            "due_at": "2026-11-24T09:30:00.120Z",
            "occurred_at": "2026-11-23T09:30:00Z",
            "trigger": _TRIGGER,
        },
    ),
    Example(
        FOLLOW_UP_STATE.name,
        "running",
        "The seller has a day from the assignment on.",
        {
            "facts": {"status_reason": "marketing_qualified", "attributes": {"country": "DE"}},
            "running": {
                "one-day": {
                    "lead-assigned": {
                        "begun_ms": 1795426200120,
                        "due_ms": 1795512600120,
                        "occurred_at": "2026-11-23T09:30:00Z",
                        "trigger": _TRIGGER,
                    }
                }
            },
            "model_id": "enterprise",
            "owner_id": "S-1",
            "events": [_TRIGGER["event_id"]],
        },
    ),
)
