"""Seeded streams of scores and lead changes as engines and a CRM send them: late, repeated, of equal time, broken."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.support.messages import at, change, encode, merged, sales_response, score

SCORING_MODELS = ("engagement", "demographic", "intent", "attendance")
GRADES = ("A", "B", "B", "C", "D", "")
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
        self._merged: set[str] = set()
        self._families: dict[str, str] = {}

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

    def merges(
        self, count: int, *, broken: float = 0.05, among: list[str] | None = None, seen: set[str] | None = None
    ) -> Iterator[Record]:
        """Chains and circles over several calls; in one call nothing goes over to the same lead from two sides.

        What a lead holds once this is decided depends on no order, then. No lead is the loser of two merges that count.
        `seen`: for several calls that are to be as one.
        """
        seen = set() if seen is None else seen
        leads = list(among or self.leads)
        for _ in range(count):
            self.minutes += self.random.expovariate(1)
            if self.random.random() < broken:
                yield self._broken_merge()
                continue
            free = [lead for lead in leads if self.family(lead) not in seen]
            losers = [lead for lead in free if lead not in self._merged]
            if len(free) < 2 or not losers:
                return
            loser = self.random.choice(losers)
            survivor = self.random.choice([lead for lead in free if lead != loser])
            yield from self._merge(loser, survivor)
            self._families[self.family(loser)] = self.family(survivor)
            seen.add(self.family(survivor))

    def answers(self, count: int, *, broken: float = 0.01, among: list[str] | None = None) -> Iterator[Record]:
        """What sales answers: accepted or rejected, some of it about an earlier time, some of it twice."""
        for _ in range(count):
            self.minutes += self.random.expovariate(1)
            lead_id = self.random.choice(among or self.leads)
            minutes = self.minutes - (self.random.choice((10, 1000)) if self.random.random() < 0.2 else 0)
            message = sales_response(lead_id, self.random.choice(("accepted", "rejected", "rejected")), minutes)
            if self.random.random() < 0.5:
                message["reason"] = self.random.choice(("no budget", "wrong person"))
            if self.random.random() < broken:
                message["response"] = "perhaps"
            for _ in range(2 if self.random.random() < 0.05 else 1):
                yield lead_id.encode(), encode(message)

    def family(self, lead_id: str) -> str:
        """The same for all leads that were ever merged into each other."""
        while (parent := self._families.get(lead_id, lead_id)) != lead_id:
            lead_id = parent
        return lead_id

    def one_of_each_family(self, among: list[str] | None = None) -> list[str]:
        """What is sent to one of them concerns another only by way of the one it was sent to."""
        leads = self.random.sample(among or self.leads, len(among or self.leads))
        return sorted({self.family(lead): lead for lead in leads}.values())

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
        self._merged.discard(lead_id)

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
            if self.random.random() < 0.7:
                message["grade"] = self.random.choice(GRADES)
            if dice > 0.8 and sent:
                message["occurred_at"] = sent[-1]["occurred_at"]  # of equal time, and on another model perhaps
            if dice > 0.9:
                message |= {"previous_score": 3, "scoring_model_version": 7, "something": {"new": [None]}}
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

    def _merge(self, loser: str, survivor: str) -> Iterator[Record]:
        self._merged.add(loser)
        message = merged(loser, survivor, self.minutes)
        dice = self.random.random()
        yield loser.encode(), encode(message | ({"something": [1]} if dice > 0.8 else {}))
        if dice < 0.1:
            yield loser.encode(), encode(message)  # a repeated event
        elif dice < 0.3:  # one that comes late
            yield loser.encode(), encode(merged(loser, self.random.choice(self.leads) + "-else", self.minutes - 60))

    def _broken_merge(self) -> Record:
        lead_id = self.random.choice(self.leads)
        message = merged(lead_id, "another", self.minutes)
        key = lead_id.encode()
        return self.random.choice(
            [
                (key, None),
                (key, b"null"),
                (key, encode(message | {"survivor_id": lead_id})),
                (key, encode(message | {"survivor_id": None})),
                (key, encode(message | {"occurred_at": "today"})),
                (b"another", encode(message)),
                (None, encode(message)),
            ]
        )

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
