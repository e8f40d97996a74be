"""Looking through restored entries for what is no state of ours."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from lead_qualifier.engine import inspection
from lead_qualifier.engine.context import ProcessorContext
from lead_qualifier.engine.inspection import inspect
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.partitioning import partition_of
from tests.unit.engine.doubles import application

PARTITIONS = 3
KEYS = [b"k%d" % number for number in range(300)]
OURS = [key for key in KEYS if partition_of(key, PARTITIONS) == 1]


def partition(**entries: bytes) -> Partition:
    app = replace(
        application(keyed=True), partitions=PARTITIONS, decode_state=msgspec.json.Decoder(dict[str, int]).decode
    )
    held = dict.fromkeys(OURS, b'{"n":1}') | {name.encode(): value for name, value in entries.items()}
    return Partition(app, 1, held, restored_to=7)


def test_what_can_be_read_and_belongs_here_is_not_mentioned() -> None:
    one = partition()
    list(inspect(one))
    assert (one.inspected, one.unreadable_count) == (True, 0)


def test_each_unreadable_record_is_known_with_its_reason() -> None:
    key, stray = OURS[0].decode(), next(key for key in KEYS if key not in OURS).decode()
    one = partition(**{key: b'{"n":"x"}', stray: b'{"n":1}'})
    one.store[b"\xfe"] = b'{"n":1}'
    one.keyless.add(5)
    list(inspect(one))
    assert set(one.unreadable) >= {key.encode(), stray.encode()}
    assert "int" in one.unreadable[key.encode()]
    assert "belongs to partition" in one.unreadable[stray.encode()]
    assert one.unreadable_count == 4
    assert one.store[key.encode()] == b'{"n":"x"}'


def test_it_pauses_and_can_be_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "_SLICE_SECONDS", 0.0)
    one = partition(**{OURS[0].decode(): b"{"})
    begun = inspect(one)
    next(begun)
    assert not one.inspected
    assert len(list(inspect(one))) >= 1
    assert (one.inspected, one.unreadable_count) == (True, 1)


def test_a_new_state_puts_it_right() -> None:
    key = OURS[0]
    one = partition(**{key.decode(): b"{"})
    list(inspect(one))
    one.apply([{"key": key, "value": b'{"n":2}'}])
    assert one.unreadable_count == 0


def test_a_state_replaced_meanwhile_is_not_mentioned() -> None:
    key = OURS[0]
    one = partition(**{key.decode(): b"{"})
    decode = one.application.decode_state

    def slow(raw: bytes) -> object:
        one.apply([{"key": key, "value": b'{"n":2}'}])
        return decode(raw)

    one.application = replace(one.application, decode_state=slow)
    list(inspect(one))
    assert one.unreadable_count == 0


def test_a_key_with_an_unreadable_state_can_be_deleted() -> None:
    key = OURS[0]
    one = partition(**{key.decode(): b"{"})
    context = ProcessorContext(one.application, 1, one.store, unreadable_keys=one.unreadable)
    assert context.holds(key)
    assert not context.holds(next(k for k in (b"n%d" % n for n in range(9)) if partition_of(k, PARTITIONS) == 1))
    context.delete(key)
    assert not context.holds(key)
    assert context.changes() == [{"key": key, "value": None}]
