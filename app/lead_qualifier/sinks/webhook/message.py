"""An event as an HTTP request: a CloudEvent in binary or structured mode, with its signature.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from lead_qualifier.consumer import Event
from lead_qualifier.messages.cloud_events import SPEC_VERSION, event_type
from lead_qualifier.sinks.signing import signature

Mode = Literal["binary", "structured"]

_JSON = "application/json"
_UNCHANGED = frozenset(chr(code) for code in range(0x21, 0x7F)) - {'"', "%"}


def encoded(text: str) -> str:
    """A value for a header: all but printable ASCII is percent-encoded, as CloudEvents require."""
    return "".join(one if one in _UNCHANGED else _percent(one) for one in text)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))


def message(event: Event, mode: Mode, *, source: str) -> tuple[dict[str, str], bytes]:
    """Headers and body. `source` is for events that do not name theirs.

    A record without a value, which erases a lead, has no data: the subject names the lead. In binary mode its body is
    the JSON text null, because receivers that verify signatures parse every body. The request belongs to the event's
    trace.
    """
    headers: dict[str, str] = {"Idempotency-Key": event.idempotency_key, **event.trace}
    attributes = _attributes(event, source)
    if mode == "structured":
        envelope: dict[str, Any] = dict(attributes)
        if not event.tombstone:
            envelope |= {"datacontenttype": _JSON, "data": event.data}
        headers["Content-Type"] = "application/cloudevents+json; charset=utf-8"
        return headers, msgspec.json.encode(envelope)
    headers |= {f"ce-{name}": encoded(value) for name, value in attributes.items()}
    headers["Content-Type"] = _JSON
    return headers, msgspec.json.encode(None if event.tombstone else event.data)


def ping(now: datetime, mode: Mode, *, source: str) -> tuple[dict[str, str], bytes]:
    """A request that only tests the connection; its type is lead-qualifier.ping."""
    moment = msgspec.json.encode(now)[1:-1].decode()
    event = Event(
        topic="ping",
        key="ping",
        event_id=f"ping-{moment}",
        source="",
        type=event_type("ping"),
        time=now,
        data={"message": "connection test"},
        tombstone=False,
        partition=0,
        offset=0,
        headers=(),
    )
    return message(event, mode, source=source)


def signed(headers: dict[str, str], body: bytes, keys: Sequence[bytes], now: datetime) -> dict[str, str]:
    """The headers with a new signature: receivers refuse old ones."""
    message_id = headers["Idempotency-Key"]
    return headers | {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(keys, message_id, now, body),
    }


def _attributes(event: Event, source: str) -> dict[str, str]:
    attributes = {
        "specversion": SPEC_VERSION,
        "id": event.event_id,
        "source": event.source or source,
        "type": event.type,
        "time": msgspec.json.encode(event.time)[1:-1].decode(),
    }
    if event.key:
        attributes["subject"] = event.key
    return attributes
