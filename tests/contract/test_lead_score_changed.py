"""lead-score-changed: which records are accepted, and which are refused with which reason."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from lead_qualifier.messages.decode import decode_lead_score_changed
from lead_qualifier.messages.errors import BadMessage

KEY = b"L-1001"
REQUIRED = {
    "event_id": "e-1",
    "lead_id": "L-1001",
    "scoring_model_id": "engagement",
    "score": 83,
    "occurred_at": "2026-11-23T09:30:00Z",
}


def value(**fields: Any) -> bytes:
    return json.dumps(REQUIRED | fields).encode()


def raw(field: str, text: str) -> bytes:
    """The message with one field's JSON written as it is."""
    return json.dumps(REQUIRED | {field: "@"}).encode().replace(b'"@"', text.encode())


def refused(value: bytes | None, key: bytes | None = KEY) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        decode_lead_score_changed(key, value)
    return caught.value


def test_the_five_required_fields_are_enough() -> None:
    assert decode_lead_score_changed(KEY, value()) == {
        "event_id": "e-1",
        "lead_id": "L-1001",
        "scoring_model_id": "engagement",
        "score": 83.0,
        "occurred_at": datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    }


def test_unknown_fields_are_ignored_whatever_json_they_hold() -> None:
    message = decode_lead_score_changed(KEY, value(tenant="x", more={"a": [1, None, 10**400]}))
    assert set(message) == set(REQUIRED)


def test_known_optional_fields_are_checked_and_may_be_null() -> None:
    message = decode_lead_score_changed(KEY, value(previous_score=61, grade=None, scoring_model_version=4))
    assert message["previous_score"] == 61.0
    assert refused(value(previous_score="61")).field == "previous_score"
    assert refused(value(scoring_model_version=4.5)).field == "scoring_model_version"
    assert refused(value(grade=1)).reason == "grade must be text, found a number"


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("83", 83.0),
        ("-2.5", -2.5),
        ("0", 0.0),
        ("-0", 0.0),
        ("1e3", 1000.0),
        ("1E-999", 0.0),
        ("1" + "0" * 300, 1e300),
        ("9007199254740993", 9007199254740992.0),
        ("1.7976931348623157e308", 1.7976931348623157e308),
    ],
)
def test_any_finite_json_number_is_a_score_read_as_a_double(text: str, score: float) -> None:
    read = decode_lead_score_changed(KEY, raw("score", text))["score"]
    assert (read, type(read)) == (score, float)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "score must be a finite number (an IEEE double), found NaN"),
        (
            "Infinity",
            "score must be a finite number (an IEEE double), found a number that is too large or infinite",
        ),
        (
            "-Infinity",
            "score must be a finite number (an IEEE double), found a number that is too large or infinite",
        ),
        ("1e999", "score must be a finite number (an IEEE double), found a number that is too large or infinite"),
        ("-1e999", "score must be a finite number (an IEEE double), found a number that is too large or infinite"),
        ("1" + "0" * 400, "score must be a finite number (an IEEE double), found a number that is too large"),
        ('"83"', "score must be a number, found text"),
        ("true", "score must be a number, found a boolean"),
        ("null", "score must be a number, found null"),
        ("[83]", "score must be a number, found an array"),
        ("{}", "score must be a number, found an object"),
    ],
)
def test_anything_but_a_finite_json_number_is_no_score(text: str, reason: str) -> None:
    assert refused(raw("score", text)).reason == reason


@pytest.mark.parametrize("text", ["083", "+83", ".5", "5.", "0x10", "8_3", "١", "1" + "0" * 5000])
def test_a_score_must_be_written_as_json(text: str) -> None:
    assert refused(raw("score", text)).reason.startswith("the value is not JSON in UTF-8: ")


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_field_is_named(field: str) -> None:
    message = refused(json.dumps({name: one for name, one in REQUIRED.items() if name != field}).encode())
    assert (message.field, message.reason) == (field, f"{field} is missing")


def test_all_missing_fields_are_named_together() -> None:
    assert refused(b"{}").reason == "; ".join(f"{field} is missing" for field in REQUIRED)


@pytest.mark.parametrize("field", ["event_id", "lead_id", "scoring_model_id"])
@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('""', "must not be empty"),
        ("12", "must be text, found a number"),
        ("null", "must be text, found null"),
        ("false", "must be text, found a boolean"),
        ("[]", "must be text, found an array"),
    ],
)
def test_ids_are_texts_that_are_not_empty(field: str, text: str, what: str) -> None:
    assert refused(raw(field, text)).reason == f"{field} {what}"


