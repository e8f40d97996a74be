"""The framing of a Schema Registry is read only if the setting says so."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from lead_qualifier.messages.decode import decode_lead_changed, decode_lead_score_changed, decode_score, read_framing
from lead_qualifier.messages.errors import BadMessage

KEY = b"L-1"
TIME = "2026-11-23T09:30:00Z"
SCORE = {"event_id": "e", "lead_id": "L-1", "scoring_model_id": "engagement", "score": 83, "occurred_at": TIME}
CHANGE = {"event_id": "e", "lead_id": "L-1", "occurred_at": TIME, "status": "open"}


@pytest.fixture(autouse=True)
def _read() -> Iterator[None]:
    read_framing(True)
    yield
    read_framing(False)


@pytest.mark.parametrize("schema_id", [1, 256, 70_000, 2**31 - 1, 0x7B002200])
@pytest.mark.parametrize("space", ["", "\n "])
def test_json_behind_the_framing_is_read(schema_id: int, space: str) -> None:
    framing = b"\0" + schema_id.to_bytes(4, "big")
    value = framing + (space + json.dumps(SCORE)).encode()
    assert decode_score(KEY, value).score == decode_lead_score_changed(KEY, value)["score"] == 83
    envelope = {"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "data": SCORE}
    for label in (b"application/cloudevents+json", b"application/json"):
        assert decode_score(KEY, framing + json.dumps(envelope).encode(), [("content-type", label)]).score == 83
    assert decode_lead_changed(KEY, framing + json.dumps(CHANGE).encode()) == decode_lead_changed(
        KEY, json.dumps(CHANGE).encode()
    )


def test_what_has_no_framing_is_read_as_ever() -> None:
    assert decode_score(KEY, json.dumps(SCORE).encode()).score == 83
    assert decode_lead_changed(KEY, None) is not None


@pytest.mark.parametrize("value", [b"\0\0\0\0\7\6abc", b"\0", b"\0\0\0\0\7", b"\0\0\0\0\7[1]"])
def test_framing_without_a_json_object_behind_it_is_named(value: bytes) -> None:
    for decode in (decode_score, decode_lead_changed):
        with pytest.raises(BadMessage, match="no JSON object after it: Avro and Protobuf are not supported"):
            decode(KEY, value)


def test_faults_behind_the_framing_are_told_as_ever() -> None:
    with pytest.raises(BadMessage, match="score must be a number, found text"):
        decode_score(KEY, b"\0\0\0\0\7" + json.dumps(SCORE | {"score": "x"}).encode())
