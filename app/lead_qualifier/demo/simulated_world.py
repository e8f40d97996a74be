"""A small world that sends events: leads that come, visit, cool off, and are closed by salespeople. Deterministic.

What happens depends on the seed and on how many things have happened before, never on the clock: that only dates it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from lead_qualifier.messages import cloud_events
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_SCORE_CHANGED

ENGAGEMENT = "engagement"
DEMOGRAPHIC = "demographic"
SEED = 20_26
POPULATION = 3_000
"""Leads that exist at a time; a closed one makes room for a new one."""

_ARRIVALS = 0.3
"""Share of happenings that are a new lead, until the population is complete."""
_COUNTRIES = ("DE", "AT", "CH", "FR", "NL", "SE", "US")
_FIRST_NAMES = ("Anna", "Ben", "Clara", "David", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira")
_LAST_NAMES = ("Albers", "Brandt", "Demir", "Fischer", "Huber", "Jansen", "Keller", "Lang", "Moser", "Novak")
_CLOSINGS = (("qualified", "qualified"), ("disqualified", "lost"), ("disqualified", "no_longer_interested"))


class Sent(msgspec.Struct, frozen=True):
    """A record to send. `topic` is without prefix."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = []


class Person(msgspec.Struct):
    """A lead as the engines and the CRM of this world know it."""

    lead_id: str
    engagement: int
    demographic: int
    engaged_at: datetime
    closed: bool = False


class World(msgspec.Struct):
    """Its whole state, so that it can be kept in a file and go on another day."""

    seed: int = SEED
    population: int = POPULATION
    happened: int = 0
    """Things that have happened; each sends one record or a few."""
    sent: int = 0
    """Records taken from it."""
    arrived: int = 0
    people: list[Person] = []
    waiting: list[Sent] = []
    """Records of what has happened that were not taken yet."""
    last: Sent | None = None
    """The newest score, for the engine that repeats itself."""

    def next(self, now: datetime) -> Sent:
        """The next record; what happens to cause it happens `now`."""
        if not self.waiting:
            self.waiting = _Happening(self, now).records()
            self.happened += 1
        self.sent += 1
        return self.waiting.pop(0)


def name_of(number: int) -> str:
    """What the lead of this number is called."""
    return f"{_FIRST_NAMES[number % len(_FIRST_NAMES)]} {_LAST_NAMES[number % len(_LAST_NAMES)]}"


