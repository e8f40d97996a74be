"""Hypothesis strategies for records that are almost, or exactly, or not at all what a topic should carry."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

STRUCTURED = (("content-type", b"application/cloudevents+json"),)
Message = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """A record as it is sent. A partition of -1 leaves the choice to the key."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int = -1


class Raw(str):
    """Text that stands in the JSON as it is."""

    __slots__ = ()


_NUMBERS = st.sampled_from(
    [
        *(
            "0",
            "-0",
            "-0.0",
            "70",
            "70.5",
            "1E+2",
            "1e-400",
            "1e0000001",
            "0e0",
            "9007199254740993",
            "18446744073709551616",
        ),
        *("1e308", "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "-1e400", "1" + "0" * 400),
        *("1." + "3" * 400, "0." + "0" * 400 + "1"),
        *(".5", "5.", "+1", "01", "0x10", "1_0", "2e", "NaN", "-Infinity", "Infinity"),
    ]
).map(Raw)
_TIMES = st.sampled_from(
    [
        "2026-03-02T08:00:00Z",
        "2026-03-02t08:00:00z",
        "2026-03-02 08:00:00+01:00",
        "2026-03-02T08:00:00.123456789012Z",
        "2026-03-02T08:00:00.Z",
        "2026-03-02T08:00:00,5Z",
        "2026-03-02T08:00:00-00:00",
        "2026-03-02T08:00:00+23:59",
        "2026-03-02T08:00:00+24:00",
        "2026-03-02T08:00:00+0100",
        "2026-03-02T08:00Z",
        "2026-03-02T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2026-02-29T08:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999-14:00",
        "2026-W10-1T08:00:00Z",
        "20260302T080000Z",
        "2026-03-02T08:00:00",
        "2026-03-02",
        " 2026-03-02T08:00:00Z",
        "٢٠٢٦-03-02T08:00:00Z",
        "1772438400",
        "",
    ]
)
_TEXTS = st.sampled_from(["", " ", "\0", "null", "a\nb", "😀", "\ud800", "é", "é", "x" * 3000, "open", "live", "true"])
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _TIMES | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
_GARBAGE = (
    st.binary(max_size=60) | st.text(max_size=30).map(lambda text: text.encode(errors="replace")) | st.just(b"[" * 5000)
)


def encode(value: object) -> bytes:
    """JSON as most programs write it, except for what is Raw."""
    if isinstance(value, Raw):
        return value.encode()
    if isinstance(value, dict):
        return (
            b"{" + b", ".join(json.dumps(name).encode() + b": " + encode(part) for name, part in value.items()) + b"}"
        )
    if isinstance(value, list):
        return b"[" + b", ".join(map(encode, value)) + b"]"
    return json.dumps(value).encode()


@st.composite
def near_valid(
    draw: st.DrawFn, messages: st.SearchStrategy[Message], key_of: Callable[[Message], str], *, keyless: bool
) -> Sent:
    """One of `messages`, with a few things done to it that a producer might do by mistake; or something else.

    `keyless`: also without key, which compacted topics do not take.
    """
    message = draw(messages)
    key = key_of(message).encode(errors="replace")
    if draw(st.integers(0, 9)) == 0:
        return Sent(key, draw(_GARBAGE))
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 1, 2]))):
        if message:
            message = draw(_mistaken(message))
    return draw(_miswritten(key, message, keyless))


@st.composite
def _mistaken(draw: st.DrawFn, message: Message) -> Message:
    """Something is wrong, or only odd, with one field."""
    name = draw(st.sampled_from(sorted(message)))
    match draw(st.sampled_from(["drop", "replace", "time", "number", "case", "add", "nest"])):
        case "drop":
            return {other: part for other, part in message.items() if other != name}
        case "replace":
            return message | {name: draw(_ANY)}
        case "time":
            return message | {("issued_at" if "issued_at" in message else "occurred_at"): draw(_TIMES)}
        case "number":
            numeric = message.keys() & {"score", "expected_revision"}
            return message | {(numeric.pop() if numeric else name): draw(_NUMBERS)}
        case "case" if not isinstance(message[name], Raw):
            return {other.title() if other == name else other: part for other, part in message.items()}
        case "add":
            return message | {draw(st.text(max_size=6)): draw(_ANY)}
        case _:
            return message | {name: [message[name]]}


@st.composite
def _miswritten(draw: st.DrawFn, key: bytes, message: Message, keyless: bool) -> Sent:
    """Something is wrong, or only odd, with the record around the fields."""
    value = encode(message)
    match draw(st.sampled_from([*[""] * 16, "cut", "more", "bom", "utf16", "twice", "event", "key", "place"])):
        case "cut":
            return Sent(key, value[: draw(st.integers(0, len(value)))])
        case "more":
            return Sent(key, value + draw(st.sampled_from([b"\n", b" \t\r", b"}", b",", b"null", b"\0", b"\xff"])))
        case "bom":
            return Sent(key, b"\xef\xbb\xbf" + value)
        case "utf16":
            return Sent(key, value.decode().encode("utf-16-le"))
        case "twice":  # a field twice: the last one counts, as everywhere
            return Sent(key, value[:-1] + b', "occurred_at": ' + encode(draw(_TIMES)) + b"}")
        case "event":
            envelope = {"specversion": draw(st.sampled_from(["1.0", "1.1", 1.0])), "id": "1", "data": message}
            return Sent(key, encode(envelope), STRUCTURED)
        case "key":
            return Sent(draw((st.none() | st.binary(max_size=6)) if keyless else st.binary(max_size=6)), value)
        case "place":
            return Sent(key, value, partition=draw(st.integers(0, 1)))
        case _:
            return Sent(key, value)
