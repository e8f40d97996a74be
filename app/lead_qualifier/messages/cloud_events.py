"""CloudEvents 1.0 over Kafka: the headers of emitted events (binary mode), and the data of events read (any mode).

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import msgspec

from lead_qualifier.messages.errors import BadMessage, BadMessageClass
from lead_qualifier.messages.reasons import unreadable_envelope
from lead_qualifier.qualification.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

SPEC_VERSION = "1.0"
_STRUCTURED = b"application/cloudevents"
_JSON_FORMAT = b"application/cloudevents+json"
_CONTENT_TYPE = "content-type"
_CONTENT_TYPE_LENGTH = len(_CONTENT_TYPE)
_TYPE_PREFIX = "lead-qualifier."

Header = tuple[str, bytes]


def event_type(topic: str) -> str:
    """`ce_type` of the events of a topic (its name without prefix)."""
    return _TYPE_PREFIX + topic


def source(application_id: str) -> str:
    """`ce_source` of the events that an application emits, by its id: a relative URI reference."""
    return f"/lead-qualifier/{application_id}"


def headers(event_type: str, *, event_id: str, source: str, time: datetime, subject: str) -> list[Header]:
    """The headers that make a record with a JSON value a CloudEvent in binary mode. `subject`: what it is about."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", event_type.encode()),
        ("ce_time", msgspec.json.encode(time)[1:-1]),
        ("ce_subject", subject.encode()),
        ("content-type", b"application/json"),
    ]


class Attributes(msgspec.Struct, frozen=True, kw_only=True):
    """The attributes of an event. Plain JSON has none: they are empty."""

    id: str = ""
    source: str = ""
    type: str = ""
    time: str = ""
    """RFC 3339, unchecked."""
    subject: str = ""


class _Envelope(msgspec.Struct):
    specversion: str
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data_base64: str | msgspec.UnsetType = msgspec.UNSET


class _Unannounced(msgspec.Struct):
    """The fields that every envelope has, and the fields of which every message of ours has at least one."""

    specversion: str
    id: str
    source: str
    type: str
    event_id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    command_id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_envelopes = msgspec.json.Decoder(_Envelope)
_unannounced = msgspec.json.Decoder(_Unannounced)
_attributes = msgspec.json.Decoder(Attributes)
_BINARY = {f"ce_{name}": name for name in Attributes.__struct_fields__}


def data_of(value: bytes, record_headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    """The event's data: the value itself (plain JSON, binary mode), or the data in the envelope (structured mode).

    Raises BadMessage for an envelope that cannot be read.
    """
    media_type = envelope_type(value, record_headers)
    return value if media_type is None else _unwrap(value, media_type)


def is_envelope(value: bytes) -> bool:
    """Whether the value looks like an envelope (structured mode), and like none of our messages."""
    if b'"specversion"' not in value:
        return False
    try:
        found = _unannounced.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return found.event_id is msgspec.UNSET and found.command_id is msgspec.UNSET


def attributes_of(value: bytes | None, record_headers: Iterable[tuple[str, bytes | None]]) -> Attributes:
    """The event's attributes, from its headers (binary mode) or its envelope (structured mode).

    `value` is one that `data_of` accepts. Raises BadMessage for attributes that cannot be read.
    """
    kept = tuple(record_headers)
    if value is not None and envelope_type(value, kept) is not None:
        try:
            return _attributes.decode(value)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise BadMessage(Finding("envelope_attribute", reason=str(error))) from None
    try:
        return Attributes(
            **{_BINARY[name]: content.decode() for name, content in kept if name in _BINARY and content is not None}
        )
    except UnicodeDecodeError:
        raise BadMessage(Finding("event_header_not_utf_8")) from None


def envelope_type(value: bytes, record_headers: Iterable[tuple[str, bytes | None]]) -> bytes | None:
    """The media type of the envelope that the value is; None: it is not one."""
    media_type = _media_type(record_headers)
    if media_type is None or media_type.startswith(_STRUCTURED):
        return media_type
    # Some libraries send an envelope with the content type of the data in it.
    return _JSON_FORMAT if media_type.endswith(b"json") and is_envelope(value) else None


def _media_type(record_headers: Iterable[tuple[str, bytes | None]]) -> bytes | None:
    """The media type of the content-type header, in lowercase, without parameters; of several, that of an envelope."""
    found = None
    for name, content in record_headers:
        # case-insensitive; comparing the lengths first skips most headers cheaply
        if len(name) == _CONTENT_TYPE_LENGTH and name.lower() == _CONTENT_TYPE and content is not None:
            found = content.split(b";", 1)[0].strip().lower()
            if found.startswith(_STRUCTURED):
                break
    return found


def _unwrap(value: bytes, media_type: bytes) -> bytes:
    if media_type != _JSON_FORMAT:
        raise BadMessage(Finding("another_event_format"), kind=BadMessageClass.UNDECODABLE)
    try:
        value.decode()
        envelope = _envelopes.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(unreadable_envelope(value, error), kind=BadMessageClass.UNDECODABLE) from None
    if envelope.specversion != SPEC_VERSION:
        raise BadMessage(Finding("another_event_version"), "specversion")
    if not isinstance(envelope.data, msgspec.UnsetType):
        return bytes(envelope.data)
    if isinstance(envelope.data_base64, msgspec.UnsetType):
        raise BadMessage(Finding("envelope_without_data"), "data")
    try:
        return base64.b64decode(envelope.data_base64, validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage(Finding("not_base64"), "data_base64", BadMessageClass.UNDECODABLE) from None
