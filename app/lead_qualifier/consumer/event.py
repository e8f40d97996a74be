"""An event as a handler gets it: decoded from binary or structured CloudEvents or plain JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID, uuid5

import msgspec

from lead_qualifier.consumer.retry import Permanent
from lead_qualifier.kafka.records import Headers, Original
from lead_qualifier.messages.cloud_events import attributes_of, data_of, event_type, labelled
from lead_qualifier.messages.reasons import BadMessage, encoding_fault
from lead_qualifier.qualification.utc import from_milliseconds

_T = TypeVar("_T")
_IDS = ("event_id", "command_id")
_TIMES = ("occurred_at", "issued_at")
_IDEMPOTENCY_KEYS = UUID("5b0e8d0e-6f0c-5a53-8a0e-0c7b1d0a4f2e")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, of one record."""

    topic: str
    """Without the installation's prefix."""
    key: str
    """The record's key, for our events mostly the lead's id; empty without one."""
    event_id: str
    """`ce_id`, else `event_id` or `command_id` of the data, else (such as a tombstone) topic/partition/offset."""
    source: str
    """`ce_source`: who emitted it; empty if the record does not say."""
    type: str
    """`ce_type`, else what our events of this topic have."""
    time: datetime
    """When it occurred: `ce_time`, else `occurred_at` of the data, else when the record was written."""
    data: dict[str, Any]
    """The JSON object; empty for a tombstone."""
    tombstone: bool
    """The record has no value: what its key names was erased."""
    partition: int
    offset: int
    headers: tuple[tuple[str, bytes | None], ...]
    raw_key: bytes | None = None
    raw_value: bytes | None = None
    """Key and value as they came, byte for byte: with topic, partition and offset they are evidence. In structured mode
    the value is the whole CloudEvent.
    """
    attempt: int = 1
    """How manieth time it is tried, by this consumer since it started."""

    @property
    def identity(self) -> str:
        """What tells it from every other event: topic, source, key and event_id, as a JSON array.

        The id alone does not: some engines number the events of each lead.
        """
        return json.dumps((self.topic, self.source, self.key, self.event_id))

    @property
    def idempotency_key(self) -> str:
        """A UUID (version 5) of the identity: give it to systems that ask for a key of each request."""
        return str(uuid5(_IDEMPOTENCY_KEYS, self.identity))

    @property
    def lead_id(self) -> str:
        """The lead it is about: `lead_id` of the data, else the key."""
        found = self.data.get("lead_id")
        return found if isinstance(found, str) else self.key

    def read(self, form: Callable[..., _T]) -> _T:
        """The data as a dataclass, TypedDict or msgspec Struct of yours. Raises Permanent where it does not fit."""
        try:
            return cast("_T", msgspec.convert(self.data, cast("Any", form), strict=False))
        except msgspec.ValidationError as error:
            raise Permanent(f"the data is not as {getattr(form, '__name__', form)} wants it: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A record as it came. Everything about it is the broker's word."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    unreadable: str | None = None
    """Why it is no event, whatever its bytes say."""


def decode(record: Arrival, *, topic_prefix: str = "", attempt: int = 1) -> Event:
    """The event of a record. Raises BadMessage, with a reason for a person."""
    if record.unreadable is not None:
        raise BadMessage(record.unreadable)
    topic = record.topic.removeprefix(topic_prefix)
    key = _key(record)
    headers = labelled(record.value, record.headers)
    data = _data(record.value, headers)
    attributes = attributes_of(record.value, headers)
    place = f"{topic}/{record.partition}/{record.offset}"
    event_id = attributes.id or _text(data, _IDS) or place
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


def _key(record: Original) -> str:
    try:
        return (record.key or b"").decode()
    except UnicodeDecodeError as error:
        raise BadMessage(f"the key is not UTF-8 (byte {error.start})") from None


def _data(value: bytes | None, headers: Headers) -> dict[str, Any]:
    if value is None:
        return {}
    try:
        data = msgspec.json.decode(data_of(value, headers))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(f"the value {encoding_fault(value) or f'is not JSON in UTF-8: {error}'}") from None
    if not isinstance(data, dict):
        raise BadMessage("the value must be a JSON object")
    return data


def _text(data: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((found for name in names if isinstance(found := data.get(name), str) and found), "")


def _time(text: str, timestamp_ms: int) -> datetime:
    if text:
        try:
            time = msgspec.convert(text, datetime)
        except msgspec.ValidationError:
            raise BadMessage("its time must be RFC 3339 with zone, such as 2026-11-23T09:30:00Z") from None
        if time.tzinfo is None:
            raise BadMessage("its time has no zone: end it with Z or an offset such as +01:00")
        return time
    return from_milliseconds(max(0, timestamp_ms))
