from __future__ import annotations

from lead_qualifier.consumer.scheduler import PartitionState, PendingRecord, Scheduler
from lead_qualifier.kafka.records import Record


def record(offset: int, key: bytes = b"L-1") -> Record:
    return Record(topic="t", partition=0, offset=offset, timestamp_ms=0, key=key, value=b"{}", headers=())


def taken(scheduler: Scheduler) -> PendingRecord:
    pending = scheduler.take()
    assert pending is not None
    return pending


def test_the_lowest_unfinished_offset_is_what_may_be_committed() -> None:
    scheduler, partition = Scheduler(), PartitionState("t", 0)
    assert scheduler.committable(partition) == -1
    for offset, key in ((5, b"a"), (6, b"b"), (9, b"c")):
        scheduler.add(partition, record(offset, key))
    first, second, third = taken(scheduler), taken(scheduler), taken(scheduler)
    scheduler.finish(second)
    scheduler.finish(third)
    assert scheduler.committable(partition) == 5
    scheduler.finish(first)
    assert scheduler.committable(partition) == 10
    scheduler.advance(partition, 12)
    assert scheduler.committable(partition) == 12


def test_a_key_that_waits_keeps_its_order_and_others_go_on() -> None:
    now = [0.0]
    scheduler, partition = Scheduler(clock=lambda: now[0]), PartitionState("t", 0)
    for offset, key in ((0, b"a"), (1, b"a"), (2, b"b")):
        scheduler.add(partition, record(offset, key))
    failing = taken(scheduler)
    scheduler.retry(failing, 5)
    other = taken(scheduler)
    assert (failing.record.offset, other.record.offset) == (0, 2)
    scheduler.finish(other)
    assert scheduler.committable(partition) == 0
    now[0] = 5.0
    again = taken(scheduler)
    assert again is failing
    scheduler.finish(again)
    assert taken(scheduler).record.offset == 1


def test_what_a_lost_partition_had_under_way_does_not_count() -> None:
    scheduler, partition = Scheduler(), PartitionState("t", 0)
    scheduler.add(partition, record(0))
    scheduler.add(partition, record(1, b"other"))
    under_way = taken(scheduler)
    scheduler.close([partition])
    assert not scheduler.finish(under_way)
    assert scheduler.committable(partition) == 0
    scheduler.stop()
    assert scheduler.take() is None


def test_draining_waits_for_what_is_under_way_and_begins_nothing_new() -> None:
    scheduler, partition = Scheduler(), PartitionState("t", 0)
    scheduler.add(partition, record(0))
    scheduler.add(partition, record(1))
    under_way = taken(scheduler)
    assert not scheduler.drain([partition], 0.01)
    scheduler.finish(under_way)
    assert scheduler.drain([partition], 0.01)
    assert scheduler.committable(partition) == 1


def test_a_record_that_the_broker_repeats_is_taken_once() -> None:
    scheduler, partition = Scheduler(), PartitionState("t", 0)
    scheduler.add(partition, record(3))
    scheduler.add(partition, record(3))
    assert scheduler.unfinished(partition) == 1


def test_draining_fills_the_holes_below_what_has_begun_and_goes_no_further() -> None:
    scheduler, partition = Scheduler(), PartitionState("t", 0)
    for offset, key in ((0, b"a"), (1, b"a"), (2, b"b"), (3, b"c")):
        scheduler.add(partition, record(offset, key))
    first, third = taken(scheduler), taken(scheduler)
    assert (first.record.offset, third.record.offset) == (0, 2)
    scheduler.finish(first)
    scheduler.finish(third)
    assert not scheduler.drain([partition], 0.01)
    hole = taken(scheduler)
    assert hole.record.offset == 1
    scheduler.finish(hole)
    assert scheduler.drain([partition], 0.01)
    assert scheduler.committable(partition) == 3
