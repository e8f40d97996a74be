"""The search for a lead's order finds the one that there was, and none for what cannot have been."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from lead_qualifier.engine import ProcessorContext, Record
from lead_qualifier.sequences.processor import SequenceProcessor, decode_state, encode_state
from tests.oracle.journal import Cycle, Journal, OutOfStep
from tests.oracle.ordering import Outputs, Step, steps_of, unexplained
from tests.oracle.reading import Input
from tests.oracle.services import InSequences
from tests.support.messages import encode
from tests.support.processor_harness import ProcessorHarness, changed, qualified

LEAD = "L-1"
DEFINITION: dict[str, Any] = {
    "id": "first",
    "connect": {"on": "lead-qualified", "when": {"attribute": "country", "equals": "DE"}},
    "steps": [
        {"id": "hello", "kind": "automated_email"},
        {"id": "breathe", "kind": "wait", "for": "5s"},
        {"id": "bye", "kind": "automated_email"},
    ],
}
DUE = InSequences.STEPS


class History:
    """Cycles of a real processor with records of two topics, in an order that is not written down."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(seed)
        harness = ProcessorHarness(
            lambda current: SequenceProcessor(topic_prefix="", source="/x", current=current),
            encode_state,
            decode_state,
            {"first": DEFINITION},
        )
        self.cycles: list[Cycle] = []
        now, offsets = 1_000_000, {"lead-changed": 0, "lead-qualified": 0}
        self.found: dict[str, list[Any]] = {DUE: [], InSequences.STATES: []}
        for number in range(12):
            now += dice.choice((100, 3_000, 9_000))
            context = ProcessorContext(harness.application, 0, harness.entries, revision=1, now_ms=now)
            harness.processor.begin()
            for key in (due := harness.timers.due(now, 10)):
                harness.processor.on_timer(key, context)
            taken: dict[str, list[Input]] = {}
            for _ in range(dice.choice((0, 1, 3))):
                topic = dice.choice(sorted(offsets))
                minutes = number + dice.random()
                if topic == "lead-changed":
                    told = changed(LEAD, minutes, attributes={"country": dice.choice(("DE", "FR"))})
                    told["status"] = dice.choice(("open", "open", "disqualified"))
                else:
                    told = qualified(LEAD, minutes, number=offsets[topic])
                record = Input(topic, 0, offsets[topic], LEAD.encode(), encode(told))
                offsets[topic] += 1
                taken.setdefault(topic, []).append(record)
                context.record = Record(topic, 0, record.offset, 0, record.key, record.value, [])
                harness.processor.process(context.record, context)
            harness.timers.done(due)
            for output in context.outputs:
                told_by = InSequences.step_by if output.topic == InSequences.STEPS else InSequences.state_by
                self.found[output.topic].append(told_by(json.loads(output.value or b"{}")))
            changes = frozenset(change["key"] for change in context.changes())
            harness._commit(context)
            # in the order of the topics, as a journal has it, whatever the order was in which they were decided
            self.cycles.append(Cycle(now, 1, {topic: taken[topic] for topic in sorted(taken)}, changes))

    @property
    def steps(self) -> list[Step]:
        return steps_of(self.cycles, lambda record: record.key).get(LEAD.encode(), [])

    def explained(self, found: Outputs) -> bool:
        return unexplained(self.steps, lambda: InSequences(1, lambda _: {"first": (1, DEFINITION)}, {}), found) is None


@pytest.mark.parametrize("seed", range(12))
def test_what_there_was_is_explained_and_what_was_not_is_not(seed: int) -> None:
    history = History(seed)
    found = history.found
    assert history.explained(found)
    steps, states = found[DUE], found[InSequences.STATES]
    if not steps:
        return
    assert not history.explained({**found, DUE: steps[:-1]}), "one is missing"
    assert not history.explained({**found, DUE: [*steps, steps[-1]]}), "one came twice"
    assert not history.explained({**found, DUE: [*steps, ("first", 99, "hello")]}), "one came that nothing foretold"
    if len(states) > 1:
        assert not history.explained({**found, InSequences.STATES: states[::-1]}), "they came in another order"


def test_the_histories_have_something_to_tell() -> None:
    assert sum(len(History(seed).found[DUE]) for seed in range(12)) > 18


def test_what_should_have_been_decided_by_now_is_missed() -> None:
    record = Input("lead-changed", 0, 0, LEAD.encode(), encode(changed(LEAD, attributes={"country": "DE"})))
    began = Input("lead-qualified", 0, 0, LEAD.encode(), encode(qualified(LEAD, 1)))
    steps = [Step(1_000, 1, ((record,),), True), Step(2_000, 1, ((began,),), True)]
    found = {DUE: [("first", 1, "hello")], InSequences.STATES: [("first", 1, "connected")]}

    def oracle() -> InSequences:
        return InSequences(1, lambda _: {"first": (1, DEFINITION)}, {})

    assert unexplained(steps, oracle, found, until=6_999) is None
    assert "its time came" in str(unexplained(steps, oracle, found, until=7_001))


def position(offset: int, following: int, *, clock: int = 5) -> Input:
    value = {"application": "a", "next": {"p.in": following}, "clock": clock, "revision": 3}
    return Input("state", 0, offset, b"\xffposition", encode(value))


def test_a_journal_tells_what_each_cycle_took_and_changed() -> None:
    ins = [Input("in", 0, offset, b"k", b"{}") for offset in range(3)]
    records = {"in": ins, "state": [Input("state", 0, 0, b"k", b"{}"), position(1, 2)]}
    journal = Journal("state", ["in"], "p.")
    journal.read(records)
    assert journal.cycles == {0: [Cycle(5, 3, {"in": ins[:2]}, frozenset({b"k"}))]}
    assert journal.unprocessed(records) == 1
    records["state"].append(position(2, 3))
    journal.read(records)
    assert journal.cycles[0][1:] == [Cycle(5, 3, {"in": ins[2:]}, frozenset())]
    assert journal.unprocessed(records) == 0


@pytest.mark.parametrize("last", [position(1, 0), position(1, 2, clock=4)], ids=["position", "clock"])
def test_a_journal_that_goes_back_is_no_journal(last: Input) -> None:
    ins = [Input("in", 0, offset, b"k", b"{}") for offset in range(3)]
    with pytest.raises(OutOfStep):
        Journal("state", ["in"], "p.").read({"in": ins, "state": [position(0, 1), last]})
