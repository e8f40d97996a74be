from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from lead_qualifier.engine.fetch_buffer import Batch, FetchBuffer
from tests.unit.engine.doubles import record_of

TP = ("scores", 0)


def opened(at: int = 0, *, limit: int = 1000) -> tuple[FetchBuffer, int]:
    fetch_buffer = FetchBuffer(max_queued_records=limit)
    fetch_buffer.open({TP: at})
    return fetch_buffer, sought(fetch_buffer, at)


def sought(fetch_buffer: FetchBuffer, to: int) -> int:
    """The epoch of the seek that the consumer is asked for."""
    (offset, epoch) = fetch_buffer.take_seeks()[TP]
    assert offset == to
    return epoch


def batch(epoch: int, start: int, end: int, *offsets: int) -> Batch:
    return Batch(*TP, epoch, start, end, [record_of(o, key=None, value=None) for o in (offsets or range(start, end))])


def taken(fetch_buffer: FetchBuffer, limit: int = 1000) -> list[int]:
    return [r.offset for b in fetch_buffer.take(TP, limit) for r in b.records]


def test_batches_that_follow_each_other_are_accepted() -> None:
    fetch_buffer, epoch = opened()
    assert fetch_buffer.accept(batch(epoch, 0, 3))
    assert fetch_buffer.accept(batch(epoch, 3, 5))
    assert taken(fetch_buffer) == [0, 1, 2, 3, 4]


def test_holes_within_and_between_batches_are_no_gaps() -> None:
    fetch_buffer, epoch = opened()
    assert fetch_buffer.accept(batch(epoch, 0, 9, 2, 5))
    assert fetch_buffer.accept(batch(epoch, 9, 20, 15))
    assert taken(fetch_buffer) == [2, 5, 15]
    assert fetch_buffer.next_offset(TP) == (epoch, 20)


def test_a_position_moves_past_what_is_no_record() -> None:
    fetch_buffer, epoch = opened(4)
    positions = {"scores": 4, "another": 0}
    assert fetch_buffer.passed(0, positions) == {}
    fetch_buffer.accept(batch(epoch, 4, 7))
    assert fetch_buffer.passed(0, positions) == {}, "records came"
    fetch_buffer.accept(Batch(*TP, epoch, 7, 9, []))
    taken(fetch_buffer)
    assert fetch_buffer.passed(0, positions) == {}, "they are taken, but not yet processed"
    assert fetch_buffer.passed(0, {"scores": 7}) == {"scores": 9}
    assert fetch_buffer.passed(1, {"scores": 7}) == {}, "another partition"
    fetch_buffer.accept(batch(epoch, 9, 11))
    assert fetch_buffer.passed(0, {"scores": 9}) == {}


def test_a_stale_batch_after_a_seek_is_dropped_and_no_loss() -> None:
    fetch_buffer, old = opened()
    fetch_buffer.accept(batch(old, 0, 3))
    fetch_buffer.read_again(TP, old)
    new = sought(fetch_buffer, 3)
    assert not fetch_buffer.accept(batch(old, 3, 9))
    assert fetch_buffer.accept(batch(new, 3, 6))
    assert taken(fetch_buffer) == [0, 1, 2, 3, 4, 5]


def test_a_batch_from_beyond_the_position_is_a_gap() -> None:
    fetch_buffer, epoch = opened(10)
    assert not fetch_buffer.accept(batch(epoch, 15, 20))
    again = sought(fetch_buffer, 10)
    assert fetch_buffer.accept(batch(again, 10, 20))
    assert taken(fetch_buffer) == list(range(10, 20))


def test_records_below_the_position_are_skipped() -> None:
    fetch_buffer, epoch = opened(5)
    assert fetch_buffer.accept(batch(epoch, 2, 8))
    assert taken(fetch_buffer) == [5, 6, 7]


def test_a_batch_below_the_position_changes_nothing() -> None:
    fetch_buffer, epoch = opened(5)
    assert not fetch_buffer.accept(batch(epoch, 0, 5))
    assert fetch_buffer.next_offset(TP) == (epoch, 5)
    assert fetch_buffer.take_seeks() == {}


