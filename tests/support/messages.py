"""What scoring engines, the CRM and administrators send, as JSON by hand."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def at(minutes: float) -> str:
    """A moment so many minutes after START."""
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def max_age(minutes: float) -> str:
    """The age, in hours, beyond which a score counts as expired by now if it is older than `minutes` after START."""
    return f"{(datetime.now(UTC) - START - timedelta(minutes=minutes)) // timedelta(hours=1)}h"


def encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def new_id() -> str:
    return str(uuid.uuid4())


def score(lead_id: str, scoring_model: str, value: object, minutes: float, **more: object) -> dict[str, Any]:
    return {
        "event_id": new_id(),
        "lead_id": lead_id,
        "scoring_model_id": scoring_model,
        "score": value,
        "occurred_at": at(minutes),
        **more,
    }


def change(lead_id: str, minutes: float, **fields: object) -> dict[str, Any]:
    return {"event_id": new_id(), "lead_id": lead_id, "occurred_at": at(minutes), **fields}


def merged(loser_id: str, survivor_id: str, minutes: float, **more: object) -> dict[str, Any]:
    return {
        "event_id": new_id(),
        "lead_id": loser_id,
        "survivor_id": survivor_id,
        "occurred_at": at(minutes),
        **more,
    }


def sales_response(lead_id: str, response: str, minutes: float, **more: object) -> dict[str, Any]:
    return {
        "event_id": new_id(),
        "lead_id": lead_id,
        "response": response,
        "occurred_at": at(minutes),
        **more,
    }


def scoring_model(name: str, status: str, minutes: float = 0) -> dict[str, Any]:
    return {
        "event_id": new_id(),
        "scoring_model_id": name,
        "name": name.title(),
        "status": status,
        "occurred_at": at(minutes),
    }


def model(name: str, match: object, criteria: dict[str, float], **more: Any) -> dict[str, Any]:
    """A definition that sets both flags, unless `actions` says otherwise."""
    return {
        "id": name,
        "name": name.title(),
        "match": match,
        "criteria": [{"scoring_model": of, "threshold": threshold} for of, threshold in criteria.items()],
        "actions": {"status_reason": "marketing_qualified", "sales_ready": True},
        **more,
    }


def command(what: str, model_id: str, minutes: float = 0, **more: Any) -> dict[str, Any]:
    return {
        "command_id": new_id(),
        "command": what,
        "qualification_model_id": model_id,
        "issued_by": "tester",
        "issued_at": at(minutes),
        **more,
    }


def apply(definition: dict[str, Any], minutes: float = 0, **more: Any) -> dict[str, Any]:
    return command("apply", definition["id"], minutes, definition=definition, **more)


def feature(what: str, name: str = "lead-management", minutes: float = 0, **more: Any) -> dict[str, Any]:
    return {
        "command_id": new_id(),
        "command": what,
        "feature": name,
        "issued_by": "admin",
        "issued_at": at(minutes),
        **more,
    }
