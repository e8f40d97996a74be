"""Records that wait for other topics: how long, and for what not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.engine import input_barriers
from lead_qualifier.engine.application import Application, Input
from lead_qualifier.engine.fetch_buffer import Batch, FetchBuffer
from lead_qualifier.engine.input_barriers import InputBarriers
from lead_qualifier.kafka.admin import Admin
from tests.unit.engine.doubles import application, record_of

CAUSES, EFFECTS = "causes", "effects"


class Broker:
    """Says where topics end; counts how often it is asked. `silent`: it cannot be asked."""

    def __init__(self) -> None:
        self.end = 0
        self.asked = 0
        self.silent = False

    def list_offsets(self, partitions: Mapping[Any, Any], **_: Any) -> dict[Any, int]:
        self.asked += 1
        if self.silent:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return dict.fromkeys(partitions, self.end)


class WaitingInputs:
    """One partition of an application whose effects wait for its causes."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.fetch_buffer = FetchBuffer(max_queued_records=100)
        self.fetch_buffer.open({(CAUSES, 0): 0, (EFFECTS, 0): 0})
        self.barriers = InputBarriers(self.fetch_buffer, cast("Admin", self.broker))
        self.inputs = (Input(EFFECTS, after=(CAUSES,)), Input(CAUSES))
        self.app: Application = replace(application(), inputs=self.inputs)

    def arrive(self, topic: str, *offsets: int, end: int | None = None) -> None:
        """Records are fetched, and the consumer stands at `end` then."""
        at = self.fetch_buffer.next_offset((topic, 0))
        assert at is not None
        end = end if end is not None else offsets[-1] + 1
        assert self.fetch_buffer.accept(Batch(topic, 0, at[0], at[1], end, [record_of(offset) for offset in offsets]))

    def cycle(self) -> list[tuple[str, int]]:
        """What is taken, as a cycle takes it."""
        self.barriers.prepare([(self.app, 0)])
        taken = []
        for inp in self.app.inputs_in_order:
            until = self.barriers.until(inp, 0) if inp.after else None
            if inp.after and until is None:
                continue
            for batch in self.fetch_buffer.take((inp.topic, 0), 100, until=until):
                taken += [(batch.topic, record.offset) for record in batch.records]
            if inp.after:
                self.barriers.taken(inp, 0)
        return taken


def test_effects_wait_until_their_causes_are_taken() -> None:
    inputs = WaitingInputs()
    inputs.broker.end = 3
    inputs.arrive(EFFECTS, 0, 1)
    assert inputs.cycle() == []
    inputs.arrive(CAUSES, 0, 1)
    assert inputs.cycle() == [(CAUSES, 0), (CAUSES, 1)]
    inputs.arrive(CAUSES, 2)
    assert inputs.cycle() == [(CAUSES, 2), (EFFECTS, 0), (EFFECTS, 1)]
    assert inputs.broker.asked == 1


def test_later_causes_are_not_waited_for() -> None:
    inputs = WaitingInputs()
    inputs.broker.end = 2
    inputs.arrive(EFFECTS, 0)
    assert inputs.cycle() == []
    inputs.broker.end = 50
    inputs.arrive(CAUSES, 0, 1)
    assert (EFFECTS, 0) in inputs.cycle()


def test_later_effects_wait_for_causes_of_their_own() -> None:
    inputs = WaitingInputs()
    inputs.broker.end = 1
    inputs.arrive(EFFECTS, 0)
    assert inputs.cycle() == []
    inputs.broker.end = 2
    inputs.arrive(EFFECTS, 1, 2)
    inputs.arrive(CAUSES, 0)
    assert inputs.cycle() == [(CAUSES, 0), (EFFECTS, 0)]
    assert inputs.cycle() == []
    inputs.arrive(CAUSES, 1)
    assert inputs.cycle() == [(CAUSES, 1), (EFFECTS, 1), (EFFECTS, 2)]


def test_a_transaction_marker_is_reached_without_a_record() -> None:
    inputs = WaitingInputs()
    inputs.broker.end = 2
    inputs.arrive(EFFECTS, 0)
    inputs.arrive(CAUSES, 0, end=2)
    assert inputs.cycle() == [(CAUSES, 0), (EFFECTS, 0)]


def test_a_seek_forgets_the_barriers() -> None:
    inputs = WaitingInputs()
    inputs.arrive(EFFECTS, 0)
    inputs.barriers.prepare([(inputs.app, 0)])
    inputs.fetch_buffer.open({(EFFECTS, 0): 0})
    inputs.broker.end = 1
    inputs.arrive(EFFECTS, 0)
    assert inputs.cycle() == []
    inputs.arrive(CAUSES, 0)
    assert inputs.cycle() == [(CAUSES, 0), (EFFECTS, 0)]


def test_effects_wait_while_the_end_of_causes_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_barriers, "_PAUSE_SECONDS", 0)
    inputs = WaitingInputs()
    inputs.broker.silent = True
    inputs.arrive(EFFECTS, 0)
    inputs.arrive(CAUSES, 0)
    assert inputs.cycle() == [(CAUSES, 0)]
    inputs.broker.silent = False
    inputs.broker.end = 1
    assert inputs.cycle() == [(EFFECTS, 0)]


def test_a_broker_that_does_not_say_where_causes_end_is_left_in_peace_for_a_moment() -> None:
    inputs = WaitingInputs()
    inputs.broker.silent = True
    inputs.arrive(EFFECTS, 0)
    assert [*inputs.cycle(), *inputs.cycle()] == []
    assert inputs.broker.asked == 1


def test_inputs_stand_behind_those_they_wait_for() -> None:
    inputs = (Input("c", after=("b",)), Input("b", after=("a",)), Input("a"), Input("d", after=("other",)))
    app = replace(application(), inputs=inputs)
    assert [inp.topic for inp in app.inputs_in_order] == ["a", "d", "b", "c"]
    with pytest.raises(ValueError, match="wait for each other"):
        _ = replace(app, inputs=(Input("a", after=("b",)), Input("b", after=("a",)))).inputs_in_order


def test_a_topic_with_nothing_queued_is_always_wanted() -> None:
    inputs = WaitingInputs()
    inputs.arrive(EFFECTS, *range(100))
    assert inputs.fetch_buffer.wanted() == [(CAUSES, 0)], "the effects wait for it"
