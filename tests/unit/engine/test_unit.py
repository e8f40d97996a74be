from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from lead_qualifier.engine import Application, Input, Processor, Rejected, Unfit, Unit, partition_of
from lead_qualifier.engine.context import TooLarge
from lead_qualifier.kafka.records import dead_letter, record_bytes


@dataclass
class Rec:
    key: bytes | None = b"k"
    value: bytes | None = b"v"
    topic: str = "in"
    partition: int = 3
    offset: int = 7
    timestamp: int = 0
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass
class Nothing(Processor):
    """A decider for tests that need none."""

    calls: list[Any] = field(default_factory=list)

    def begin(self) -> int:
        return 0

    def process(self, record: Any, unit: Unit) -> None: ...

    def sweep_pending(self, swept: int) -> bool:
        return False

    def sweep(self, key: bytes, unit: Unit, swept: int) -> None: ...

    def committed(self, unit: Unit) -> None: ...

    def opened(self, number: int, entries: Any) -> None: ...


def application(*, limit: int | None = None, keyed: bool = False) -> Application:
    return Application(
        name="app",
        inputs=(Input("in"),),
        changelog="state",
        dead_letters="dead",
        partitions=4,
        processor=Nothing(),
        encode_state=lambda state: json.dumps(state).encode(),
        decode_state=json.loads,
        max_record_bytes={} if limit is None else {"state": limit, "out": limit, "dead": limit},
        keyed=keyed,
    )


def test_a_unit_reads_through_to_the_entries_and_its_changes_stay_its_own() -> None:
    entries = {b"k": b"[1]"}
    unit = Unit(application(), 0, entries)
    state = unit.get(b"k")
    state.append(2)
    unit.put(b"k", state)
    assert unit.get(b"k") == [1, 2]
    assert entries == {b"k": b"[1]"}


def test_each_changed_key_is_written_once_with_its_last_state() -> None:
    unit = Unit(application(), 0, {b"gone": b"1"})
    unit.put(b"a", 1)
    unit.put(b"a", 2)
    unit.delete(b"gone")
    assert unit.get(b"gone") is None
    assert unit.changes() == [{"key": b"a", "value": b"2"}, {"key": b"gone", "value": None}]


def test_what_is_only_read_is_not_written() -> None:
    unit = Unit(application(), 0, {b"k": b"1"})
    unit.get(b"k")
    assert unit.changes() == []


def test_items_are_all_keys_as_of_now() -> None:
    unit = Unit(application(), 0, {b"a": b"1", b"b": b"2", b"c": b"3"})
    unit.put(b"b", 20)
    unit.delete(b"c")
    unit.put(b"d", 4)
    assert dict(unit.items()) == {b"a": 1, b"b": 20, b"d": 4}


def test_a_key_seen_first_must_belong_to_the_partition() -> None:
    home = partition_of(b"k", 4)
    assert Unit(application(keyed=True), home, {}).get(b"k") is None
    with pytest.raises(Rejected, match=f"belongs to partition {home} of 4"):
        Unit(application(keyed=True), (home + 1) % 4, {}).get(b"k")


def test_unreadable_state_rejects_the_record_that_needs_it() -> None:
    with pytest.raises(Rejected, match="state stored for this key in state is unreadable"):
        Unit(application(), 0, {b"k": b"{"}).get(b"k")


def test_an_output_that_its_topic_does_not_take_names_the_record() -> None:
    unit = Unit(application(limit=1000), 0, {})
    unit.record = Rec()
    with pytest.raises(Unfit, match="bytes in out, which takes 1000") as unfit:
        unit.emit("out", b"k", b"x" * 1000, [])
    assert unfit.value.record is unit.record


def test_state_that_its_topic_does_not_take_names_the_record_that_last_changed_it() -> None:
    unit = Unit(application(limit=1000), 0, {})
    unit.record = Rec()
    unit.put(b"k", "x" * 1000)
    with pytest.raises(Unfit, match="bytes in state"):
        unit.changes()


def test_a_dead_letter_is_the_original_and_says_where_it_stood_and_why() -> None:
    letter = dead_letter("dead", Rec(headers=(("h", b"1"), ("n", None))), "because", None)
    assert (letter.key, letter.value) == (b"k", b"v")
    assert list(letter.headers) == [
        ("h", b"1"),
        ("n", None),
        ("dl_topic", b"in"),
        ("dl_partition", b"3"),
        ("dl_offset", b"7"),
        ("dl_reason", b"because"),
    ]


def test_a_dead_letter_without_key_and_value_keeps_both_absent() -> None:
    letter = dead_letter("dead", Rec(key=None, value=None), "because", 10_000)
    assert (letter.key, letter.value) == (None, None)


def test_a_dead_letter_that_is_too_large_is_cut_and_says_so() -> None:
    letter = dead_letter("dead", Rec(key=b"k" * 5000, value=b"v" * 5000, headers=(("h", b"1"),)), "because", 2000)
    assert record_bytes(letter.key, letter.value, letter.headers) <= 2000
    reason = dict(letter.headers)["dl_reason"]
    assert reason is not None
    assert b"cut to fit: it had 1 headers, 5000 bytes of key and 5000 of value" in reason


def test_what_a_key_s_sweep_did_can_be_taken_back() -> None:
    unit = Unit(application(), 0, {b"k": b"1"})
    unit.emit("out", b"other", b"1", [])
    mark = unit.mark()
    unit.put(b"k", 2)
    unit.emit("out", b"k", b"2", [])
    unit.notes.append("k")
    unit.undo(b"k", mark)
    assert (unit.get(b"k"), unit.changes(), unit.notes) == (1, [], [])
    assert [output.key for output in unit.outputs] == [b"other"]


def test_a_swept_key_whose_state_grows_too_large_is_told_before_anything_is_written() -> None:
    unit = Unit(application(limit=1000), 0, {})
    unit.put(b"k", "x" * 1000)
    with pytest.raises(TooLarge, match="bytes in state"):
        unit.check_state(b"k")


def test_a_unit_says_up_to_where_an_input_is_decided() -> None:
    unit = Unit(application(), 3, {}, positions={"in": 5, "other": 9})
    assert (unit.position("in"), unit.position("other"), unit.position("never read")) == (5, 9, 0)
    unit.record = Rec(offset=7)
    assert (unit.position("in"), unit.position("other")) == (8, 9)
    unit.record = None
    unit.passed("in", 20)
    assert unit.position("in") == 20


def test_items_leave_out_what_is_no_state_of_ours_and_say_why() -> None:
    unreadable: dict[bytes, str] = {}
    unit = Unit(application(), 3, {b"good": b"1", b"bad": b"{", b"\xff": b"1"})
    assert list(unit.items(unreadable)) == [(b"good", 1)]
    assert unreadable.keys() == {b"bad", b"\xff"}
    assert "unreadable" in unreadable[b"bad"]
