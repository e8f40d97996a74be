"""How a lead stands to a model: what would change on it, how its scores stand, and by which way it came there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle.lead import Lead, Scores
from tests.oracle.reading import Input
from tests.oracle.registry import Model

DIFFERENCE = {
    (True, True): "both",
    (False, False): "neither",
    (False, True): "newly_qualifying",
    (True, False): "no_longer_qualifying",
}


def trigger_of(event_id: str, record: Input) -> dict[str, Any]:
    return {"event_id": event_id, "topic": record.topic, "partition": record.partition, "offset": record.offset}


def aged_until(at: datetime, record: Input) -> datetime:
    """Up to when the age of a score is counted: until a record's time, or until Kafka says that it was written."""
    if record.written_ms is None:
        return at
    return max(at, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=record.written_ms))


def way_to(before: Lead, lead: Lead, model: Model) -> str:
    """By which way a change has brought the lead to the model, if by any."""
    if model.hears(lead.now, lead.attributes) and not model.hears(before.now, before.attributes):
        return "fast_track"
    came_in = model.means(lead.now, lead.attributes) and not model.means(before.now, before.attributes)
    return "live" if came_in else ""


def above(scores: Scores, model: Model) -> bool:
    """Do these scores reach what the model asks for, or where it says so, what they must not fall below?"""
    reached = []
    for one in model.leaves():
        value, _, grade = scores.get(one["scoring_model"], (float("-inf"), None, None))
        if "grades" in one:
            reached.append(grade in one["grades"])
        else:
            reached.append(value >= one.get("drop_below", one["threshold"]))
    return bool(model.tree(reached)["met"])


def changes_on(lead: Lead, model: Model) -> dict[str, Any]:
    actions = model.definition["actions"]
    changes: dict[str, Any] = {}
    if actions.get("status_reason") == "marketing_qualified" and lead.now["status_reason"] != "marketing_qualified":
        changes["status_reason"] = {"from": lead.now["status_reason"], "to": "marketing_qualified"}
    if actions.get("sales_ready") and not lead.now["sales_ready"]:
        changes["sales_ready"] = {"from": False, "to": True}
    return changes
