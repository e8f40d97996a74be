"""When keys whose time has come are processed: after what came while nobody worked, and again if it fails."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from lead_qualifier.engine import ProcessorContext
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.fetch_buffer import Batch, FetchBuffer
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.timers import Timers
from tests.unit.engine.doubles import CycleHarness, StubProcessor, application, record_of


@dataclass
class Order(StubProcessor):
    """Notes what it processes."""

    processed: list[Any] = field(default_factory=list)

    def process(self, record: Any, context: ProcessorContext) -> None:
        self.processed.append(record.offset)

    def on_timer(self, key: bytes, context: ProcessorContext) -> None:
        self.processed.append(key)


def test_the_backlog_is_processed_before_due_timers() -> None:
    order = Order()
    app = replace(application(), processor=order)
    partition = Partition(app, 3, store={b"k": b"1"}, checkpoint=Checkpoint("g", {"in": 0}))
    partition.timers, partition.backlog = Timers([(5, b"k")]), {"in": 3}
    fetch_buffer = FetchBuffer(max_queued_records=100)
    fetch_buffer.open({("in", 3): 0})
    cycle = CycleHarness(fetch_buffer, max_records=10)
    assert cycle.select(partition) == [], "nothing was fetched yet"
    for start, end in ((0, 2), (2, 3)):
        accepting = fetch_buffer.next_offset(("in", 3))
        assert accepting is not None
        records = [record_of(offset) for offset in range(start, end)]
        assert fetch_buffer.accept(Batch("in", 3, accepting[0], start, end, records))
        work = cycle.select(partition)
        for done in cycle.process(work):
            partition.checkpoint = done.checkpoint
    assert order.processed == [0, 1, 2]
    cycle.process(cycle.select(partition))
    assert order.processed == [0, 1, 2, b"k"]


class Fails(StubProcessor):
    def on_timer(self, key: bytes, context: ProcessorContext) -> None:
        context.schedule(key, 1)
        raise ValueError("a fault of ours")


def test_a_key_whose_timer_failed_is_retried_later() -> None:
    app = replace(application(), processor=Fails())
    partition = Partition(app, 3, store={b"k": b"1"}, checkpoint=Checkpoint("g", {"in": 0}), timers=Timers([(5, b"k")]))
    fetch_buffer = FetchBuffer(max_queued_records=100)
    fetch_buffer.open({("in", 3): 0})
    cycle = CycleHarness(fetch_buffer, max_records=10)
    (work,) = cycle.select(partition)
    (done,) = cycle.process([work])
    ((due, key),) = done.context.timers
    assert (key, due > work.now_ms) == (b"k", True)
