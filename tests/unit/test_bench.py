"""What the bench compares the worker with decides the same: each event and each state, whole."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pytest

from bench.loop import Loop, LoopSettings
from bench.plain_loop import PlainLoop
from bench.results import without_defaults
from bench.struct_loop import StructLoop
from bench.workload import CHANGES, MODEL, Workload
from lead_qualifier.engine import ProcessorContext, Record
from lead_qualifier.messages.topics import LEAD_QUALIFIED
from lead_qualifier.services.worker.lead_processor import LeadProcessor
from tests.support.lead_application import lead_application
from tests.unit.qualification.given import model, rules

_encode, _decode = msgspec.json.encode, msgspec.json.decode
WORKLOAD = Workload("small", 4_000, 200)


class Told(NamedTuple):
    """`events`: each lead-qualified, in order; `states`: what is held at the end, by lead."""

    events: list[dict[str, Any]]
    states: dict[bytes, dict[str, Any]]


class Message:
    """As confluent-kafka hands it out."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def key(self) -> bytes | None:
        return self._record.key

    def value(self) -> bytes | None:
        return self._record.value

    def topic(self) -> str:
        return self._record.topic

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._record.offset

    def error(self) -> None:
        return None


@pytest.fixture(scope="module")
def records() -> list[Record]:
    chunks = sorted(WORKLOAD.chunks(), key=lambda chunk: chunk[0] != CHANGES)  # so that what they say is told
    found = [(topic, message) for topic, messages in chunks for message in messages]
    return [
        Record(topic, 0, offset, 0, message["key"], message["value"], ())
        for offset, (topic, message) in enumerate(found)
    ]


@pytest.fixture(scope="module")
def of_worker(records: list[Record]) -> Told:
    criteria = {one["scoring_model"]: float(one["threshold"]) for one in MODEL["criteria"]}
    current = rules(model(MODEL["id"], match=MODEL["match"], criteria=criteria))
    decider = LeadProcessor(topic_prefix="", source="/x", rules=lambda: current)
    application = lead_application(decider)
    decider.begin()
    context = ProcessorContext(application, 0, {})
    for record in records:
        context.record = record
        decider.process(record, context)
        context.passed(record.topic, record.offset + 1)
    events = [_decode(out.value or b"") for out in context.outputs if out.topic == LEAD_QUALIFIED.name]
    return Told(events, {one["key"]: without_defaults(_decode(one["value"])) for one in context.changes()})


@pytest.mark.parametrize("kind", [PlainLoop, StructLoop])
def test_the_hand_written_loops_decide_what_the_worker_decides(
    kind: type[Loop], records: list[Record], of_worker: Told
) -> None:
    scoring_models = [one["scoring_model"] for one in MODEL["criteria"]]
    loop = kind(LoopSettings("nowhere:9", "", "bench", MODEL, scoring_models))
    loop.leads = {0: {}}
    loop.decide_batch([Message(record) for record in records])
    events = [_decode(_encode(event)) for _, event in loop.qualified]
    states = {key: without_defaults(_decode(_encode(lead))) for key, lead in loop.changed[0].items()}
    assert any("changed_at" in event["lead"] for event in of_worker.events)
    assert any("changed_at" not in event["lead"] for event in of_worker.events)
    assert events == of_worker.events
    assert states == of_worker.states
    assert not loop.dead_letters
