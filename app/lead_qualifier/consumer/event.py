"""The event that a handler receives, decoded from a binary or structured CloudEvent or from plain JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID, uuid5

import msgspec

from lead_qualifier.consumer.errors import PermanentFailure
from lead_qualifier.kafka.records import Headers, Record
from lead_qualifier.messages import id_form
from lead_qualifier.messages.cloud_events import attributes_of, data_of, event_type
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.reasons import encoding_fault, fault_of_value
from lead_qualifier.messages.topics import LEAD_CHANGED
from lead_qualifier.messages.trace_context import trace_of
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.utc import from_milliseconds

_T = TypeVar("_T")
_IDS = ("event_id", "command_id")
_TIMES = ("occurred_at", "issued_at")
_IDEMPOTENCY_KEYS = UUID("5b0e8d0e-6f0c-5a53-8a0e-0c7b1d0a4f2e")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event, decoded from one record."""

    topic: str
    """Without the installation's prefix."""
    key: str
    """The record's key, usually the lead's id; empty if the record has none."""
    event_id: str
    """`ce_id`, or else `event_id` or `command_id` of the data, or else (as for a tombstone) topic/partition/offset."""
    source: str
    """`ce_source`: who emitted the event; empty if the record does not say."""
    type: str
    """`ce_type`, or else the type that events of this topic have."""
    time: datetime
    """When the event occurred: `ce_time`, or else `occurred_at` of the data, or else when the record was written."""
    data: dict[str, Any]
    """The JSON object; empty for a tombstone."""
    tombstone: bool
    """Whether the record has no value: the lead (or other object) that the key names was erased."""
    partition: int
    offset: int
    headers: tuple[tuple[str, bytes | None], ...]
    raw_key: bytes | None = None
    raw_value: bytes | None = None
    """Key and value, byte for byte as received: with topic, partition and offset they are evidence. In structured mode
    the value is the whole CloudEvent.
    """
    attempt: int = 1
    """1 for the first attempt that this process makes to handle the event, 2 for the second, and so on."""

    @property
    def identity(self) -> str:
        """Topic, source, key and event_id as a JSON array. Together they identify the event.

        The id alone does not, because some scoring engines number the events of each lead.
        """
        return json.dumps((self.topic, self.source, self.key, self.event_id))

    @property
    def idempotency_key(self) -> str:
        """A UUID (version 5) of the identity, for systems that expect an idempotency key with each request."""
        return str(uuid5(_IDEMPOTENCY_KEYS, self.identity))

    @property
    def lead_id(self) -> str:
        """The lead that the event is about: `lead_id` of the data, or else the key."""
        found = self.data.get("lead_id")
        return found if isinstance(found, str) else self.key

    @property
    def trace(self) -> dict[str, str]:
        """The headers `traceparent` and `tracestate` (W3C Trace Context) for requests that follow from the event; empty
        if it belongs to no trace.
        """
        return {name: content.decode() for name, content in trace_of(self.raw_value, self.headers)}

    def read(self, form: Callable[..., _T]) -> _T:
        """The data as a dataclass, TypedDict or msgspec Struct that you pass. Raises PermanentFailure if it does not
        match.
        """
        try:
            return cast("_T", msgspec.convert(self.data, cast("Any", form), strict=False))
        except msgspec.ValidationError as error:
            raise PermanentFailure(f"the data does not match {getattr(form, '__name__', form)}: {error}") from None


def decode(record: Record, *, topic_prefix: str = "", attempt: int = 1) -> Event:
    """The event in a record. Raises BadMessage; its reason is for a person to read."""
    if record.unreadable is not None:
        raise BadMessage(record.unreadable)
    topic = record.topic.removeprefix(topic_prefix)
    key = _key(record)
    data = _data(record.value, record.headers)
    attributes = attributes_of(record.value, record.headers)
    if (form := id_form.required) is not None:
        form.check_all({"lead_id": key} if record.value is None and topic == LEAD_CHANGED.name else data)
    event_id = attributes.id or _text(data, _IDS) or f"{topic}/{record.partition}/{record.offset}"
    return Event(
        topic=topic,
        key=key,
        event_id=event_id,
        source=attributes.source,
        type=attributes.type or event_type(topic),
        time=_time(attributes.time or _text(data, _TIMES), record.timestamp_ms),
        data=data,
        tombstone=record.value is None,
        partition=record.partition,
        offset=record.offset,
        headers=tuple(record.headers),
        raw_key=record.key,
        raw_value=record.value,
        attempt=attempt,
    )


def _key(record: Record) -> str:
    try:
        return (record.key or b"").decode()
    except UnicodeDecodeError as error:
        raise BadMessage(Finding("key_not_utf_8", byte=error.start)) from None


def _data(value: bytes | None, headers: Headers) -> dict[str, Any]:
    if value is None:
        return {}
    try:
        data = msgspec.json.decode(data_of(value, headers))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        fault = encoding_fault(value) or Finding("not_json_in_utf_8", reason=str(error))
        raise BadMessage(fault_of_value(fault)) from None
    if not isinstance(data, dict):
        raise BadMessage(Finding("value_no_object"))
    return data


def _text(data: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((found for name in names if isinstance(found := data.get(name), str) and found), "")


def _time(text: str, timestamp_ms: int) -> datetime:
    if text:
        try:
            time = msgspec.convert(text, datetime)
        except msgspec.ValidationError:
            raise BadMessage(Finding("time_not_rfc_3339")) from None
        if time.tzinfo is None:
            raise BadMessage(Finding("time_without_zone"))
        return time
    return from_milliseconds(max(0, timestamp_ms))
