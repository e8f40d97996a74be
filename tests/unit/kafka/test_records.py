from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

import pytest

from lead_qualifier.consumer.event import decode
from lead_qualifier.kafka.records import ESCAPED_HEADER, Record, bad_header_name, dead_letter, portable_name
from lead_qualifier.messages.errors import BadMessage


def record_of(**fields: object) -> Record:
    record = {
        "topic": "lead-qualified",
        "partition": 0,
        "offset": 0,
        "timestamp_ms": 0,
        "key": b"L",
        "value": b"{}",
        "headers": (),
    }
    return Record(**{**record, **fields})  # type: ignore[arg-type]  # the fields have several types


@pytest.mark.parametrize("name", [b"x-\xff\xfe", b"\xed\xa0\x80", b"\xc3", b"nul\0name", b"%\xff/ dl_"])
def test_a_header_name_that_some_clients_cannot_read_is_escaped_without_loss(name: bytes) -> None:
    escaped = portable_name(name.decode(errors="surrogateescape"))
    assert escaped.isascii()
    assert "\0" not in escaped
    assert unquote_to_bytes(escaped.removeprefix(ESCAPED_HEADER)) == name


@pytest.mark.parametrize("name", ["", "content-type", "größe", "名前", "dl_header_x"])
def test_any_other_name_stays_as_it_is(name: str) -> None:
    assert portable_name(name) == name
    assert bad_header_name([(name, b"")]) is None


def test_a_dead_letter_keeps_every_header_in_its_place() -> None:
    record = record_of(headers=[("a", b"1"), ("x\udcff", b"2"), ("b", None)])
    headers = dead_letter("dead", record, "why", None).headers
    assert list(headers[:3]) == [("a", b"1"), ("dl_header_x%FF", b"2"), ("b", None)]


def test_the_reason_shows_the_bytes_of_the_name() -> None:
    assert bad_header_name([("ok", b""), ("x-\udcff", b"")]) == "the name of a header is not UTF-8: x-\\xff"


def test_any_timestamp_is_some_time() -> None:
    assert decode(record_of(timestamp_ms=-(2**63))).time == datetime(1970, 1, 1, tzinfo=UTC)
    assert decode(record_of(timestamp_ms=2**63 - 1)).time.year == 9999


def test_the_kit_takes_what_is_unreadable_for_bad_whatever_its_bytes_say() -> None:
    with pytest.raises(BadMessage, match="no header of that name"):
        decode(record_of(unreadable="no header of that name"))
