"""W3C Trace Context of a record: what an output carries on from the record that it follows from.

https://www.w3.org/TR/trace-context/ and https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/distributed-tracing.md
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from lead_qualifier.messages.cloud_events import Header, envelope_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lead_qualifier.qualification.leads import Trigger

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
#: Version ff does not exist, and neither does a trace or a span of zeros. Later versions may have more behind.
_VALID = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]*)?", re.ASCII
)
_VERSION_0_LENGTH = 55
_LONGEST = 512
#: As a Kafka header, and as the attribute of a CloudEvent in binary mode.
_NAMES = {
    TRACEPARENT: (0, TRACEPARENT),
    TRACESTATE: (0, TRACESTATE),
    "ce_traceparent": (1, TRACEPARENT),
    "ce_tracestate": (1, TRACESTATE),
}
#: Whether none of these names is one of them.
_IS_NONE = _NAMES.keys().isdisjoint
_NAME = itemgetter(0)
_IN_ENVELOPE = b'"traceparent"'


class _Attributes(msgspec.Struct):
    """The extension's attributes in an envelope."""

    traceparent: str = ""
    tracestate: str = ""


_attributes = msgspec.json.Decoder(_Attributes)


def trace_of(value: bytes | None, record_headers: Sequence[tuple[str, bytes | None]]) -> list[Header]:
    """The headers `traceparent` and `tracestate` for what follows from a record; empty if it has no valid trace.

    The record's own headers count first, then the attributes of the CloudEvent that it is, in binary or structured
    mode. What breaks the specification is dropped.
    """
    if _IS_NONE(map(_NAME, record_headers)) and (value is None or _IN_ENVELOPE not in value):
        return []  # nearly all records
    found: dict[tuple[int, str], bytes] = {}
    for name, content in record_headers:
        if (place := _NAMES.get(name)) is not None and content is not None:
            if name != TRACESTATE or place not in found:
                found[place] = content
            elif len(found[place]) <= _LONGEST:  # it may be in several headers; what is too long is dropped anyway
                found[place] += b"," + content
    for source in (0, 1):
        if trace := _headers({name: content for (at, name), content in found.items() if at == source}):
            return trace
    if value is None or envelope_type(value, record_headers) is None:
        return []
    try:
        attributes = _attributes.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return _headers({TRACEPARENT: attributes.traceparent.encode(), TRACESTATE: attributes.tracestate.encode()})


def remember_trace(trigger: Trigger, trace: Sequence[tuple[str, bytes | None]]) -> Trigger:
    """The trigger with the trace of these headers, for a state to remember."""
    if not trace:
        return trigger
    return replace(trigger, **{name: content.decode() for name, content in trace if content is not None})


def remembered_trace(trigger: Trigger) -> list[Header]:
    """The headers of the trace that a trigger remembers."""
    if trigger.traceparent is None:
        return []
    headers = [(TRACEPARENT, trigger.traceparent.encode())]
    if trigger.tracestate is not None:
        headers.append((TRACESTATE, trigger.tracestate.encode()))
    return headers


def _headers(found: Mapping[str, bytes]) -> list[Header]:
    parent = found.get(TRACEPARENT, b"")
    if len(parent) > _LONGEST or _VALID.fullmatch(parent) is None:
        return []
    if parent.startswith(b"00") and len(parent) != _VERSION_0_LENGTH:
        return []
    state = found.get(TRACESTATE, b"")
    if not state or len(state) > _LONGEST or not all(0x20 <= byte <= 0x7E or byte == 0x09 for byte in state):
        return [(TRACEPARENT, parent)]
    return [(TRACEPARENT, parent), (TRACESTATE, state)]