def test_a_fetch_without_records_moves_the_position() -> None:
    fetch_buffer, epoch = opened()
    assert fetch_buffer.accept(Batch(*TP, epoch, 0, 7, []))
    assert fetch_buffer.next_offset(TP) == (epoch, 7)
    assert taken(fetch_buffer) == []


def test_a_gap_that_comes_back_three_times_is_reported() -> None:
    fetch_buffer, epoch = opened(10)
    for _ in range(3):
        assert fetch_buffer.gaps() == []
        fetch_buffer.accept(batch(epoch, 15, 20))
        epoch = sought(fetch_buffer, 10)
    assert fetch_buffer.gaps() == [TP]


def test_taking_splits_a_batch_longer_than_the_limit() -> None:
    fetch_buffer, epoch = opened()
    fetch_buffer.accept(batch(epoch, 0, 30, 3, 10, 20, 29))
    (first,) = fetch_buffer.take(TP, 2)
    assert ([r.offset for r in first.records], first.start, first.end) == ([3, 10], 0, 20)
    (rest,) = fetch_buffer.take(TP, 10)
    assert ([r.offset for r in rest.records], rest.start, rest.end) == ([20, 29], 20, 30)


def test_closing_drops_what_is_queued() -> None:
    fetch_buffer, epoch = opened()
    fetch_buffer.accept(batch(epoch, 0, 3))
    fetch_buffer.close()
    assert not fetch_buffer.accept(batch(epoch, 3, 6))
    assert taken(fetch_buffer) == []
    assert fetch_buffer.queued == 0


def test_opening_again_begins_a_new_epoch() -> None:
    fetch_buffer, old = opened()
    fetch_buffer.accept(batch(old, 0, 3))
    fetch_buffer.open({TP: 1})
    new = sought(fetch_buffer, 1)
    assert not fetch_buffer.accept(batch(old, 1, 3))
    assert fetch_buffer.accept(batch(new, 1, 3))
    assert taken(fetch_buffer) == [1, 2]


def test_nothing_is_wanted_beyond_the_bound() -> None:
    fetch_buffer, epoch = opened(limit=5)
    assert fetch_buffer.wanted() == [TP]
    fetch_buffer.accept(batch(epoch, 0, 5))
    assert fetch_buffer.wanted() == []
    taken(fetch_buffer)
    assert fetch_buffer.wanted() == [TP]


def test_queues_are_bounded_and_taken_by_bytes() -> None:
    fetch_buffer = FetchBuffer(max_queued_records=1000, max_queued_bytes=1000)
    fetch_buffer.open({TP: 0, ("other", 0): 0})
    epoch = sought(fetch_buffer, 0)
    fetch_buffer.accept(Batch(*TP, epoch, 0, 5, [record_of(offset, key=None, value=b"x" * 300) for offset in range(5)]))
    assert fetch_buffer.wanted() == [("other", 0)]
    sizes = []
    while batches := fetch_buffer.take(TP, 100, max_bytes=700):
        sizes.append([record.offset for batch in batches for record in batch.records])
    assert sizes == [[0, 1], [2, 3], [4]]
    assert len(fetch_buffer.wanted()) == 2
    fetch_buffer.accept(Batch(*TP, epoch, 5, 6, [record_of(5, key=None, value=b"x" * 3000)]))
    assert fetch_buffer.take(TP, 100, max_bytes=700, at_least_one=False) == []
    assert [batch.bytes for batch in fetch_buffer.take(TP, 100, max_bytes=700)] == [3000]


def test_what_was_taken_and_not_processed_comes_first_again() -> None:
    fetch_buffer, epoch = opened()
    fetch_buffer.accept(batch(epoch, 0, 5))
    fetch_buffer.accept(batch(epoch, 5, 9))
    first = fetch_buffer.take(TP, 7)
    assert fetch_buffer.queued == 2
    fetch_buffer.read_again(TP, epoch)
    fetch_buffer.give_back(first[1:])
    assert fetch_buffer.queued == 4
    assert taken(fetch_buffer) == [5, 6, 7, 8]


