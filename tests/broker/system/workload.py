"""Seeded streams of scores and lead changes as engines and a CRM send them: late, repeated, of equal time, broken."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.broker.system.messages import at, change, encode, score

SCORING_MODELS = ("engagement", "demographic", "intent", "attendance")
UNKNOWN_SCORING_MODEL = "attic"

Record = tuple[bytes | None, bytes | None]
"""Key and value."""


class Workload:
    """Time goes on from call to call; `leads` are the ids it is about."""

    def __init__(self, seed: int, leads: int) -> None:
        self.random = random.Random(seed)
        self.leads = [f"L-{number:04}" if number % 50 else f"Lead Nº {number} «ü»" for number in range(leads)]
        self.minutes = 0.0
        self._sent: dict[str, list[dict[str, Any]]] = {}
        self._changed: dict[str, list[dict[str, Any]]] = {}

    def scores(self, count: int, *, broken: float = 0.01, among: list[str] | None = None) -> Iterator[Record]:
        for _ in range(count):
            self.minutes += self.random.expovariate(1)
            yield self._broken_score() if self.random.random() < broken else self._score(among or self.leads)

    def changes(
        self, count: int, *, broken: float = 0.01, erase: float = 0.03, among: list[str] | None = None
    ) -> Iterator[Record]:
        for _ in range(count):
            self.minutes += self.random.expovariate(1)
            lead_id = self.random.choice(among or self.leads)
            dice = self.random.random()
            if dice < erase:
                self._forget(lead_id)
                yield lead_id.encode(), None
            elif dice < erase + broken:
                yield self._broken_change(lead_id)
            else:
                yield self._change(lead_id)

    def forget(self, count: int) -> list[str]:
        """Leads that are about to be erased."""
        gone = self.random.sample(self.leads, count)
        for lead_id in gone:
            self._forget(lead_id)
        return gone

    def _forget(self, lead_id: str) -> None:
        # an old event repeated after that would be the first of a new lead
        self._sent.pop(lead_id, None)
        self._changed.pop(lead_id, None)

    def _score(self, among: list[str]) -> Record:
        lead_id = self.random.choice(among)
        sent = self._sent.setdefault(lead_id, [])
        dice = self.random.random()
        minutes = self.minutes
        if dice < 0.05 and sent:
            message = self.random.choice(sent)  # a repeated event
        else:
            if dice < 0.15:
                minutes -= self.random.choice((5, 60, 600, 6000))  # late
            name = self.random.choice(SCORING_MODELS) if dice < 0.97 else UNKNOWN_SCORING_MODEL
            message = score(lead_id, name, self._value(), minutes)
            if dice > 0.8 and sent:
                message["occurred_at"] = sent[-1]["occurred_at"]  # of equal time, and on another model perhaps
            if dice > 0.9:
                message |= {"previous_score": 3, "grade": "B", "scoring_model_version": 7, "something": {"new": [None]}}
            if dice < 0.3 and message["occurred_at"].endswith("Z"):
                message["occurred_at"] = _elsewhere(message["occurred_at"])
            sent.append(message)
        return lead_id.encode(), encode(message)

    def _value(self) -> float:
        value = self.random.choice((self.random.gauss(55, 30), float(self.random.randrange(0, 101, 5))))
        return round(value, self.random.choice((0, 1, 6))) if self.random.random() < 0.99 else -1e300

    def _change(self, lead_id: str) -> Record:
        chance = self.random.random
        choose = self.random.choice
        told = self._changed.setdefault(lead_id, [])
        if told and chance() < 0.05:
            return lead_id.encode(), encode(choose(told))  # a repeated event
        minutes = self.minutes - (choose((10, 100, 1000, 5000)) if chance() < 0.25 else 0)
        message = change(lead_id, minutes)
        if told and chance() < 0.1:
            message["occurred_at"] = told[-1]["occurred_at"]
        kind = chance()
        if kind < 0.15:
            message |= {"status": "disqualified", "status_reason": choose(("lost", "canceled", "no_longer_interested"))}
        elif kind < 0.22:
            message |= {"status": "qualified", "status_reason": "qualified"}
        elif kind < 0.27:
            message["status_reason"] = "qualified"
        elif kind < 0.5:
            message |= {"status": "open", "status_reason": choose(("new", "contacted"))}
        elif kind < 0.6:
            message["status_reason"] = choose(("contacted", "marketing_qualified"))
        elif kind < 0.75:
            message["sales_ready"] = choose((True, False))
        elif kind < 0.8:
            message["status"] = "open"
        if chance() < 0.3:
            message["owner_id"] = choose(("U-1", "U-2", None))
        if chance() < 0.2:
            message["contact_id"] = choose(("C-1", "C-2", None))
        if chance() < 0.3:
            message["attributes"] = {
                choose(("country", "revenue", "größe")): choose(("DE", 1200000, 1.5, True, None)) for _ in range(2)
            }
        if chance() < 0.2:
            message["something"] = "new"
        told.append(message)
        return lead_id.encode(), encode(message)

    def _broken_score(self) -> Record:
        lead_id = self.random.choice(self.leads)
        message = score(lead_id, self.random.choice(SCORING_MODELS), 99, self.minutes)
        key = lead_id.encode()
        value = encode(message)
        without = {name: part for name, part in message.items() if name != self.random.choice(sorted(message))}
        return self.random.choice(
            [
                (key, None),
                (key, b""),
                (key, b"null"),
                (key, b"[]"),
                (key, value[:-7]),
                (key, value + b"}"),
                (key, b"\xff\xfe" + value),
                (key, encode(without)) if len(without) < len(message) else (key, b"{}"),
                (key, encode(message | {"score": "99"})),
                (key, encode(message | {"score": True})),
                (key, encode(message | {"score": None})),
                (key, value.replace(b": 99", b": NaN")),
                (key, value.replace(b": 99", b": 1e999")),
                (key, encode(message | {"occurred_at": "2026-03-02"})),
                (key, encode(message | {"occurred_at": at(1)[:-1]})),
                (key, encode(message | {"lead_id": 17})),
                (key + b"x", value),
                (None, value),
            ]
        )

    def _broken_change(self, lead_id: str) -> Record:
        message = change(lead_id, self.minutes, status="open", sales_ready=True)
        key = lead_id.encode()
        return self.random.choice(
            [
                (key, b""),
                (key, b"null"),
                (key, encode(message | {"status": None})),
                (key, encode(message | {"sales_ready": "yes"})),
                (key, encode(message | {"attributes": None})),
                (key, encode(message | {"status": "somehow"})),
                (key, encode(message | {"occurred_at": None})),
                (key, json.dumps(message)[:40].encode()),
                (b"another", encode(message)),
            ]
        )


def _elsewhere(moment: str) -> str:
    """The same moment as it is written in another zone."""
    return datetime.fromisoformat(moment).astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
