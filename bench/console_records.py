"""Records that the console projects: rules, leads, and what happened to leads that qualified."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from bench.lead_story import is_answered, story
from lead_qualifier.assignment.state import LEAD, SELLER, HeldLead, HeldSeller, State, encode_state
from lead_qualifier.console.read_model.projectors import ProjectedTopics
from lead_qualifier.definitions.qualification_models.entries import ModelEntry, ScoringModelEntry, encode_stored
from lead_qualifier.kafka.records import PartitionId, Record
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.qualification.leads import Lead, Mark, Score
from lead_qualifier.qualification.utc import to_milliseconds
from lead_qualifier.services.console_topology import CONSOLE
from lead_qualifier.services.worker.lead_processor import encode_lead

TOPICS = ProjectedTopics.of(CONSOLE, topic_prefix="", state_prefix="")
SCORING_MODELS = ("engagement", "demographic", "intent")
NAME_ATTRIBUTES = ("name", "company")
MODEL = "enterprise"
PARTITIONS = 8

_SEED = 20260105
_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
_NAMES = ("Anna", "Jonas", "Erika", "Mehmet", "Zoë", "Lukas", "Maria", "Piotr")
#: One lead in four bears a mark. The topics still have the events about two in five of these.
_MARKED, _STILL_THERE = 0.25, 0.4
_SELLERS = 200


def rules() -> list[Record]:
    """Three live scoring models, and a live qualification model."""
    engagement = {"scoring_model": "engagement", "threshold": 70}
    definition = {"id": MODEL, "match": "all", "criteria": [engagement], "actions": {"sales_ready": True}}
    live = ModelEntry(
        id=MODEL, revision=4, status="live", version=1, published=model_of(definition), published_revision=4
    )
    entries: list[ScoringModelEntry | ModelEntry] = [
        ScoringModelEntry(id=name, revision=revision, status="live", occurred_at=_START)
        for revision, name in enumerate(SCORING_MODELS, 1)
    ]
    return [
        Record(TOPICS.rules, 0, number, 0, entry.key.encode(), encode_stored(entry), ())
        for number, entry in enumerate([*entries, live])
    ]


def leads(number: int) -> Iterator[Record]:
    """So many leads as workers store them, partition after partition."""
    chance = random.Random(_SEED)
    for offset in range(number):
        key = b"L-%07d" % chance.randrange(10**9)
        value = encode_lead(_lead(chance, offset))
        yield Record(TOPICS.lead_state, offset * PARTITIONS // number, offset, 0, key, value, ())


def _lead(chance: random.Random, number: int) -> Lead:
    def moment() -> datetime:
        return _START + timedelta(milliseconds=chance.randrange(10**10))

    lead = Lead(
        known=True,
        changed_at=moment(),
        owner_id=f"U-{chance.randrange(200)}",
        contact_id=f"C-{number:07}",
        attributes={"name": f"{chance.choice(_NAMES)} Muster{number % 50_000}", "country": "DE"},
        scores={
            "engagement": Score(float(chance.randrange(101)), moment()),
            "demographic": Score(round(chance.uniform(0, 100), 2), moment()),
            "intent": Score(chance.random(), moment()),
        },
    )
    if chance.random() < _MARKED:
        at = moment()
        lead.status_reason, lead.sales_ready = "marketing_qualified", True
        lead.marks = {MODEL: Mark(1, 1, at, f"{chance.getrandbits(128):032x}")}
        lead.qualified_at, lead.qualified_flags = at, ("status_reason", "sales_ready")
    return lead


class _Log:
    """Numbers records."""

    def __init__(self) -> None:
        self._next: dict[PartitionId, int] = {}

    def record(self, topic: str, partition: int, at: datetime, key: bytes | None, value: bytes | None) -> Record:
        offset = self._next.get((topic, partition), 0)
        self._next[topic, partition] = offset + 1
        return Record(topic, partition, offset, to_milliseconds(at), key, value, ())


def what_followed(states: Iterable[Record]) -> Iterator[Record]:
    """What happened to leads that qualified: events, and the state of assignment. `states`: the leads."""
    chance, log = random.Random(_SEED), _Log()
    decode = msgspec.json.Decoder(Lead).decode

    def assignment(key: bytes, at: datetime, state: State) -> Record:
        return log.record(TOPICS.assignment_state, 0, at, key, encode_state(state))

    for number in range(_SELLERS):
        seller = HeldSeller(id=f"S-{number}", changed_at=_START, maximum=1000, assigned=500)
        yield assignment(SELLER + seller.id.encode(), _START, seller)
    number = 0
    for one in states:
        assert one.key is not None
        assert one.value is not None
        lead = decode(one.value)
        mark = lead.marks.get(MODEL)
        if mark is None or chance.random() >= _STILL_THERE:
            continue
        number += 1
        for topic, at, value in story(number, one.key.decode(), lead, MODEL, mark):
            yield log.record(topic.name, one.partition, at, one.key, value)
        waits = 0 if is_answered(number) else number
        held = HeldLead(model_id=MODEL, qualified_at=mark.at, code=7 if waits else 2, number=number, waits=waits)
        yield assignment(LEAD + one.key, mark.at, held)
