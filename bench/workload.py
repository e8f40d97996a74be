"""The events that both are measured on: seeded, with the rates of a real day, made so that their result is one.

Between the topics of scores and of lead changes Kafka promises no order. So that both programs must come to the same
result whatever they read first, CRM changes here never touch a lead that qualifies, except in what decides nothing
(owner, contact, attributes).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

MODEL: dict[str, Any] = {
    "id": "enterprise",
    "name": "Enterprise leads",
    "match": "all",
    "criteria": [{"scoring_model": "engagement", "threshold": 70}, {"scoring_model": "demographic", "threshold": 50}],
    "actions": {"status_reason": "marketing_qualified", "sales_ready": True},
    "existing_leads": "ignore",
}

SCORES = "lead-score-changed"
CHANGES = "lead-changed"

_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
_CHUNK = 50_000
_CHANGED = 0.03  # of all records are lead-changed
_LATE = 0.015  # of the scores are older than what is held
_REPEATED = 0.005
_DEMOGRAPHIC = 0.3  # of the scores; the others are engagement
_CLOSED = 50  # one lead in so many was closed by a salesperson; it never reaches the criteria
_GRADES = ("A", "B", "C", "D")

Message = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Workload:
    """`events` records about `leads` leads, all determined by the seed."""

    name: str
    events: int
    leads: int
    seed: int = 20260105

    def chunks(self) -> Iterator[tuple[str, list[Message]]]:
        """(topic without prefix, records with key and value) in the order in which they are to be produced."""
        chance = random.Random(self.seed)
        engagement = [chance.triangular(0, 100, 45) for _ in range(self.leads)]
        demographic = [chance.uniform(0, 45 if lead % _CLOSED == 0 else 100) for lead in range(self.leads)]
        pending: dict[str, list[Message]] = {SCORES: [], CHANGES: []}
        for number in range(self.events):
            lead = chance.randrange(self.leads)
            if chance.random() < _CHANGED:
                topic, message = CHANGES, _change(number, lead, chance)
            else:
                topic = SCORES
                message = _score(number, lead, engagement, demographic, chance)
                if pending[SCORES] and chance.random() < _REPEATED:
                    message = pending[SCORES][-1]
            pending[topic].append(message)
            if len(pending[topic]) == _CHUNK:
                yield topic, pending[topic]
                pending[topic] = []
        yield from pending.items()


def lead_id(number: int) -> str:
    return f"L-{number:07d}"


def score_event(event_id: str, lead: str, scoring_model: str, score: float, occurred_at: datetime) -> bytes:
    """A score as a scoring engine sends it, the optional fields included."""
    at = occurred_at.isoformat(timespec="microseconds")[:26] + "Z"
    return (
        f'{{"event_id": "{event_id}", "lead_id": "{lead}", "scoring_model_id": "{scoring_model}", "score": {score}, '
        f'"occurred_at": "{at}", "grade": "{_GRADES[int(score) * 4 // 101]}", "scoring_model_version": 4}}'
    ).encode()


def _score(number: int, lead: int, engagement: list[float], demographic: list[float], chance: random.Random) -> Message:
    at = _START + timedelta(milliseconds=number * 3)
    if chance.random() < _LATE:
        at -= timedelta(hours=6)
    if chance.random() < _DEMOGRAPHIC:
        name, score = "demographic", demographic[lead]
    else:
        name = "engagement"
        score = engagement[lead] = min(100.0, max(0.0, engagement[lead] + chance.uniform(-20, 24)))
    key = lead_id(lead)
    event_id = f"{number:08x}-{chance.getrandbits(16):04x}-7000-8000-{chance.getrandbits(48):012x}"
    return {"key": key.encode(), "value": score_event(event_id, key, name, round(score, 1), at)}


def _change(number: int, lead: int, chance: random.Random) -> Message:
    at = (_START + timedelta(milliseconds=number * 3)).isoformat(timespec="microseconds")[:26] + "Z"
    key = lead_id(lead)
    status = '"disqualified", "status_reason": "lost"' if lead % _CLOSED == 0 else '"open"'
    value = (
        f'{{"event_id": "c-{number:08x}", "lead_id": "{key}", "occurred_at": "{at}", "status": {status}, '
        f'"owner_id": "U-{lead % 97}", "contact_id": "C-{lead % 1009}", '
        f'"attributes": {{"country": "DE", "revenue": {chance.randrange(1_000_000)}}}}}'
    )
    return {"key": key.encode(), "value": value.encode()}
