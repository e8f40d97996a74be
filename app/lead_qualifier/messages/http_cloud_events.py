"""CloudEvents 1.0 over HTTP: the events of a request, in binary, structured or batched mode.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md

The data of an event stays the bytes that were sent, so that it is checked and passed on as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec

from lead_qualifier.messages.cloud_events import SPEC_VERSION, Header
from lead_qualifier.messages.errors import BadMessage, BadMessageClass
from lead_qualifier.messages.reasons import encoding_fault
from lead_qualifier.wording.sentences import IN_ENGLISH

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
JSON = "application/json"

T = TypeVar("T")

_PREFIX = "ce-"
_REQUIRED = ("specversion", "id", "source", "type")
_NAME = re.compile(r"[a-z0-9]{1,200}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_batch = msgspec.json.Decoder(list[msgspec.Raw])
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_attribute = msgspec.json.Decoder(str | int | bool | None)


class Mode(StrEnum):
    """How a request carries events."""

    BINARY = "binary"
    STRUCTURED = "structured"
    BATCH = "batch"


class UnsupportedMode(Exception):
    """The request is in none of the three modes; the message says which there are."""

    def __init__(self, found: str) -> None:
        """`found`: what the request is instead."""
        super().__init__(
            f"{found}: send {STRUCTURED}, {BATCH}, or {JSON} with the headers ce-specversion, ce-id, ce-source and "
            "ce-type"
        )


@dataclass(frozen=True, slots=True)
class HttpEvent:
    """One event. `attributes`: all but `datacontenttype`; `data`: its bytes, None if it has none."""

    attributes: Mapping[str, str]
    data: bytes | None

    @property
    def record_headers(self) -> list[Header]:
        """The headers of the same event as a Kafka record in binary mode."""
        given = [(f"ce_{name}", value.encode()) for name, value in self.attributes.items()]
        return [*given, ("content-type", JSON.encode())]


def mode_of(headers: Mapping[str, str]) -> Mode:
    """The mode of a request. `headers`: by lowercase names. Raises UnsupportedMode."""
    media_type = _media_type(headers.get("content-type", ""))
    if media_type == BATCH:
        return Mode.BATCH
    if media_type == STRUCTURED:
        return Mode.STRUCTURED
    if media_type.startswith("application/cloudevents"):
        raise UnsupportedMode("the request is in a format of CloudEvents that is not read")
    if f"{_PREFIX}specversion" not in headers:
        raise UnsupportedMode("the request is not a CloudEvent")
    if not _is_json(media_type):
        raise UnsupportedMode("the event's data is not JSON")
    return Mode.BINARY


def events_in(mode: Mode, headers: Mapping[str, str], body: bytes, *, most: int) -> list[HttpEvent | BadMessage]:
    """The events of a request, in their order. An event that cannot be read is the BadMessage that says why, whose
    field is an attribute, `data` or `data_base64`. Of a batch, one more than `most` are read, at most.

    Raises BadMessage for a body that is not a batch.
    """
    if mode is Mode.BATCH:
        return [_or_fault(_structured, one) for one in islice(_elements(body), most + 1)]
    return [_or_fault(_structured, body) if mode is Mode.STRUCTURED else _or_fault(_binary, headers, body)]


def _or_fault(read: Callable[..., HttpEvent], *event: Any) -> HttpEvent | BadMessage:
    try:
        return read(*event)
    except BadMessage as bad:
        return bad


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _is_json(media_type: str) -> bool:
    return media_type in {"", JSON} or media_type.endswith("+json")


def _elements(body: bytes) -> Iterator[bytes]:
    elements: list[msgspec.Raw] = _read(_batch, body, "a JSON array of events")
    return map(bytes, elements)


def _structured(envelope: bytes) -> HttpEvent:
    members = _read(_members, envelope, "a JSON object")
    data = _data(members)
    attributes = {name: value for name, raw in members.items() if (value := _value(name, raw)) is not None}
    return _event(attributes, data)


def _read(decoder: msgspec.json.Decoder[T], raw: bytes, what: str) -> T:
    """What the bytes hold. `what`: what they should be, for the message. Raises BadMessage."""
    try:
        raw.decode()  # msgspec does not check what it leaves undecoded
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # msgspec's messages contain positions, names and types, never values.
        why = str(error) if isinstance(error, msgspec.DecodeError) else str(error.args[-1])
        found = encoding_fault(raw)
        fault = f"is not {what} in UTF-8: {why}" if found is None else IN_ENGLISH.sentence(found)
        raise BadMessage(f"the body {fault}", kind=BadMessageClass.UNDECODABLE) from None


def _data(members: dict[str, Any]) -> bytes | None:
    """Takes the data out of the members of an envelope."""
    data, encoded = members.pop("data", None), members.pop("data_base64", None)
    if encoded is None:
        return None if data is None else bytes(data)
    if data is not None:
        raise BadMessage("data and data_base64 exclude each other", "data_base64")
    try:
        return base64.b64decode(msgspec.json.decode(encoded, type=str), validate=True)
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise BadMessage("data_base64 is not base64", "data_base64", BadMessageClass.UNDECODABLE) from None


def _value(name: str, raw: msgspec.Raw) -> str | None:
    try:
        value = _attribute.decode(raw)
    except msgspec.DecodeError:
        raise BadMessage(f"{name[:60]!r} must be text, a whole number or a boolean", name) from None
    if name in _REQUIRED and not isinstance(value, str | None):
        raise BadMessage(f"{name} must be text", name)
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _binary(headers: Mapping[str, str], body: bytes) -> HttpEvent:
    given = {name.removeprefix(_PREFIX): value for name, value in headers.items() if name.startswith(_PREFIX)}
    return _event({name: _decoded(name, value) for name, value in given.items()}, body or None)


def _decoded(name: str, value: str) -> str:
    """The value of an attribute in a header: unquoted first, if it is in double quotes, then percent-decoded."""
    if quoted := _QUOTED.fullmatch(value):
        value = _ESCAPED.sub(r"\1", quoted[1])
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise BadMessage(f"{name} is not UTF-8 in percent-encoding", name) from None


def _event(attributes: dict[str, str], data: bytes | None) -> HttpEvent:
    content_type = _media_type(attributes.pop("datacontenttype", ""))
    for name in _REQUIRED:
        if not attributes.get(name):
            raise BadMessage(f"{name} is missing", name)
    if attributes["specversion"] != SPEC_VERSION:
        raise BadMessage(f"specversion must be {SPEC_VERSION}", "specversion")
    for name in attributes:
        if not _NAME.fullmatch(name):
            raise BadMessage("names of attributes have lowercase letters and digits only", name)
    if not _is_json(content_type):
        raise BadMessage(f"the data must be {JSON}", "datacontenttype")
    return HttpEvent(attributes, data)
