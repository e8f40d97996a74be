"""Examples of what the assignment service reads, emits and holds."""

from __future__ import annotations

from typing import Any

from lead_qualifier.messages import downstream_topics as topics
from tools.schemas.example import Example

DEFINITION: dict[str, Any] = {
    "id": "inside-sales",
    "models": ["enterprise"],
    "max_age": "30d",
    "segments": [
        {
            "id": "german",
            "priority": 10,
            "when": {"attribute": "country", "one_of": ["DE", "AT", "CH"]},
            "rules": [
                {
                    "id": "german-speaking",
                    "sellers": {"when": {"attribute": "language", "equals": "de"}},
                    "distribute": "load_balancing",
                    "available_within": "24h",
                }
            ],
        },
        {"id": "others", "priority": 1, "rules": [{"id": "desk", "queue": {"id": "inbound"}}]},
    ],
    "queues": [{"id": "inbound"}],
    "departed": "reassign",
}
_TRIGGER = {
    "event_id": "6c2d1bb4-3a1e-5a3c-9f55-0d6a3a8b7c10",
    "topic": "lead-qualified",
    "partition": 3,
    "offset": 41,
}

EXAMPLES: tuple[Example, ...] = (
    Example(
        "assignment-definition", "inside-sales", "By country to sellers by capacity, the rest to a queue.", DEFINITION
    ),
    Example(
        topics.SELLER_CHANGED.name,
        "seller",
        "A seller with work hours, who takes fifty leads at a time.",
        {
            "event_id": "0190b3fd-3e2f-7041-9c32-4d5e6f708192",
            "seller_id": "S-1",
            "occurred_at": "2026-11-23T07:00:00Z",
            "name": "Inside sales, DACH",
            "attributes": {"language": "de"},
            "time_zone": "Europe/Berlin",
            "work_hours": {"mon": [["09:00", "12:30"], ["13:30", "17:30"]], "tue": [["09:00", "17:00"]]},
            "days_off": ["2026-12-24"],
            "capacity": {"max": 50},
            "available": True,
            "status": "active",
        },
    ),
    Example(
        topics.LEAD_ASSIGNED.name,
        "seller",
        "The seller with the highest capacity left got it.",
        {
            "event_id": "7a1f6c2e-9b0d-5d3a-8e47-1c2b3a4d5e6f",
            "lead_id": "L-1001",
            "result": {"code": 2, "name": "assigned"},
            "assignment_id": "inside-sales",
            "assignment_version": 1,
            "segment": "german",
            "rule": "german-speaking",
            "owner": {"kind": "seller", "id": "S-1"},
            "previous_owner_id": "U-4",
            "considered": [{"seller_id": "S-1", "why": "chosen"}, {"seller_id": "S-2", "why": "no_capacity"}],
            "decision_number": 17,
            "queue_offset": 102,
            "decided_at": "2026-11-23T09:30:00.120Z",
            "occurred_at": "2026-11-23T09:30:00Z",
            "trigger": _TRIGGER,
            "lead_changed_offset": 4_711,
        },
    ),
    Example(
        topics.ASSIGNMENT_QUEUE.name,
        "tick",
        "Whoever waits is looked at again.",
        {"type": "tick", "occurred_at": "2026-11-23T09:00:00Z"},
    ),
    Example(
        topics.ASSIGNMENT_LEAD_STATE.name,
        "qualified",
        "A lead that qualified.",
        {"facts": {"status_reason": "marketing_qualified", "attributes": {"country": "DE"}}, "queued": True},
    ),
    Example(topics.ASSIGNMENT_RELAY_STATE.name, "empty", "Nothing is ever held.", {}),
    Example(
        topics.ASSIGNMENT_STATE.name,
        "counters",
        "The last numbers given.",
        {"type": "counters", "decisions": 17, "waited": 4, "revision": 2},
    ),
)
