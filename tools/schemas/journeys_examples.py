"""Examples of what the journeys service reads, emits and holds."""

from __future__ import annotations

from typing import Any

from lead_qualifier.messages.downstream_topics import JOURNEY_ENTRY_REQUESTED, JOURNEY_STATE
from tools.schemas.example import Example

DEFINITION: dict[str, Any] = {
    "id": "welcome",
    "name": "Welcome of the best leads",
    "trigger": {"event": "lead-qualified", "models": ["enterprise"]},
    "when": {"attribute": "country", "one_of": ["DE", "AT", "CH"]},
    "exclude": {"attribute": "newsletter", "equals": False},
    "reentry": {"policy": "after", "after": "30d"},
    "window": {"start": "2026-11-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"},
    "contact": "required",
    "payload": [{"field": "owner_id", "as": "owner"}, {"attribute": "country"}, {"attribute": "revenue"}],
}
_TRIGGER = {
    "event_id": "6c2d1bb4-3a1e-5a3c-9f55-0d6a3a8b7c10",
    "topic": "lead-qualified",
    "partition": 3,
    "offset": 41,
}

EXAMPLES: tuple[Example, ...] = (
    Example("journey-definition", "welcome", "Qualified leads of three countries, again after a month.", DEFINITION),
    Example(
        "journey-definition",
        "sales-ready",
        "Whoever becomes sales ready, by a qualification or by hand; once.",
        {"id": "sales-ready", "trigger": {"changed": "sales_ready", "to": True}},
    ),
    Example(
        JOURNEY_ENTRY_REQUESTED.name,
        "welcome",
        "A qualified lead enters for the second time.",
        {
            "event_id": "0f9b7a54-6a0d-5e7c-8f39-5b7d2f1f8a3e",
            "lead_id": "L-1001",
            "contact_id": "C-7",
            "binding": "lead/L-1001",
            "journey_id": "welcome",
            "journey_version": 1,
            "entry_number": 2,
            "payload": {
                "owner": {"type": "text", "value": "U-4"},
                "country": {"type": "text", "value": "DE"},
                "revenue": {"type": "number", "value": 1200000},
            },
            "occurred_at": "2026-11-23T09:30:00Z",
            "trigger": _TRIGGER,
        },
    ),
    Example(
        JOURNEY_STATE.name,
        "waiting",
        "Has entered once, and waits to enter again.",
        {
            "facts": {
                "status_reason": "marketing_qualified",
                "sales_ready": True,
                "owner_id": "U-4",
                "contact_id": "C-7",
                "attributes": {"country": "DE", "revenue": 1200000},
                "changed_at": "2026-11-22T16:00:00Z",
                "qualified_at": "2026-11-23T09:30:00Z",
                "qualified_flags": ["sales_ready", "status_reason"],
            },
            "entries": {"welcome": {"number": 1, "last_ms": 1795426200000}},
            "waiting": {
                "welcome": {"due_ms": 1798018200000, "occurred_at": "2026-11-23T09:30:00Z", "trigger": _TRIGGER}
            },
            "qualifications": [_TRIGGER["event_id"]],
        },
    ),
)
