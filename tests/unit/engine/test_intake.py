from __future__ import annotations

from dataclasses import dataclass

from lead_qualifier.engine.fetch_buffer import Batch, Intake

TP = ("scores", 0)


@dataclass(frozen=True)
class Rec:
    offset: int
    key: bytes | None = None
    value: bytes | None = None


def opened(at: int = 0, *, limit: int = 1000) -> tuple[Intake, int]:
    intake = Intake(max_queued_records=limit)
    intake.open({TP: at})
    return intake, sought(intake, at)


def sought(intake: Intake, to: int) -> int:
    """The epoch of the seek that the consumer is asked for."""
    (offset, epoch) = intake.take_seeks()[TP]
    assert offset == to
    return epoch


def batch(epoch: int, start: int, end: int, *offsets: int) -> Batch:
    return Batch(*TP, epoch, start, end, [Rec(o) for o in (offsets or range(start, end))])


def taken(intake: Intake, limit: int = 1000) -> list[int]:
    return [r.offset for b in intake.take(TP, limit) for r in b.records]


def test_batches_that_follow_each_other_are_accepted_in_order() -> None:
    intake, epoch = opened()
    assert intake.accept(batch(epoch, 0, 3))
    assert intake.accept(batch(epoch, 3, 5))
    assert taken(intake) == [0, 1, 2, 3, 4]


def test_holes_within_and_between_batches_are_no_gaps() -> None:
    intake, epoch = opened()
    assert intake.accept(batch(epoch, 0, 9, 2, 5))
    assert intake.accept(batch(epoch, 9, 20, 15))
    assert taken(intake) == [2, 5, 15]
    assert intake.next_offset(TP) == (epoch, 20)


def test_a_position_behind_which_no_record_came_may_pass_on() -> None:
    intake, epoch = opened(4)
    positions = {"scores": 4, "another": 0}
    assert intake.passed(0, positions) == {}
    intake.accept(batch(epoch, 4, 7))
    assert intake.passed(0, positions) == {}, "records came"
    intake.accept(Batch(*TP, epoch, 7, 9, []))
    taken(intake)
    assert intake.passed(0, positions) == {}, "they are taken, but not yet decided"
    assert intake.passed(0, {"scores": 7}) == {"scores": 9}
    assert intake.passed(1, {"scores": 7}) == {}, "another partition"
    intake.accept(batch(epoch, 9, 11))
    assert intake.passed(0, {"scores": 9}) == {}


def test_a_stale_batch_after_a_seek_is_dropped_and_no_loss() -> None:
    intake, old = opened()
    intake.accept(batch(old, 0, 3))
    intake.read_again(TP, old)
    new = sought(intake, 3)
    assert not intake.accept(batch(old, 3, 9))
    assert intake.accept(batch(new, 3, 6))
    assert taken(intake) == [0, 1, 2, 3, 4, 5]


def test_a_batch_from_beyond_the_position_is_a_gap_and_is_read_again() -> None:
    intake, epoch = opened(10)
    assert not intake.accept(batch(epoch, 15, 20))
    again = sought(intake, 10)
    assert intake.accept(batch(again, 10, 20))
    assert taken(intake) == list(range(10, 20))


def test_records_below_the_position_are_skipped() -> None:
    intake, epoch = opened(5)
    assert intake.accept(batch(epoch, 2, 8))
    assert taken(intake) == [5, 6, 7]


def test_a_batch_that_lies_wholly_below_the_position_changes_nothing() -> None:
    intake, epoch = opened(5)
    assert not intake.accept(batch(epoch, 0, 5))
    assert intake.next_offset(TP) == (epoch, 5)
    assert intake.take_seeks() == {}


def test_a_fetch_without_records_moves_the_position_over_a_hole() -> None:
    intake, epoch = opened()
    assert intake.accept(Batch(*TP, epoch, 0, 7, []))
    assert intake.next_offset(TP) == (epoch, 7)
    assert taken(intake) == []


def test_a_gap_that_comes_back_three_times_wants_the_position_checked() -> None:
    intake, epoch = opened(10)
    for _ in range(3):
        assert intake.gaps() == []
        intake.accept(batch(epoch, 15, 20))
        epoch = sought(intake, 10)
    assert intake.gaps() == [TP]


def test_taking_splits_a_batch_that_is_longer_than_the_limit() -> None:
    intake, epoch = opened()
    intake.accept(batch(epoch, 0, 30, 3, 10, 20, 29))
    (first,) = intake.take(TP, 2)
    assert ([r.offset for r in first.records], first.start, first.end) == ([3, 10], 0, 20)
    (rest,) = intake.take(TP, 10)
    assert ([r.offset for r in rest.records], rest.start, rest.end) == ([20, 29], 20, 30)


def test_closing_drops_what_is_queued_and_accepts_nothing_more() -> None:
    intake, epoch = opened()
    intake.accept(batch(epoch, 0, 3))
    intake.close()
    assert not intake.accept(batch(epoch, 3, 6))
    assert taken(intake) == []
    assert intake.queued == 0


def test_opening_again_begins_a_new_epoch() -> None:
    intake, old = opened()
    intake.accept(batch(old, 0, 3))
    intake.open({TP: 1})
    new = sought(intake, 1)
    assert not intake.accept(batch(old, 1, 3))
    assert intake.accept(batch(new, 1, 3))
    assert taken(intake) == [1, 2]


def test_nothing_is_wanted_beyond_the_bound() -> None:
    intake, epoch = opened(limit=5)
    assert intake.wanted() == [TP]
    intake.accept(batch(epoch, 0, 5))
    assert intake.wanted() == []
    taken(intake)
    assert intake.wanted() == [TP]


def test_what_is_queued_is_bounded_by_bytes_as_well_and_taken_by_bytes() -> None:
    intake = Intake(max_queued_records=1000, max_queued_bytes=1000)
    intake.open({TP: 0, ("other", 0): 0})
    epoch = sought(intake, 0)
    intake.accept(Batch(*TP, epoch, 0, 5, [Rec(offset, value=b"x" * 300) for offset in range(5)]))
    assert intake.wanted() == [("other", 0)]
    sizes = []
    while batches := intake.take(TP, 100, max_bytes=700):
        sizes.append([record.offset for batch in batches for record in batch.records])
    assert sizes == [[0, 1], [2, 3], [4]]
    assert len(intake.wanted()) == 2
    intake.accept(Batch(*TP, epoch, 5, 6, [Rec(5, value=b"x" * 3000)]))
    assert intake.take(TP, 100, max_bytes=700, at_least_one=False) == []
    assert [batch.bytes for batch in intake.take(TP, 100, max_bytes=700)] == [3000]


def test_what_was_taken_and_not_decided_comes_first_again() -> None:
    intake, epoch = opened()
    intake.accept(batch(epoch, 0, 5))
    intake.accept(batch(epoch, 5, 9))
    first = intake.take(TP, 7)
    assert intake.queued == 2
    intake.read_again(TP, epoch)
    intake.give_back(first[1:])
    assert intake.queued == 4
    assert taken(intake) == [5, 6, 7, 8]


def test_what_was_taken_before_a_partition_was_opened_again_is_not_put_back() -> None:
    intake, epoch = opened()
    intake.accept(batch(epoch, 0, 5))
    stale = intake.take(TP, 100)
    intake.open({TP: 0})
    intake.give_back(stale)
    assert intake.queued == 0
    intake.close()
    intake.give_back(stale)