@pytest.mark.parametrize("lead_id", [" ", "L 1001", "日本", "😀", "a\x00b", 'quote"', "L" * 10_000])
def test_any_text_is_an_id(lead_id: str) -> None:
    assert decode_lead_score_changed(lead_id.encode(), value(lead_id=lead_id))["lead_id"] == lead_id


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23T09:30:00Z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23t09:30:00z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23 09:30:00Z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23T09:30:00.5Z", datetime(2026, 11, 23, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-11-23T09:30:00.123456789Z", datetime(2026, 11, 23, 9, 30, 0, 123_456, tzinfo=UTC)),
        ("2026-11-23T09:30:00-00:00", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23T09:30:00+05:30", datetime(2026, 11, 23, 9, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
        ("0001-01-01T00:00:00+23:59", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23, minutes=59)))),
        ("9999-12-31T23:59:59-23:59", datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(-timedelta(minutes=1439)))),
    ],
)
def test_times_are_rfc_3339(text: str, at: datetime) -> None:
    assert decode_lead_score_changed(KEY, value(occurred_at=text))["occurred_at"] == at


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"2026-11-23"', "a date without time and time zone"),
        ('"2026-11-23T09:30:00"', "a time without time zone (append Z or an offset such as +01:00)"),
        ('"2026-11-23T09:30:00.123"', "a time without time zone (append Z or an offset such as +01:00)"),
        ('"1700000000"', "a number as text"),
        ('"1700000000.5"', "a number as text"),
        ("1700000000", "a number"),
        ("1.5", "a number"),
        ("null", "null"),
        ("true", "a boolean"),
        ('""', "empty text"),
        ('"yesterday"', "text in another form"),
        ('" 2026-11-23T09:30:00Z"', "text in another form"),
        ('"2026-11-23T09:30Z"', "text in another form"),
        ('"2026-11-23_09:30:00Z"', "text in another form"),
        ('"2026-02-30T09:30:00Z"', "a date, time or offset that does not exist or has another form"),
        ('"2026-11-23T24:00:00Z"', "a date, time or offset that does not exist or has another form"),
        ('"2026-11-23T09:30:00+24:00"', "a date, time or offset that does not exist or has another form"),
        ('"2026-11-23T09:30:00+0100"', "a date, time or offset that does not exist or has another form"),
        ('"2026-11-23T09:30:00,5Z"', "a date, time or offset that does not exist or has another form"),
        ('"0000-01-01T00:00:00Z"', "a date, time or offset that does not exist or has another form"),
        ('"2026-12-31T23:59:60Z"', "a leap second, which is not supported (send second 59)"),
    ],
)
def test_anything_else_is_no_time(text: str, found: str) -> None:
    message = refused(raw("occurred_at", text))
    assert message.field == "occurred_at"
    assert message.reason.startswith("occurred_at must be a time with time zone ")
    assert message.reason.endswith(f", such as 2026-11-23T09:30:00Z, found {found}")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "the record has no value: it must be a JSON object"),
        (b"", "the value is empty: it must be a JSON object"),
        (b" \n", "the value is empty: it must be a JSON object"),
        (b"null", "the value must be a JSON object, found null"),
        (b"[]", "the value must be a JSON object, found an array"),
        (b'"L-1001"', "the value must be a JSON object, found text"),
        (b"83", "the value must be a JSON object, found a number"),
        (b"NaN", "the value must be a JSON object, found NaN"),
        (b"\xef\xbb\xbf{}", "the value is not JSON: it starts with a byte order mark; remove it"),
        ("{}".encode("utf-16"), "the value is not JSON in UTF-8 but looks like UTF-16"),
        (b"\x00\x01", "the value is not JSON in UTF-8: expected value"),
        (b"{'a': 1}", "the value is not JSON in UTF-8: key must be a string"),
        (value()[:-1], "the value is not JSON in UTF-8: it ends too early, while parsing an object"),
        (value() + b"x", "the value is not JSON in UTF-8: trailing characters"),
        (raw("grade", '"\\ud800"'), "the value is not JSON in UTF-8: an unpaired surrogate"),
        (raw("x", "[" * 500 + "]" * 500), "the value is not JSON in UTF-8: nested too deeply"),
    ],
)
def test_a_value_that_is_no_json_object_is_refused(value: bytes | None, reason: str) -> None:
    message = refused(value)
    said, _, where = message.reason.partition(" at line ")
    assert (message.field, said) == ("", reason)
    assert re.fullmatch(r"1 column \d+|", where)


@pytest.mark.parametrize("bytes_", [b"\xff", b"\xed\xa0\x80", b"\xc3\x28", b"\xf5\x80\x80\x80"])
def test_bytes_that_are_not_utf_8_are_refused(bytes_: bytes) -> None:
    for field in ("lead_id", "not_ours"):
        message = refused(raw(field, '"@@"').replace(b"@@", bytes_))
        assert "bytes that are not UTF-8" in message.reason


def test_of_a_field_that_stands_twice_the_last_counts() -> None:
    twice = b'{"lead_id": 3, "score": "x", ' + value()[1:]
    assert decode_lead_score_changed(KEY, twice)["score"] == 83.0


@pytest.mark.parametrize("key", [None, b""])
def test_a_record_without_key_is_refused(key: bytes | None) -> None:
    assert refused(value(), key).reason == ("the record has no key: its key must be the bytes of lead_id in UTF-8")


@pytest.mark.parametrize("key", [b"L-1002", b"l-1001", b"L-1001 ", b"\xff", b"[1]", b"7"])
def test_a_key_other_than_the_lead_id_is_refused(key: bytes) -> None:
    assert refused(value(), key).reason == (
        "the record has a key that is not its lead_id: its key must be the bytes of lead_id in UTF-8"
    )


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        (b'"L-1001"', "has its lead_id in JSON quotes as key (use StringSerializer, or Connect's StringConverter"),
        (b'{"lead_id": "L-1001"}', "has a JSON object as key"),
        (b"\0\0\0\0\x07L-1001", "has its lead_id in the framing of a Schema Registry as key"),
        (b'\0\0\0\0\x07"L-1001"', "has its lead_id in the framing of a Schema Registry as key"),
        ("L-1001".encode("utf-16"), "has its lead_id in UTF-16 as key"),
        ("L-1001".encode("utf-16-be"), "has its lead_id in UTF-16 as key"),
        ("\ufeffL-1001".encode(), "has a byte order mark before its lead_id as key"),
    ],
)
def test_what_a_serializer_made_of_the_key_is_named(key: bytes, fault: str) -> None:
    reason = refused(value(), key).reason
    assert reason.startswith(f"the record {fault}")
    assert reason.endswith("its key must be the bytes of lead_id in UTF-8")
