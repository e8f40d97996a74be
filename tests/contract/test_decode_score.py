"""The fast decoder of scores accepts and refuses exactly what the contract's validator does."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lead_qualifier.messages.decode import ChangedScore, decode_lead_score_changed, decode_score
from lead_qualifier.messages.errors import BadMessage

KEY = b"L-1"
REQUIRED: dict[str, Any] = {
    "event_id": "e-1",
    "lead_id": "L-1",
    "scoring_model_id": "engagement",
    "score": 83,
    "occurred_at": "2026-11-23T09:30:00Z",
}

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner))
times = st.datetimes().flatmap(
    lambda at: st.sampled_from(["Z", "z", "", "+00:00", "+0000", "-02:30", "+24:00", "1Z", ",5Z", " Z"]).map(
        lambda zone: at.isoformat() + zone
    )
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "event_id": anything,
        "lead_id": st.just("L-2") | anything,
        "scoring_model_id": anything,
        "score": anything,
        "occurred_at": times | anything,
        "previous_score": anything,
        "grade": anything,
        "scoring_model_version": anything,
        "other": anything,
    },
)


def by_contract(key: bytes | None, value: bytes | None, headers: Any = None) -> ChangedScore | str:
    try:
        message = decode_lead_score_changed(key, value, headers)
    except BadMessage as bad:
        return str(bad)
    return ChangedScore(
        message["event_id"],
        message["scoring_model_id"],
        message["score"],
        message["occurred_at"],
        message.get("grade") or None,
    )


def by_the_reader(key: bytes | None, value: bytes | None, headers: Any = None) -> ChangedScore | str:
    try:
        return decode_score(key, value, headers)
    except BadMessage as bad:
        return str(bad)


def with_json(field: str, text: bytes) -> bytes:
    return json.dumps(REQUIRED | {field: "@"}).encode().replace(b'"@"', text)


@given(changed=fields, ascii_only=st.booleans())
def test_fields_of_any_kind(changed: dict[str, Any], ascii_only: bool) -> None:
    value = json.dumps(REQUIRED | changed, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    assert by_the_reader(KEY, value) == by_contract(KEY, value)


@given(at=st.integers(0, 200), cut=st.integers(0, 3), put=st.binary(max_size=3))
@example(at=0, cut=0, put=b"\xef\xbb\xbf")
@example(at=200, cut=0, put=b"\x00")
def test_bytes_cut_and_put_anywhere(at: int, cut: int, put: bytes) -> None:
    whole = json.dumps(REQUIRED | {"grade": "A", "other": {"a": [1, "ü"]}}, ensure_ascii=False).encode()
    value = whole[:at] + put + whole[at + cut :]
    assert by_the_reader(KEY, value) == by_contract(KEY, value)


@pytest.mark.parametrize("key", [KEY, b"L-2", b"", None])
@pytest.mark.parametrize("value", [None, b"", b"null", b"[]", json.dumps(REQUIRED).encode()])
def test_keys_and_absent_values(key: bytes | None, value: bytes | None) -> None:
    assert by_the_reader(key, value) == by_contract(key, value)


@pytest.mark.parametrize(
    "text",
    [
        b"-0", b"1e3", b"1E-999", b"1e999", b"9007199254740993", b"9" * 300, b"0.1" + b"1" * 300, b"1" * 30 + b".5",
        b"NaN", b"Infinity", b"01", b"1.", b".5", b"+1", b"true", b'"83"', b"2.2250738585072011e-308",
        b"18446744073709551616", b"1.7976931348623157e308",
    ],
)  # fmt: skip
def test_numbers_as_they_may_be_written(text: bytes) -> None:
    value = with_json("score", text)
    assert by_the_reader(KEY, value) == by_contract(KEY, value)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T08:19:59.1234567Z", "2026-01-05T08:19:59.9999999Z", "9999-12-31T23:59:59.9999999Z",
        "2026-01-05T08:19:59.123456Z", "2026-01-05 08:19:59Z", "2026-01-05t08:19:59z", "2026-01-05T08:19:59+0000",
        "2026-01-05T08:19:59+02:00", "2026-01-05T08:19:59-00:00", "2026-01-05T24:00:00Z", "2026-01-05T08:19:60Z",
        "2026-02-29T08:19:59Z", "2026-W01-1T08:19:59Z", "20260105T081959.123Z", "2026-01-05T08:19Z", "1700000000",
        "2026-01-05T08:19:59.\\u0031\\u0032Z", "2026-01-05T08:19:59\\u005a", "0001-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_times_as_they_may_be_written(text: str) -> None:
    value = with_json("occurred_at", f'"{text}"'.encode())
    assert by_the_reader(KEY, value) == by_contract(KEY, value)


@pytest.mark.parametrize("field", ["event_id", "lead_id", "scoring_model_id", "grade", "other"])
@pytest.mark.parametrize(
    "text",
    [rb'"\ud800"', rb'"\ud83d\ude00"', b'"\xff"', b'"\xed\xa0\x80"', b'"\n"', b'"\x00"', rb'"\u0000"', b'"\xc3\xbc"'],
)
def test_texts_that_are_no_good_unicode(field: str, text: bytes) -> None:
    value = with_json(field, text)
    assert by_the_reader(KEY, value) == by_contract(KEY, value)


@pytest.mark.parametrize("headers", [[("ce_id", b"x")], [("content-type", b"application/cloudevents+json")]])
def test_cloud_events(headers: list[tuple[str, bytes]]) -> None:
    plain = json.dumps(REQUIRED).encode()
    structured = json.dumps({"specversion": "1.0", "data": REQUIRED}).encode()
    for value in (plain, structured):
        assert by_the_reader(KEY, value, headers) == by_contract(KEY, value, headers)


@pytest.mark.parametrize(
    "text",
    [
        b"NaN", b"Infinity", b"-Infinity", b"[1, NaN]", b'{"a": -Infinity}', b'"NaN"', b'"no Infinity"', b"1e999",
        *(b"[" * depth + b"]" * depth for depth in (50, 150, 198, 199, 200, 201, 500, 100_000)),
        *(b'{"a":' * depth + b"1" + b"}" * depth for depth in (150, 199, 201, 500)),
        b'"' + b"[" * 500 + b'"', b'"' + b"long " * 2000 + b'"', b"9" * 4200, b"9" * 5000, b"1." + b"3" * 5000,
    ],
    ids=lambda text: f"{text[:12].decode()} of {len(text)}",
)  # fmt: skip
def test_what_stands_in_a_field_that_nobody_uses_is_judged_too(text: bytes) -> None:
    value = with_json("other", text)
    assert by_the_reader(KEY, value) == by_contract(KEY, value)


@pytest.mark.parametrize("text", [b"NaN", b"[Infinity]", b'{"a": -Infinity}', b"[" * 500 + b"]" * 500])
def test_unused_fields_must_be_strict_json_too(text: bytes) -> None:
    with pytest.raises(BadMessage, match=r"^the value is not JSON in UTF-8: "):
        decode_score(KEY, with_json("other", text))
