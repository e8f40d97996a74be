from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from lead_qualifier.consumer.event import decode
from lead_qualifier.kafka.records import Headers, Record
from lead_qualifier.messages.errors import BadMessage

DATA = {"event_id": "e-1", "lead_id": "L-1", "occurred_at": "2026-11-23T09:30:00Z"}


def record_of(value: bytes | None, headers: Headers = ()) -> Record:
    return Record(
        topic="x.lead-qualified",
        partition=2,
        offset=7,
        timestamp_ms=1_000,
        key=b"L-1",
        value=value,
        headers=headers,
    )


def test_an_event_is_the_same_in_plain_binary_and_structured_form() -> None:
    plain = record_of(json.dumps(DATA).encode())
    binary = record_of(plain.value, [("ce_id", b"e-1"), ("ce_type", b"lead-qualifier.lead-qualified")])
    envelope = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/s",
        "type": "lead-qualifier.lead-qualified",
        "data": DATA,
    }
    structured = record_of(json.dumps(envelope).encode(), [("content-type", b"application/cloudevents+json")])
    for record in (plain, binary, structured):
        event = decode(record, topic_prefix="x.")
        assert (event.topic, event.event_id, event.lead_id, event.data) == ("lead-qualified", "e-1", "L-1", DATA)
        assert event.type == "lead-qualifier.lead-qualified"
        assert (event.raw_key, event.raw_value) == (b"L-1", record.value)
        assert (event.partition, event.offset) == (2, 7)
        assert event.time == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def test_a_tombstone_is_known_by_its_place() -> None:
    event = decode(record_of(None), topic_prefix="x.")
    assert (event.tombstone, event.lead_id, event.event_id) == (True, "L-1", "lead-qualified/2/7")
    assert event.raw_value is None


def test_events_are_the_same_only_if_topic_source_key_and_id_are() -> None:
    """Some engines number the events of each lead: e-1 of one lead is not e-1 of another."""
    value = json.dumps({"event_id": "e-1"}).encode()
    alike = [record_of(value), record_of(value, [("x", b"1")])]
    others = [
        msgspec.structs.replace(alike[0], key=b"L-2"),
        msgspec.structs.replace(alike[0], topic="x.lead-assigned"),
        record_of(value, [("ce_id", b"e-1"), ("ce_source", b"/crm")]),
        record_of(b'{"event_id": "e-2"}'),
    ]
    events = [decode(one) for one in alike + others]
    for name in ("identity", "idempotency_key"):
        assert getattr(events[0], name) == getattr(events[1], name)
        assert len({getattr(one, name) for one in events}) == 1 + len(others)


@pytest.mark.parametrize("value", [b"", b"[1]", b'{"a": NaN}', b"\xff", b'{"occurred_at": "2026-11-23T09:30:00"}'])
def test_what_cannot_be_read_is_refused_with_a_reason(value: bytes) -> None:
    with pytest.raises(BadMessage):
        decode(record_of(value))
