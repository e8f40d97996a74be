"""Events as the consumer hands them to a sink."""

from __future__ import annotations

import json
from typing import Any

from lead_qualifier.consumer import Event
from lead_qualifier.consumer.event import decode
from lead_qualifier.kafka.records import Record

LEAD = "5531d753-95af-e711-a94e-000d3a11e605"
SELLER = "9f1f4b52-3c9c-ee11-be37-000d3a2bd6d0"


def event(
    topic: str = "lead-qualified", *, lead_id: str = LEAD, event_id: str = "e-1", headers: Any = (), **data: Any
) -> Event:
    value = {"event_id": event_id, "lead_id": lead_id, "occurred_at": "2026-11-23T09:30:00Z", **data}
    return decode(
        Record(
            topic=topic,
            partition=1,
            offset=7,
            timestamp_ms=1_764_000_000_000,
            key=lead_id.encode(),
            value=json.dumps(value).encode(),
            headers=headers,
        )
    )


def erased(lead_id: str = LEAD) -> Event:
    return decode(
        Record(
            topic="lead-changed",
            partition=1,
            offset=7,
            timestamp_ms=1_764_000_000_000,
            key=lead_id.encode(),
            value=None,
            headers=(),
        )
    )


BOTH = {
    "status_reason": {"from": "new", "to": "marketing_qualified"},
    "sales_ready": {"from": False, "to": True},
}