def test_what_was_taken_before_a_reopening_is_not_put_back() -> None:
    fetch_buffer, epoch = opened()
    fetch_buffer.accept(batch(epoch, 0, 5))
    stale = fetch_buffer.take(TP, 100)
    fetch_buffer.open({TP: 0})
    fetch_buffer.give_back(stale)
    assert fetch_buffer.queued == 0
    fetch_buffer.close()
    fetch_buffer.give_back(stale)


def test_the_oldest_record_is_the_one_that_is_being_processed_or_else_the_first_queued() -> None:
    fetch_buffer, epoch = opened()
    assert fetch_buffer.oldest(TP, 0) is None
    fetch_buffer.accept(batch(epoch, 0, 3))
    fetch_buffer.accept(batch(epoch, 3, 9))

    def oldest(position: int) -> int | None:
        record = fetch_buffer.oldest(TP, position)
        return None if record is None else record.offset

    assert oldest(0) == 0
    taken(fetch_buffer, 2)
    taken(fetch_buffer, 3)
    assert oldest(0) == 0, "taken, but not processed"
    assert oldest(5) == 5
    taken(fetch_buffer)
    assert (oldest(5), oldest(9)) == (5, None)
    assert fetch_buffer.oldest(("scores", 1), 0) is None


def gathered(fetch_buffer: FetchBuffer, seconds: float = 30.0, *, enough: int = 10, enough_bytes: int = 1000) -> float:
    """How long it took, in seconds."""
    begun = time.monotonic()
    fetch_buffer.gather(seconds, enough, enough_bytes)
    return time.monotonic() - begun


def test_few_records_wait_for_others_as_long_as_the_first_may() -> None:
    fetch_buffer, epoch = opened()
    fetch_buffer.wait(0)
    assert gathered(fetch_buffer) < 20, "nothing waits"
    first = time.monotonic()
    fetch_buffer.accept(batch(epoch, 0, 1))
    time.sleep(1.5)
    second = time.monotonic()
    fetch_buffer.accept(batch(epoch, 1, 2))
    gathered(fetch_buffer, 2.0)
    assert time.monotonic() - first >= 2.0
    assert time.monotonic() - second < 2.0, "the second waits no longer than the first"
    assert taken(fetch_buffer) == [0, 1]
    third = time.monotonic()
    fetch_buffer.accept(batch(epoch, 2, 3))
    gathered(fetch_buffer, 0.1)
    assert time.monotonic() - third >= 0.1, "since the others were taken, this is the first"


def test_enough_records_do_not_wait() -> None:
    fetch_buffer, epoch = opened()
    fetch_buffer.wait(0)
    fetch_buffer.accept(batch(epoch, 0, 10))
    assert gathered(fetch_buffer) < 20
    assert gathered(fetch_buffer, enough=100, enough_bytes=0) < 20


def test_what_was_put_back_does_not_wait() -> None:
    fetch_buffer, epoch = opened()
    fetch_buffer.wait(0)
    fetch_buffer.accept(batch(epoch, 0, 2))
    fetch_buffer.give_back(fetch_buffer.take(TP, 10))
    assert gathered(fetch_buffer) < 20


@pytest.mark.parametrize(
    "end",
    [FetchBuffer.wake, FetchBuffer.close, lambda buffer: buffer.accept(batch(1, 1, 11))],
    ids=["a wake", "a revocation", "enough records"],
)
def test_waiting_for_others_ends_with(end: Callable[[FetchBuffer], object]) -> None:
    fetch_buffer, epoch = opened()
    fetch_buffer.wait(0)
    fetch_buffer.accept(batch(epoch, 0, 1))
    later = threading.Timer(0.1, end, [fetch_buffer])
    later.start()
    assert gathered(fetch_buffer) < 20
    later.join()


def test_who_fetches_hears_that_other_records_are_wanted() -> None:
    fetch_buffer = FetchBuffer(max_queued_records=10)
    heard: list[str] = []
    fetch_buffer.wants_changed = lambda: heard.append("changed")
    fetch_buffer.open({TP: 0})
    epoch = sought(fetch_buffer, 0)
    assert len(heard) == 1
    fetch_buffer.accept(batch(epoch, 5, 6))
    assert len(heard) == 2, "a gap"
    fetch_buffer.read_again(TP, sought(fetch_buffer, 0))
    assert len(heard) == 3
    fetch_buffer.close()
    assert len(heard) == 4
