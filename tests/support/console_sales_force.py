"""Definitions of each downstream kind, sellers, and what assignment made of leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lead_qualifier.assignment.state import DEFINITION, LEAD, SELLER, HeldDefinition, HeldLead, HeldSeller, Owner
from lead_qualifier.definitions.entries import Entry

if TYPE_CHECKING:
    from tests.support.console_records import RecordLog

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

WELCOME: dict[str, Any] = {
    "id": "welcome",
    "name": "Welcome journey",
    "trigger": {"event": "lead-qualified", "models": ["enterprise"]},
    "reentry": {"policy": "after", "after": "7d"},
}
FIRST_CALL: dict[str, Any] = {
    "id": "first-call",
    "name": "First call",
    "connect": {"on": "lead-assigned"},
    "steps": [
        {"id": "call", "kind": "phone_call", "subject": "Call today", "due_within": "4h"},
        {"id": "pause", "kind": "wait", "for": "2d"},
        {"id": "mail", "kind": "email", "template": "follow-up"},
    ],
}
REACT_FAST: dict[str, Any] = {
    "id": "react-fast",
    "stages": [{"on": "lead-assigned", "within": "4h", "repeat": {"every": "24h", "times": 3}}],
}
INSIDE_SALES: dict[str, Any] = {
    "id": "inside-sales",
    "name": "Inside sales",
    "segments": [
        {
            "id": "german",
            "priority": 10,
            "when": {"attribute": "country", "equals": "DE"},
            "rules": [{"id": "german-speaking", "sellers": {"when": {"attribute": "language", "equals": "de"}}}],
        },
        {"id": "rest", "priority": 0, "rules": [{"id": "anybody", "sellers": {"ids": ["S-1", "S-2"]}}]},
    ],
}


def sales_force(log: RecordLog, *, waiting: Sequence[str]) -> None:
    """Definitions of each kind, sellers, and what assignment made of leads."""
    log.definition("journey-definitions", WELCOME, "live", revision=3, version=1)
    log.definition("sequence-definitions", FIRST_CALL, "draft", revision=5)
    log.definition("follow-up-definitions", {**REACT_FAST, "id": "old"}, "deleted", revision=2, version=1)
    log.definition(
        "follow-up-definitions", REACT_FAST, "live", revision=4, version=2, draft=REACT_FAST | {"name": "New"}
    )
    inside = Entry(id="inside-sales", revision=1, status="live", version=1, published=INSIDE_SALES, published_at=NOON)
    log.assignment(DEFINITION + b"inside-sales", HeldDefinition(inside))
    hours = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    speaks = {"language": "de"}
    busy = HeldSeller(id="S-1", changed_at=NOON, name="Ada", attributes=speaks, maximum=1, assigned=1, last=1)
    away = HeldSeller(id="S-2", changed_at=NOON, time_zone="Europe/Berlin", work_hours=hours, available=False)
    for one in (busy, away, HeldSeller(id="S/3 <i>", changed_at=NOON, active=False)):
        log.assignment(SELLER + one.id.encode(), one)
    decided: dict[str, Any] = {
        "model_id": "enterprise",
        "qualified_at": NOON,
        "definition": "inside-sales",
        "version": 1,
    }
    routed: dict[str, Any] = {"segment": "german", "rule": "german-speaking", "attributes": {"country": "DE"}}
    owner = Owner("seller", "S-1")
    assigned = HeldLead(**decided, **routed, own={"owner_id": "S-1"}, code=2, number=1, owner=owner, counted=True)
    log.assignment(LEAD + b"L-1001", assigned)
    for place, lead_id in enumerate(waiting, 1):
        log.assignment(LEAD + lead_id.encode(), HeldLead(**decided, **routed, code=7, number=place + 1, waits=place))
