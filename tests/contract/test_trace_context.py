"""Which trace an output carries on: that of the record's headers, or of the CloudEvent that it is."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from lead_qualifier.messages.trace_context import trace_of

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


def header(name: str, text: str) -> tuple[str, bytes]:
    return name, text.encode()


def structured(**attributes: Any) -> bytes:
    envelope = {"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "data": {}}
    return json.dumps(envelope | attributes).encode()


ENVELOPE = ("content-type", b"application/cloudevents+json")


def test_the_headers_are_carried_on() -> None:
    headers = [
        header("x", "y"),
        header("traceparent", PARENT),
        header("tracestate", "a=1"),
        header("tracestate", "b=2"),
    ]
    assert trace_of(b"{}", headers) == [header("traceparent", PARENT), header("tracestate", "a=1,b=2")]
    assert trace_of(None, headers[:2]) == [header("traceparent", PARENT)]


def test_so_are_the_attributes_of_a_cloud_event_in_either_mode() -> None:
    binary = [header("ce_traceparent", PARENT), header("ce_tracestate", "a=1")]
    assert trace_of(b"{}", binary) == [header("traceparent", PARENT), header("tracestate", "a=1")]
    value = structured(traceparent=PARENT, tracestate="a=1")
    assert trace_of(value, [ENVELOPE]) == [header("traceparent", PARENT), header("tracestate", "a=1")]
    assert trace_of(value, [("content-type", b"application/json")]) == [
        header("traceparent", PARENT),
        header("tracestate", "a=1"),
    ], "an envelope with the content type of its data"


def test_the_record_s_own_headers_come_first() -> None:
    assert trace_of(structured(traceparent=OTHER), [ENVELOPE, header("traceparent", PARENT)]) == [
        header("traceparent", PARENT)
    ]
    assert trace_of(b"{}", [header("ce_traceparent", OTHER), header("traceparent", "bad")]) == [
        header("traceparent", OTHER)
    ]


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "bad",
        PARENT.upper(),
        PARENT + "-more",
        PARENT + "\n",
        "ff" + PARENT[2:],
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        "01" + PARENT[2:] + "-" + "x" * 600,
        "\x00" + PARENT,
    ],
)
def test_what_is_no_traceparent_is_dropped(parent: str) -> None:
    assert trace_of(b"{}", [header("traceparent", parent), header("tracestate", "a=1")]) == []
    assert trace_of(structured(traceparent=parent), [ENVELOPE]) == []


def test_a_later_version_of_the_specification_is_carried_on() -> None:
    later = "01" + PARENT[2:] + "-more"
    assert trace_of(b"{}", [header("traceparent", later)]) == [header("traceparent", later)]


@pytest.mark.parametrize("state", ["x" * 600, "ä=1", "a=1\r\nx: y"])
def test_a_bad_tracestate_is_dropped_alone(state: str) -> None:
    assert trace_of(b"{}", [header("traceparent", PARENT), header("tracestate", state)]) == [
        header("traceparent", PARENT)
    ]


@pytest.mark.parametrize(
    "value", [None, b"{", b"\xff", structured(traceparent=7), b"[" * 100_000, structured(tracestate="a=1")]
)
def test_a_value_that_cannot_be_read_has_no_trace(value: bytes | None) -> None:
    assert trace_of(value, [ENVELOPE]) == []
    assert trace_of(value, [("traceparent", None)]) == []


def test_a_tracestate_in_thousands_of_headers_costs_no_more_than_reading_them() -> None:
    many = [header("traceparent", PARENT), *[header("tracestate", "a=" + "b" * 38)] * 100_000]
    began = time.process_time()
    assert trace_of(None, many) == [header("traceparent", PARENT)]
    assert time.process_time() - began < 2, "joining them one by one takes minutes"
