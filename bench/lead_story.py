"""What happened to a lead that a model qualified: the events about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from lead_qualifier.messages.topics import LEAD_ASSIGNED, LEAD_QUALIFIED, LEAD_SALES_RESPONSE, Topic
from lead_qualifier.qualification.leads import Lead, Mark

_REASONS = ("budget", "wrong person", "no interest", None)
#: Of the qualified leads, each is assigned, three in four are answered, and every second answer is a rejection.
_ANSWERED, _REJECTED = 4, 2


class Told(NamedTuple):
    """An event: when it happened, and its value."""

    topic: Topic
    at: datetime
    value: bytes


def is_answered(number: int) -> bool:
    """Whether sales answered. `number`: of the lead among those that qualified."""
    return number % _ANSWERED != 0


def story(number: int, lead_id: str, lead: Lead, model_id: str, mark: Mark) -> Iterator[Told]:
    """The events about a lead that bears this mark. `number`: as is_answered() has it."""

    def told(topic: Topic, at: datetime, **event: Any) -> Told:
        body = {"event_id": f"{topic.name}-{lead_id}", "lead_id": lead_id, "occurred_at": at, **event}
        return Told(topic, at, msgspec.json.encode(body))

    def trigger(topic: str) -> dict[str, Any]:
        return {"event_id": mark.trigger, "topic": topic, "partition": 0, "offset": 0}

    yield told(
        LEAD_QUALIFIED,
        mark.at,
        qualification_model_id=model_id,
        qualification_model_version=mark.version,
        match="all",
        criteria=[
            {"scoring_model_id": name, "threshold": 0, "score": score.value, "met": True, "scored_at": score.at}
            for name, score in lead.scores.items()
        ],
        changes={"sales_ready": {"from": False, "to": True}},
        lead={"status": "open", "status_reason": "marketing_qualified", "sales_ready": True},
        qualification_number=mark.number,
        origin="live",
        trigger=trigger("lead-score-changed"),
    )
    yield told(
        LEAD_ASSIGNED,
        mark.at,
        result={"code": 2, "name": "assigned"},
        owner={"kind": "seller", "id": "S-1"},
        considered=[{"seller_id": "S-1", "why": "chosen"}],
        decision_number=number,
        queue_offset=number,
        decided_at=mark.at,
        trigger=trigger("lead-qualified"),
    )
    if is_answered(number):
        reason = _REASONS[number % len(_REASONS)]
        answer = {"response": "rejected", "reason": reason} if number % _REJECTED else {"response": "accepted"}
        yield told(LEAD_SALES_RESPONSE, mark.at + timedelta(hours=1), **answer)
