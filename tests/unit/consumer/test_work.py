from __future__ import annotations

from lead_qualifier.consumer.event import Arrival
from lead_qualifier.consumer.scheduler import Item, PartitionState, Scheduler


def record(offset: int, key: bytes = b"L-1") -> Arrival:
    return Arrival(topic="t", partition=0, offset=offset, timestamp_ms=0, key=key, value=b"{}", headers=())


def taken(work: Scheduler) -> Item:
    item = work.take()
    assert item is not None
    return item


def test_the_lowest_unfinished_offset_is_what_may_be_committed() -> None:
    work, share = Scheduler(), PartitionState("t", 0)
    assert work.position(share) == -1
    for offset, key in ((5, b"a"), (6, b"b"), (9, b"c")):
        work.add(share, record(offset, key))
    first, second, third = taken(work), taken(work), taken(work)
    work.finish(second)
    work.finish(third)
    assert work.position(share) == 5
    work.finish(first)
    assert work.position(share) == 10
    work.reached(share, 12)
    assert work.position(share) == 12


def test_a_key_that_waits_keeps_its_order_and_others_go_on() -> None:
    now = [0.0]
    work, share = Scheduler(clock=lambda: now[0]), PartitionState("t", 0)
    for offset, key in ((0, b"a"), (1, b"a"), (2, b"b")):
        work.add(share, record(offset, key))
    failing = taken(work)
    work.later(failing, 5)
    other = taken(work)
    assert (failing.record.offset, other.record.offset) == (0, 2)
    work.finish(other)
    assert work.position(share) == 0
    now[0] = 5.0
    again = taken(work)
    assert again is failing
    work.finish(again)
    assert taken(work).record.offset == 1


def test_what_a_lost_partition_had_under_way_does_not_count() -> None:
    work, share = Scheduler(), PartitionState("t", 0)
    work.add(share, record(0))
    work.add(share, record(1, b"other"))
    under_way = taken(work)
    work.close([share])
    assert not work.finish(under_way)
    assert work.position(share) == 0
    work.stop()
    assert work.take() is None


def test_draining_waits_for_what_is_under_way_and_begins_nothing_new() -> None:
    work, share = Scheduler(), PartitionState("t", 0)
    work.add(share, record(0))
    work.add(share, record(1))
    under_way = taken(work)
    assert not work.drain([share], 0.01)
    work.finish(under_way)
    assert work.drain([share], 0.01)
    assert work.position(share) == 1


def test_a_record_that_the_broker_repeats_is_taken_once() -> None:
    work, share = Scheduler(), PartitionState("t", 0)
    work.add(share, record(3))
    work.add(share, record(3))
    assert work.unfinished(share) == 1


def test_draining_fills_the_holes_below_what_has_begun_and_goes_no_further() -> None:
    work, share = Scheduler(), PartitionState("t", 0)
    for offset, key in ((0, b"a"), (1, b"a"), (2, b"b"), (3, b"c")):
        work.add(share, record(offset, key))
    first, third = taken(work), taken(work)
    assert (first.record.offset, third.record.offset) == (0, 2)
    work.finish(first)
    work.finish(third)
    assert not work.drain([share], 0.01)
    hole = taken(work)
    assert hole.record.offset == 1
    work.finish(hole)
    assert work.drain([share], 0.01)
    assert work.position(share) == 3
