"""CloudEvents 1.0: records read may be plain JSON, binary or structured; records emitted are binary."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lead_qualifier.messages import cloud_events
from lead_qualifier.messages.decode import ErasedLead, decode_lead_changed, decode_lead_score_changed, decode_score
from lead_qualifier.messages.errors import BadMessage

KEY = b"L-1001"
MESSAGE = {
    "event_id": "e-1",
    "lead_id": "L-1001",
    "scoring_model_id": "engagement",
    "score": 83,
    "occurred_at": "2026-11-23T09:30:00Z",
}
VALUE = json.dumps(MESSAGE).encode()
ENVELOPE = {"specversion": "1.0", "id": "x", "source": "/engine", "type": "score", "data": MESSAGE}
STRUCTURED = [("content-type", b"application/cloudevents+json")]


def structured(envelope: Any, headers: list[tuple[str, bytes]] = STRUCTURED) -> Any:
    return decode_lead_score_changed(KEY, json.dumps(envelope).encode(), headers)


def refused(envelope: Any, headers: list[tuple[str, bytes]] = STRUCTURED) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        structured(envelope, headers)
    return caught.value


@pytest.mark.parametrize(
    "headers",
    [
        None,
        [],
        (),
        [("trace", b"1"), ("empty", None)],
        [("content-type", b"application/json")],
        [("content-type", None)],
        [("ce_specversion", b"1.0"), ("ce_id", b"x"), ("content-type", b"application/json; charset=utf-8")],
    ],
)
def test_plain_json_and_binary_mode_have_the_message_as_value(headers: Any) -> None:
    assert decode_lead_score_changed(KEY, VALUE, headers)["score"] == 83.0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("content-type", b"application/cloudevents+json"),
        ("content-type", b"application/cloudevents+json; charset=UTF-8"),
        ("Content-Type", b" Application/CloudEvents+JSON;charset=utf-8"),
        ("CONTENT-TYPE", b"application/cloudevents+json"),
    ],
)
def test_structured_mode_has_the_message_in_an_envelope(name: str, content: bytes) -> None:
    assert structured(ENVELOPE, [("other", b""), (name, content)]) == decode_lead_score_changed(KEY, VALUE)


def test_the_data_may_be_base64() -> None:
    envelope = {"specversion": "1.0", "data_base64": base64.b64encode(VALUE).decode()}
    assert structured(envelope)["lead_id"] == "L-1001"


def test_data_is_checked_like_a_plain_value() -> None:
    assert refused(ENVELOPE | {"data": MESSAGE | {"score": "83"}}).reason == "score must be a number, found text"
    assert refused(ENVELOPE | {"data": None}).reason == "the value must be a JSON object, found null"
    assert refused(ENVELOPE | {"data": json.dumps(MESSAGE)}).reason == "the value must be a JSON object, found text"
    assert refused(ENVELOPE | {"data": MESSAGE | {"lead_id": "L-2"}}).field == "lead_id"


def test_an_envelope_that_cannot_be_read_is_refused() -> None:
    without = {name: value for name, value in ENVELOPE.items() if name != "data"}
    assert refused(without).reason == "data is missing in the CloudEvents envelope"
    assert refused(ENVELOPE | {"specversion": "0.3"}).reason == "specversion of the CloudEvents envelope must be 1.0"
    assert refused(without | {"data_base64": "§"}).reason == "data_base64 of the CloudEvents envelope is not base64"
    others: list[Any] = [MESSAGE, [], None, "x"]
    for other in others:
        assert refused(other).reason.startswith("the value is not a CloudEvents envelope, although the content-type")


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b'{"specversion": "1.0", "x": "\xff", "data": {}}'])
def test_an_envelope_that_is_no_json_is_refused(value: bytes) -> None:
    with pytest.raises(BadMessage, match=r"^the value is not"):
        decode_lead_score_changed(KEY, value, STRUCTURED)


@pytest.mark.parametrize("format_", [b"application/cloudevents-batch+json", b"application/cloudevents+avro"])
def test_batches_and_other_formats_are_refused_with_what_to_do(format_: bytes) -> None:
    assert "send one event per record" in refused(ENVELOPE, [("content-type", format_)]).reason


def test_an_envelope_without_content_type_is_named() -> None:
    reason = refused(ENVELOPE, []).reason
    assert reason.startswith("event_id is missing; ")
    assert "requires the header content-type: application/cloudevents+json" in reason


@pytest.mark.parametrize("label", [b"application/json", b"application/json; charset=utf-8", b"text/json"])
def test_an_envelope_labelled_as_its_data_is_read(label: bytes) -> None:
    headers = [("content-type", label)]
    assert structured(ENVELOPE, headers)["score"] == 83.0
    assert decode_score(KEY, json.dumps(ENVELOPE).encode(), headers).score == 83.0
    assert refused(ENVELOPE | {"specversion": "0.3"}, headers).field == "specversion"
    assert (
        refused(ENVELOPE | {"data": MESSAGE | {"score": "x"}}, headers).reason == "score must be a number, found text"
    )
    assert refused({name: ENVELOPE[name] for name in ("specversion", "id", "source", "type")}, headers).field == "data"


@pytest.mark.parametrize("read", [decode_score, decode_lead_score_changed, decode_lead_changed])
@pytest.mark.parametrize("field", ["data", "extension"])
def test_an_envelope_that_is_nested_too_deeply_is_refused(read: Any, field: str) -> None:
    envelope = b'{"specversion": "1.0", "data": {}, "%s": ' % field.encode() + b"[" * 9_000 + b"]" * 9_000 + b"}"
    with pytest.raises(BadMessage, match="the CloudEvents envelope is nested too deeply"):
        read(KEY, envelope, STRUCTURED)


def test_an_envelope_s_field_names_make_no_envelope() -> None:
    message = {name: value for name, value in ENVELOPE.items() if name != "data"} | MESSAGE | {"data": {"score": 1}}
    headers = [("content-type", b"application/json")]
    assert structured(message, headers)["score"] == 83.0
    assert refused(message | {"score": "x"}, headers).reason == "score must be a number, found text"


def test_no_value_erases_a_lead_whatever_the_headers_say() -> None:
    assert decode_lead_changed(KEY, None, STRUCTURED) == ErasedLead("L-1001")


def test_an_envelope_without_data_erases_nothing() -> None:
    with pytest.raises(BadMessage):
        decode_lead_changed(KEY, json.dumps(ENVELOPE | {"data": None}).encode(), STRUCTURED)


def test_what_is_emitted_carries_every_attribute_as_a_header() -> None:
    headers = cloud_events.headers(
        cloud_events.event_type("lead-qualified"),
        event_id="0bc7a9af-6326-5e26-b9d1-2bab1e36491f",
        source=cloud_events.source("lead-qualifier"),
        time=datetime(2026, 11, 23, 9, 30, 0, 5000, tzinfo=UTC),
        subject="Lead ü",
    )
    assert headers == [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"0bc7a9af-6326-5e26-b9d1-2bab1e36491f"),
        ("ce_source", b"/lead-qualifier/lead-qualifier"),
        ("ce_type", b"lead-qualifier.lead-qualified"),
        ("ce_time", b"2026-11-23T09:30:00.005000Z"),
        ("ce_subject", "Lead ü".encode()),
        ("content-type", b"application/json"),
    ]
    assert decode_lead_score_changed(KEY, VALUE, headers)["score"] == 83.0
