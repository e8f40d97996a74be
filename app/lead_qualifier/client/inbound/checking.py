"""What a CloudEvent from outside becomes: a record for a public input, or what is wrong with it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from lead_qualifier.kafka.records import Headers, record_bytes
from lead_qualifier.messages import id_form
from lead_qualifier.messages.cloud_events import event_type
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.http_cloud_events import HttpEvent
from lead_qualifier.messages.inputs import CHECKS, key_in
from lead_qualifier.messages.nearest import Nearest
from lead_qualifier.messages.plausible_time import PlausibleTime
from lead_qualifier.messages.topics import BROKER_DEFAULT_MAX_MESSAGE_BYTES, LEAD_CHANGED, Topic
from lead_qualifier.services.topology import PUBLIC_INPUTS

TOPICS: Mapping[str, Topic] = MappingProxyType({event_type(topic.name): topic for topic in PUBLIC_INPUTS})
"""The topic of each type of event."""
LARGEST_RECORD = BROKER_DEFAULT_MAX_MESSAGE_BYTES
"""How large a record may be (bytes): what a broker takes unless it is configured otherwise."""

_types = Nearest(tuple(TOPICS))


class EventTooLarge(BadMessage):
    """The event is larger than a record may be."""


@dataclass(frozen=True, slots=True)
class InboundRecord:
    """A record to send. `value` None: it erases the lead that is its key."""

    topic: Topic
    key: bytes
    value: bytes | None
    headers: Headers = ()


class Checks:
    """Checks events as the services that read them do, at this moment. Not thread-safe."""

    def __init__(self, time_tolerance: timedelta) -> None:
        """`time_tolerance`: how far ahead of now an event may be dated."""
        self._times = PlausibleTime(time_tolerance)
        self._now_ms = time.time_ns() // 1_000_000

    def record_of(self, event: HttpEvent) -> InboundRecord:
        """The record of an event. Raises BadMessage; the field is a path in the event, such as `data.score`."""
        kind = event.attributes["type"]
        topic = TOPICS.get(kind)
        if topic is None:
            raise BadMessage(f"no input has this type: {_types.advice(kind)}", "type")
        if event.data is None:
            erases = ": an event does not erase a lead, ask for that explicitly" if topic is LEAD_CHANGED else ""
            raise BadMessage(f"data is missing{erases}", "data")
        return self.record(topic, event.data, event.record_headers, within="data")

    def record(self, topic: Topic, value: bytes, headers: Headers = (), *, within: str = "") -> InboundRecord:
        """A record with this value. `within`: the path of the value, which precedes that of a field.

        Raises BadMessage.
        """
        key = key_in(topic, value)
        try:
            self._times.check(CHECKS[topic](key, value), self._now_ms, self._now_ms)
        except BadMessage as bad:
            raise BadMessage(bad.reason, ".".join(filter(None, (within, bad.field))), bad.kind) from None
        if record_bytes(key, value, headers) > LARGEST_RECORD:
            raise EventTooLarge(f"the event is larger than a record may be ({LARGEST_RECORD} bytes)", within)
        return InboundRecord(topic, key, value, headers)


def erasure_of(lead_id: str) -> InboundRecord:
    """The record that erases a lead. Raises BadMessage for an id that is empty or in another form than required."""
    if not lead_id:
        raise BadMessage("lead_id must not be empty", "lead_id")
    if (form := id_form.required) is not None:
        form.check("lead_id", lead_id)
    return InboundRecord(LEAD_CHANGED, lead_id.encode(), None)
