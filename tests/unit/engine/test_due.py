"""When keys whose time has come are decided: after what came while nobody worked, and again if it fails."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from confluent_kafka.admin import AdminClient

from lead_qualifier.engine import Unit
from lead_qualifier.engine.batch_processor import Decider
from lead_qualifier.engine.checkpoint import Position
from lead_qualifier.engine.fault_points import no_hook
from lead_qualifier.engine.fetch_buffer import Batch, Intake
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.timers import Timers
from tests.unit.engine.test_unit import Nothing, Rec, application


@dataclass
class Order(Nothing):
    """Notes what it decides."""

    decided: list[Any] = field(default_factory=list)

    def process(self, record: Any, unit: Unit) -> None:
        self.decided.append(record.offset)

    def due(self, key: bytes, unit: Unit) -> None:
        self.decided.append(key)


def decider_of(intake: Intake) -> Decider:
    admin = AdminClient({"bootstrap.servers": "127.0.0.1:1"})
    return Decider(intake, admin, group_id="g", max_records=10, hook=no_hook)


def test_records_that_waited_when_a_partition_was_opened_are_decided_before_what_is_due() -> None:
    order = Order()
    app = replace(application(), processor=order)
    partition = Partition(app, 3, entries={b"k": b"1"}, position=Position("g", {"in": 0}))
    partition.timers, partition.backlog = Timers([(5, b"k")]), {"in": 3}
    intake = Intake(max_queued_records=100)
    intake.open({("in", 3): 0})
    decider = decider_of(intake)
    assert decider.take([partition]) == [], "nothing was fetched yet"
    for start, end in ((0, 2), (2, 3)):
        accepting = intake.next_offset(("in", 3))
        assert accepting is not None
        records = [Rec(offset=offset) for offset in range(start, end)]
        assert intake.accept(Batch("in", 3, accepting[0], start, end, records))
        work = decider.take([partition])
        for done in decider.decide(work):
            partition.position = done.position
    assert order.decided == [0, 1, 2]
    decider.decide(decider.take([partition]))
    assert order.decided == [0, 1, 2, b"k"]


class Fails(Nothing):
    def due(self, key: bytes, unit: Unit) -> None:
        unit.wake(key, 1)
        raise ValueError("a fault of ours")


def test_a_key_that_could_not_be_decided_is_looked_at_again_later() -> None:
    app = replace(application(), processor=Fails())
    partition = Partition(app, 3, entries={b"k": b"1"}, position=Position("g", {"in": 0}), timers=Timers([(5, b"k")]))
    intake = Intake(max_queued_records=100)
    intake.open({("in", 3): 0})
    decider = decider_of(intake)
    (work,) = decider.take([partition])
    (done,) = decider.decide([work])
    ((due, key),) = done.unit.wakes
    assert (key, due > work.now_ms) == (b"k", True)
