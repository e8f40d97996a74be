"""Times to look at keys again: in order, told until what came of it is committed."""

from lead_qualifier.engine.context import ProcessorContext
from lead_qualifier.engine.timers import Timers
from tests.unit.engine.doubles import application


def test_a_key_is_due_from_its_time_on_and_until_it_is_done() -> None:
    timers = Timers([(30, b"c"), (10, b"a")])
    timers.add([(20, b"b")])
    assert timers.due(9, 10) == []
    assert timers.due(20, 10) == [b"a", b"b"]
    assert timers.due(20, 10) == [b"a", b"b"]
    timers.done([b"a"])
    assert timers.due(25, 10) == [b"b"]
    timers.done([b"b"])
    assert (timers.due(29, 10), timers.due(30, 10)) == ([], [b"c"])


def test_no_more_are_told_at_once_than_asked_for_and_the_others_follow() -> None:
    timers = Timers([(number, b"%d" % number) for number in range(5)])
    assert timers.due(100, 2) == [b"0", b"1"]
    timers.done([b"0", b"1"])
    assert timers.due(100, 2) == [b"2", b"3"]


def test_a_key_with_two_times_is_told_twice() -> None:
    timers = Timers([(2, b"a"), (1, b"a")])
    assert timers.due(1, 9) == [b"a"]
    timers.done([b"a"], [(2, b"a")])
    assert timers.due(1, 9) == []
    assert timers.due(2, 9) == [b"a"]


def test_a_key_whose_time_moves_to_and_fro_has_one_entry() -> None:
    timers = Timers()
    for number in range(10_000):
        timers.add([(1_000_000 + number, b"later"), (1_000_000 - number, b"earlier"), (7, b"same")])
    assert len(timers) < 300
    assert timers.due(7, 9) == [b"same"]
    assert timers.due(1_000_000, 9) == [b"same", b"earlier", b"later"]
    timers.done([b"same", b"earlier", b"later"])
    assert timers.due(2_000_000, 9) == []


def test_what_a_key_asked_for_is_taken_back_with_it() -> None:
    context = ProcessorContext(application(), 0, {b"k": b"1"})
    context.schedule(b"other", 5)
    mark = context.mark()
    context.put(b"k", 2)
    context.schedule(b"k", 7)
    assert context.has_changed(b"k")
    context.undo(b"k", mark)
    assert (context.timers, context.has_changed(b"k")) == ([(5, b"other")], False)


def test_the_oldest_timer_is_the_one_that_waits_until_its_cycle_is_committed() -> None:
    timers = Timers([(30, b"c"), (10, b"a"), (20, b"b")])
    assert timers.oldest() == 10
    timers.due(25, 10)
    assert timers.oldest() == 10, "due, but not committed"
    timers.done([b"a"])
    assert timers.oldest() == 20
    timers.done([b"b"])
    assert timers.oldest() == 30
    timers.due(30, 10)
    timers.done([b"c"])
    assert timers.oldest() is None