class _Happening:
    """One thing that happens in a world."""

    def __init__(self, world: World, now: datetime) -> None:
        self.world = world
        self.now = now
        self.random = Random(world.seed * 1_000_003 + world.happened)

    def records(self) -> list[Sent]:
        """What it makes engines and CRM send; the world changes with it."""
        world, random = self.world, self.random
        if len(world.people) < world.population and (not world.people or random.random() < _ARRIVALS):
            return self._arrives(len(world.people))
        # The newest leads are the liveliest.
        index = len(world.people) - 1 - int(len(world.people) * random.random() ** 2.5)
        person = world.people[index]
        if person.closed:
            return self._reopened(person) if random.random() < 0.1 else self._arrives(index)
        happens: Callable[[_Happening, Person], list[Sent]] = random.choices(*zip(*_HAPPENINGS.items(), strict=True))[0]
        return happens(self, person)

    def _arrives(self, index: int) -> list[Sent]:
        world, random = self.world, self.random
        world.arrived += 1
        person = Person(
            lead_id=f"L-{world.arrived:05d}",
            engagement=random.randint(5, 60),
            demographic=max(0, min(100, round(random.gauss(55, 18)))),
            engaged_at=self.now,
        )
        world.people[index : index + 1] = [person]
        about = {
            "status": "open",
            "status_reason": "new",
            "sales_ready": False,
            "owner_id": f"U-{random.randint(1, 6)}",
            "contact_id": f"C-{world.arrived:05d}",
            "attributes": {
                "name": name_of(world.arrived),
                "country": random.choice(_COUNTRIES),
                "revenue": random.randint(1, 400) * 50_000,
            },
        }
        return [self._changed(person, about), self._demographic_score(person), self._engagement_score(person, None)]

    def _visits(self, person: Person) -> list[Sent]:
        before = person.engagement
        person.engagement = min(100, before + self.random.randint(6, 26))
        return [self._engagement_score(person, before)]

    def _cools_off(self, person: Person) -> list[Sent]:
        before = person.engagement
        person.engagement = round(before * self.random.uniform(0.7, 0.95))
        return [self._engagement_score(person, before)]

    def _is_better_known(self, person: Person) -> list[Sent]:
        person.demographic = max(0, min(100, round(person.demographic + self.random.gauss(0, 10))))
        return [self._demographic_score(person)]

    def _is_closed(self, person: Person) -> list[Sent]:
        person.closed = True
        status, reason = self.random.choice(_CLOSINGS)
        return [self._changed(person, {"status": status, "status_reason": reason})]

    def _reopened(self, person: Person) -> list[Sent]:
        person.closed = False
        return [self._changed(person, {"status": "open", "status_reason": "contacted", "sales_ready": False})]

    def _is_taken_back(self, person: Person) -> list[Sent]:
        """Sales was not convinced: the flags are reset, and a model may qualify the lead again."""
        return [self._changed(person, {"status_reason": "contacted", "sales_ready": False})]

    def _is_erased(self, person: Person) -> list[Sent]:
        person.closed = True
        return [Sent(LEAD_CHANGED.name, person.lead_id.encode(), None)]

    def _late(self, person: Person) -> list[Sent]:
        """A score that was held up on its way: newer ones are known already."""
        at = person.engaged_at - timedelta(minutes=self.random.randint(1, 60))
        score = self.random.randint(0, 100)
        return [self._score(person.lead_id, ENGAGEMENT, score, at, None)]

    def _repeated(self, person: Person) -> list[Sent]:
        return [self.world.last or self._engagement_score(person, None)]

    def _broken(self, person: Person) -> list[Sent]:
        good = self._score(person.lead_id, ENGAGEMENT, person.engagement, self.now, None)
        assert good.value is not None
        message = json.loads(good.value)
        spoil = self.random.choice(_FAULTS)
        return [spoil(good, message)]

    def _engagement_score(self, person: Person, before: int | None) -> Sent:
        person.engaged_at = self.now
        sent = self._score(person.lead_id, ENGAGEMENT, person.engagement, self.now, before)
        self.world.last = sent
        return sent

    def _demographic_score(self, person: Person) -> Sent:
        """This engine knows nothing of CloudEvents."""
        sent = self._score(person.lead_id, DEMOGRAPHIC, person.demographic, self.now, None)
        return Sent(sent.topic, sent.key, sent.value)

    def _score(self, lead_id: str, scoring_model: str, score: int, at: datetime, before: int | None) -> Sent:
        message: dict[str, Any] = {
            "event_id": self._event_id(),
            "lead_id": lead_id,
            "scoring_model_id": scoring_model,
            "score": score,
            "occurred_at": at,
        }
        if before is not None:
            message["previous_score"] = before
        return self._cloud_event(LEAD_SCORE_CHANGED.name, f"/demo/{scoring_model}", message)

    def _changed(self, person: Person, fields: dict[str, Any]) -> Sent:
        message = {"event_id": self._event_id(), "lead_id": person.lead_id, "occurred_at": self.now, **fields}
        return self._cloud_event(LEAD_CHANGED.name, "/demo/crm", message)

    def _cloud_event(self, topic: str, source: str, message: dict[str, Any]) -> Sent:
        headers = cloud_events.headers(
            f"demo.{topic}",
            event_id=message["event_id"],
            source=source,
            time=message["occurred_at"],
            subject=message["lead_id"],
        )
        return Sent(topic, message["lead_id"].encode(), msgspec.json.encode(message), headers)

    def _event_id(self) -> str:
        return f"{self.random.getrandbits(64):016x}"


_HAPPENINGS: dict[Callable[[_Happening, Person], list[Sent]], float] = {
    _Happening._visits: 63,
    _Happening._cools_off: 22,
    _Happening._is_better_known: 2,
    _Happening._is_closed: 3,
    _Happening._is_taken_back: 2,
    _Happening._is_erased: 0.3,
    _Happening._late: 3,
    _Happening._repeated: 3,
    _Happening._broken: 0.7,
}
"""What may happen to a lead, and how often in relation to each other."""


def _text(good: Sent, value: str) -> Sent:
    return Sent(good.topic, good.key, value.encode(), good.headers)


_FAULTS: tuple[Callable[[Sent, dict[str, Any]], Sent], ...] = (
    lambda good, message: _text(good, json.dumps(message)[:-9]),
    lambda good, message: _text(good, json.dumps(message | {"score": str(message["score"])})),
    lambda good, message: _text(good, json.dumps(message | {"score": float("nan")})),
    lambda good, message: _text(good, json.dumps({name: value for name, value in message.items() if name != "score"})),
    lambda good, message: _text(good, json.dumps(message | {"lead_id": "L-00000"})),
    lambda good, message: _text(good, json.dumps(message | {"occurred_at": "yesterday"})),
    lambda good, message: Sent(good.topic, None, good.value, good.headers),
    lambda good, message: Sent(good.topic, good.key, None, good.headers),
)
"""How engines go wrong: half a message, a score as text or NaN, none, another lead's key, no time, no key, no value."""


def load(file: Path) -> World:
    """The world as it was kept, or a new one."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=World)
    except (FileNotFoundError, msgspec.DecodeError):
        return World()


def keep(world: World, file: Path) -> None:
    """Write it so that readers see all of it, or the previous content."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(world))
    new.replace(file)
