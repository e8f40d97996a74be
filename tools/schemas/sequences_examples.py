"""Examples of the documents of the sequences service."""

from __future__ import annotations

from typing import Any

from tools.schemas.example import Example

_STEPS: list[dict[str, Any]] = [
    {"id": "hello", "kind": "automated_email", "template": "welcome"},
    {"id": "breathe", "kind": "wait", "for": "2d"},
    {
        "id": "call",
        "kind": "phone_call",
        "subject": "Call the lead",
        "text": "Ask what they have tried so far.",
        "due_within": "1d",
    },
    {
        "id": "reached",
        "branch": {"result_of": "call", "equals": "reached"},
        "yes": [{"id": "offer", "kind": "email", "subject": "Our offer", "due_within": "4h"}],
        "no": [{"id": "later", "kind": "advance", "to": "nurture"}],
    },
]
FIRST_CONTACT: dict[str, Any] = {
    "id": "first-contact",
    "name": "First contact",
    "connect": {"on": "lead-assigned", "wait": "1h"},
    "exit": {"on_reply": True, "when": {"attribute": "do_not_contact", "equals": True}},
    "steps": _STEPS,
}
_TRIGGER = {
    "event_id": "0190b3fc-2d1e-7f30-8b21-3c4d5e6f7a01",
    "topic": "sequence-connections",
    "partition": 3,
    "offset": 118,
}
_OF = {
    "lead_id": "L-1001",
    "sequence_id": "first-contact",
    "sequence_version": 1,
    "connection_number": 1,
}
_CAUSE = {"occurred_at": "2026-11-23T09:30:00Z", "trigger": _TRIGGER}

EXAMPLES: tuple[Example, ...] = (
    Example("sequence-definition", "first-contact", "What sales does with a lead that a seller got.", FIRST_CONTACT),
    Example(
        "sequence-connections",
        "connect",
        "Connect a lead, and begin in two hours.",
        {
            "event_id": _TRIGGER["event_id"],
            "lead_id": "L-1001",
            "sequence_id": "first-contact",
            "occurred_at": "2026-11-23T09:30:00Z",
            "action": "connect",
            "segment": "enterprise",
            "source": "sales-manager@example.com",
            "wait": "2h",
        },
    ),
    Example(
        "sequence-connections",
        "disconnect",
        "Take a lead out of a sequence.",
        {
            "event_id": "0190b3fc-2d1e-7f30-8b21-3c4d5e6f7a02",
            "lead_id": "L-1001",
            "sequence_id": "first-contact",
            "occurred_at": "2026-11-24T08:00:00Z",
            "action": "disconnect",
        },
    ),
    Example(
        "activity-completed",
        "call",
        "The call that a step asked for was made.",
        {
            "event_id": "0190b3fc-2d1e-7f30-8b21-3c4d5e6f7a03",
            "lead_id": "L-1001",
            "occurred_at": "2026-11-25T14:05:00Z",
            "kind": "phone_call",
            "step_event_id": "6d1d3a2c-55f1-5b8e-9d2f-0c4b7a1e9f10",
            "result": "reached",
        },
    ),
    Example(
        "activity-completed",
        "reply",
        "The lead answered.",
        {
            "event_id": "0190b3fc-2d1e-7f30-8b21-3c4d5e6f7a04",
            "lead_id": "L-1001",
            "occurred_at": "2026-11-25T16:20:00Z",
            "kind": "reply",
            "direction": "incoming",
        },
    ),
    Example(
        "activity-completed",
        "out-of-office",
        "The lead's mailbox answered by itself: the sequence goes on, and sales has not acted.",
        {
            "event_id": "0190b3fc-2d1e-7f30-8b21-3c4d5e6f7a05",
            "lead_id": "L-1001",
            "occurred_at": "2026-11-25T14:06:00Z",
            "kind": "reply",
            "direction": "incoming",
            "automatic": True,
        },
    ),
    Example(
        "sequence-step-due",
        "call",
        "A call is to be made within a day.",
        {
            "event_id": "6d1d3a2c-55f1-5b8e-9d2f-0c4b7a1e9f10",
            **_OF,
            "contact_id": "C-77",
            "step_id": "call",
            "kind": "phone_call",
            "data": {"subject": "Call the lead", "text": "Ask what they have tried so far."},
            "owner_id": "U-7",
            "segment": "enterprise",
            "due_at": "2026-11-26T11:30:00.044Z",
            **_CAUSE,
        },
    ),
    Example(
        "sequence-changed",
        "connected",
        "The wait before the first step is over.",
        {
            "event_id": "0f7f6a5e-9f5b-5f0e-8a68-2d6f3b1c4a11",
            **_OF,
            "state": "connected",
            "segment": "enterprise",
            "source": "sales-manager@example.com",
            **_CAUSE,
        },
    ),
    Example(
        "sequence-changed",
        "disconnected",
        "The lead answered, so that sales goes on by hand.",
        {
            "event_id": "3a9e1d70-6c2b-5e57-b1f4-7e5d2c9a8b12",
            **_OF,
            "state": "disconnected",
            "reason": "exit_criterion_met",
            "step_id": "call",
            "occurred_at": "2026-11-25T16:20:00Z",
            "trigger": {
                "event_id": "0190b3fc-2d1e-7f30-8b21-3c4d5e6f7a04",
                "topic": "activity-completed",
                "partition": 3,
                "offset": 40,
            },
        },
    ),
    Example(
        "sequence-state",
        "waiting",
        "A lead within the first wait.",
        {
            "facts": {"owner_id": "U-7", "contact_id": "C-77", "changed_at": "2026-11-23T08:00:00Z"},
            "connections": {
                "first-contact": {
                    "version": 1,
                    "number": 1,
                    "definition": {name: FIRST_CONTACT[name] for name in ("id", "steps", "exit")},
                    "since": "2026-11-23T09:30:00Z",
                    **_CAUSE,
                    "connected_by": _TRIGGER["event_id"],
                    "at": 1,
                    "begun": True,
                    "due_ms": 1764063000044,
                    "emitted": ["hello"],
                    "segment": "enterprise",
                }
            },
            "numbers": {"first-contact": 1},
            "seen": [_TRIGGER["event_id"]],
        },
    ),
)
