"""Reasons go to dead letters and logs: they name fields and kinds of values, never personal data."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from lead_qualifier.messages.decode import decode_lead_changed, decode_lead_score_changed, decode_score
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.fields import RFC_3339
from lead_qualifier.messages.reasons import FORMS
from lead_qualifier.settings import Settings
from lead_qualifier.sinks.dataverse.form import DATAVERSE
from lead_qualifier.sinks.webhook.form import WEBHOOK
from lead_qualifier.wording.sentences import IN_ENGLISH
from tools.schemas.documents import DOCUMENTS

SECRET = "Anna.Muster@example.com"
SCORE: dict[str, Any] = {
    "event_id": "e-1",
    "lead_id": "L-1",
    "scoring_model_id": "engagement",
    "score": 83,
    "occurred_at": "2026-11-23T09:30:00Z",
    "previous_score": 1,
    "grade": "A",
    "scoring_model_version": 1,
}
CHANGE: dict[str, Any] = {
    "event_id": "e-1",
    "lead_id": "L-1",
    "occurred_at": "2026-11-23T09:30:00Z",
    "status": "open",
    "status_reason": "new",
    "sales_ready": True,
    "owner_id": "U",
    "contact_id": "C",
    "attributes": {"email": "x"},
}
KINDS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (decode_lead_score_changed, SCORE),
    (decode_lead_changed, CHANGE),
]


def reasons(decode: Callable[..., Any], value: bytes, key: bytes = b"L-1") -> str:
    try:
        decode(key, value)
    except BadMessage as bad:
        return f"{bad.reason} {bad.field} {bad}"
    return ""


@pytest.mark.parametrize(("decode", "message"), KINDS)
@pytest.mark.parametrize("given_", [SECRET, [SECRET], {"x": SECRET}, {SECRET: SECRET}, [[SECRET]]])
def test_no_value_of_any_field_is_repeated(decode: Callable[..., Any], message: dict[str, Any], given_: Any) -> None:
    for field in message:
        if field == "attributes" and given_ == {SECRET: SECRET}:
            continue  # the name of an attribute, not a value
        assert SECRET not in reasons(decode, json.dumps(message | {field: given_}).encode())


@pytest.mark.parametrize("given_", [[SECRET], {"x": SECRET}])
def test_no_value_of_an_attribute_is_repeated(given_: Any) -> None:
    said = reasons(decode_lead_changed, json.dumps(CHANGE | {"attributes": {"email": given_}}).encode())
    assert "attributes.email must be" in said
    assert SECRET not in said


@pytest.mark.parametrize(("decode", "message"), KINDS)
def test_neither_the_key_nor_broken_json_is_repeated(decode: Callable[..., Any], message: dict[str, Any]) -> None:
    assert SECRET not in reasons(decode, json.dumps(message).encode(), key=SECRET.encode())
    whole = json.dumps(message | {"event_id": SECRET}).encode()
    for end in range(len(whole)):
        assert SECRET not in reasons(decode, whole[:end])
        assert SECRET not in reasons(decode, whole[:end] + b"\xff" + whole[end:])


def test_names_of_fields_are_shortened_and_escaped() -> None:
    said = reasons(decode_lead_changed, json.dumps(CHANGE | {"attributes": {"\n\x1b[2J" + "x" * 5000: []}}).encode())
    assert "attributes.\\n\\x1b[2J" in said
    assert said.isprintable()
    assert len(said) < 500


def test_of_many_faults_the_first_five_are_named() -> None:
    attributes: dict[str, Any] = {f"a{number}": [] for number in range(1000)}
    said = reasons(decode_lead_changed, json.dumps(CHANGE | {"attributes": attributes}).encode())
    assert "attributes.a4 must be" in said
    assert "attributes.a5 must be" not in said
    assert "; and 995 more" in said


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(KINDS), st.data())
def test_any_json_is_read_or_refused_in_words(kind: tuple[Callable[..., Any], dict[str, Any]], data: Any) -> None:
    decode, message = kind
    field = data.draw(st.sampled_from(sorted(message)))
    said = reasons(decode, json.dumps(message | {field: data.draw(JSON)}).encode())
    assert "is not valid" not in said, "an error of pydantic that has no words of ours"


@given(st.sampled_from(KINDS), st.binary(max_size=200), st.none() | st.binary(max_size=5))
def test_any_bytes_are_read_or_refused(
    kind: tuple[Callable[..., Any], dict[str, Any]], value: bytes, key: bytes | None
) -> None:
    with pytest.raises(BadMessage):
        kind[0](key, value, [("content-type", b"application/cloudevents+json")] if value[:1] < b"\x80" else None)


def _both(decode: Callable[..., Any], value: bytes) -> str:
    """The reason, which the two ways to read a score give alike."""
    said = reasons(decode, value)
    if decode is decode_lead_score_changed:
        assert reasons(decode_score, value) == said
    return said


FRAMED = b"\0\0\0\1\7"
NOT_JSON: list[tuple[Callable[[str], bytes], str]] = [
    (lambda text: FRAMED + text.encode(), "set LEAD_QUALIFIER_SCHEMA_REGISTRY_FRAMING=read, or send the JSON alone"),
    (lambda text: FRAMED + b"\x06abc\x02", "what looks like Avro or Protobuf with the framing of a Schema Registry"),
    (lambda text: b"\x03\0" + bytes(range(16)) + text.encode(), "the framing of AWS Glue"),
    (lambda text: text.encode("utf-8-sig"), "starts with a byte order mark"),
    (lambda text: text.encode("utf-16"), "looks like UTF-16"),
    (lambda text: text.encode("utf-16-le"), "looks like UTF-16"),
    (lambda text: text.encode("utf-16-be"), "looks like UTF-16"),
    (lambda text: text.encode("utf-32-le"), "looks like UTF-32"),
    (lambda text: text.encode("utf-32-be"), "looks like UTF-32"),
    (lambda text: gzip.compress(text.encode()), "let the Kafka producer compress"),
    (lambda text: b"Obj\x01" + text.encode(), "an Avro file"),
    (lambda text: b"<lead/>" + text.encode(), "XML"),
]


@pytest.mark.parametrize(("decode", "message"), KINDS)
@pytest.mark.parametrize(("write", "said"), NOT_JSON, ids=[said for _, said in NOT_JSON])
def test_what_another_serializer_writes_is_named(
    decode: Callable[..., Any], message: dict[str, Any], write: Callable[[str], bytes], said: str
) -> None:
    assert said in _both(decode, write(json.dumps(message)))


@pytest.mark.parametrize(("decode", "message"), KINDS)
def test_envelopes_of_connect_and_debezium_are_named(decode: Callable[..., Any], message: dict[str, Any]) -> None:
    change = {"before": None, "after": message, "source": {}, "op": "c", "ts_ms": 1}
    assert "is a Debezium change event" in _both(decode, json.dumps(change).encode())
    for schema in (None, {"type": "struct"}):
        for payload, said in (
            (message, "by Kafka Connect: set value.converter.schemas.enable=false"),
            (change, "Debezium"),
        ):
            assert said in _both(decode, json.dumps({"schema": schema, "payload": payload}).encode())


def test_a_wrong_message_is_not_taken_for_an_envelope() -> None:
    value = json.dumps(SCORE | {"schema": 1, "payload": 2, "op": 3, "after": 4, "score": "x"}).encode()
    assert reasons(decode_lead_score_changed, value).startswith("score must be a number, found text")


def test_every_form_of_a_text_is_told_in_words() -> None:
    schemas = [document.adapter.json_schema() for document in DOCUMENTS]
    schemas += [TypeAdapter(kind.document).json_schema() for kind in (WEBHOOK, DATAVERSE)]
    schemas.append(Settings.model_json_schema())
    patterns = {pattern for schema in schemas for pattern in _patterns(schema)} - {RFC_3339}
    assert patterns <= FORMS.keys()
    assert not [words for words in map(IN_ENGLISH.sentence, FORMS.values()) if re.search(r"[\^$\[\]\\]", words)]


def _patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for value in schema.values():
            yield from _patterns(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _patterns(value)
