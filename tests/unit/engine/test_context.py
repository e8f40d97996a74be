from __future__ import annotations

import pytest

from lead_qualifier.engine import (
    OutputTooLarge,
    ProcessorContext,
    Rejected,
    partition_of,
)
from lead_qualifier.kafka.records import dead_letter, record_bytes
from tests.unit.engine.doubles import application, record_of


def test_a_context_reads_the_store_and_keeps_its_changes() -> None:
    store = {b"k": b"[1]"}
    context = ProcessorContext(application(), 0, store)
    state = context.get(b"k")
    state.append(2)
    context.put(b"k", state)
    assert context.get(b"k") == [1, 2]
    assert store == {b"k": b"[1]"}


def test_each_changed_key_is_written_once_in_its_last_state() -> None:
    context = ProcessorContext(application(), 0, {b"gone": b"1"})
    context.put(b"a", 1)
    context.put(b"a", 2)
    context.delete(b"gone")
    assert context.get(b"gone") is None
    assert context.changes() == [{"key": b"a", "value": b"2"}, {"key": b"gone", "value": None}]


def test_what_is_only_read_is_not_written() -> None:
    context = ProcessorContext(application(), 0, {b"k": b"1"})
    context.get(b"k")
    assert context.changes() == []


def test_items_are_all_keys_as_of_now() -> None:
    context = ProcessorContext(application(), 0, {b"a": b"1", b"b": b"2", b"c": b"3"})
    context.put(b"b", 20)
    context.delete(b"c")
    context.put(b"d", 4)
    assert dict(context.items()) == {b"a": 1, b"b": 20, b"d": 4}


def test_a_key_seen_first_must_belong_to_the_partition() -> None:
    home = partition_of(b"k", 4)
    assert ProcessorContext(application(keyed=True), home, {}).get(b"k") is None
    with pytest.raises(Rejected, match=f"belongs to partition {home} of 4"):
        ProcessorContext(application(keyed=True), (home + 1) % 4, {}).get(b"k")


def test_unreadable_state_rejects_the_record_that_needs_it() -> None:
    with pytest.raises(Rejected, match="state stored for this key in state is unreadable"):
        ProcessorContext(application(), 0, {b"k": b"{"}).get(b"k")


def test_a_too_large_output_names_its_record() -> None:
    context = ProcessorContext(application(limit=1000), 0, {})
    context.record = record_of()
    with pytest.raises(OutputTooLarge, match="bytes in out, which takes 1000") as too_large:
        context.emit("out", b"k", b"x" * 1000, [])
    assert too_large.value.record is context.record


def test_a_too_large_state_names_the_record_that_changed_it() -> None:
    context = ProcessorContext(application(limit=1000), 0, {})
    context.record = record_of()
    context.put(b"k", "x" * 1000)
    with pytest.raises(OutputTooLarge, match="bytes in state"):
        context.changes()


def test_a_dead_letter_is_the_original_with_place_and_reason() -> None:
    letter = dead_letter("dead", record_of(headers=(("h", b"1"), ("n", None))), "because", None)
    assert (letter.key, letter.value) == (b"k", b"v")
    assert list(letter.headers) == [
        ("h", b"1"),
        ("n", None),
        ("dl_topic", b"in"),
        ("dl_partition", b"3"),
        ("dl_offset", b"7"),
        ("dl_reason", b"because"),
    ]


def test_a_dead_letter_keeps_key_and_value_absent() -> None:
    letter = dead_letter("dead", record_of(key=None, value=None), "because", 10_000)
    assert (letter.key, letter.value) == (None, None)


def test_a_too_large_dead_letter_is_cut_and_says_so() -> None:
    letter = dead_letter("dead", record_of(key=b"k" * 5000, value=b"v" * 5000, headers=(("h", b"1"),)), "because", 2000)
    assert record_bytes(letter.key, letter.value, letter.headers) <= 2000
    reason = dict(letter.headers)["dl_reason"]
    assert reason is not None
    assert b"cut to fit: it had 1 headers, 5000 bytes of key and 5000 of value" in reason


def test_what_a_key_s_sweep_did_can_be_undone() -> None:
    context = ProcessorContext(application(), 0, {b"k": b"1"})
    context.emit("out", b"other", b"1", [])
    mark = context.mark()
    context.put(b"k", 2)
    context.emit("out", b"k", b"2", [])
    context.on_commit.append("k")
    context.undo(b"k", mark)
    assert (context.get(b"k"), context.changes(), context.on_commit) == (1, [], [])
    assert [output.key for output in context.outputs] == [b"other"]


def test_a_swept_key_whose_state_is_too_large_is_found_first() -> None:
    context = ProcessorContext(application(limit=1000), 0, {})
    context.put(b"k", "x" * 1000)
    with pytest.raises(OutputTooLarge, match="bytes in state"):
        context.check_state(b"k")


def test_a_context_says_up_to_where_an_input_is_processed() -> None:
    context = ProcessorContext(application(), 3, {}, positions={"in": 5, "other": 9})
    assert (context.position("in"), context.position("other"), context.position("never read")) == (5, 9, 0)
    context.record = record_of(7)
    assert (context.position("in"), context.position("other")) == (8, 9)
    context.record = None
    context.passed("in", 20)
    assert context.position("in") == 20


def test_items_leave_out_unreadable_states_and_say_why() -> None:
    unreadable: dict[bytes, str] = {}
    context = ProcessorContext(application(), 3, {b"good": b"1", b"bad": b"{", b"\xff": b"1"})
    assert list(context.items(unreadable)) == [(b"good", 1)]
    assert unreadable.keys() == {b"bad", b"\xff"}
    assert "unreadable" in unreadable[b"bad"]
