"""The records of assignment-queue: everything that assignment decides on, in one order."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.engine import ProcessorContext
from lead_qualifier.messages.downstream_topics import ASSIGNMENT_QUEUE
from lead_qualifier.qualification.utc import Moment


class Qualified(Struct, frozen=True, tag="qualified"):
    """A lead qualified: what it is like now. `lead_changed_offset`: as lead-qualified has it, where it has one."""

    cause: Cause
    lead_id: str
    model_id: str
    own: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    lead_changed_offset: int | None = None


class Changed(Struct, frozen=True, tag="changed"):
    """The CRM changed a lead that had qualified: what it is like now."""

    cause: Cause
    lead_id: str
    owner_changed: bool
    own: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)


class Closed(Struct, frozen=True, tag="closed"):
    """A lead that had qualified was closed, merged or erased."""

    cause: Cause
    lead_id: str


class SellerTold(Struct, frozen=True, tag="seller"):
    """A seller changed, or left: then without `seller`."""

    cause: Cause
    seller_id: str
    seller: dict[str, Any] | None = None


class Commanded(Struct, frozen=True, tag="command"):
    """A command on a definition."""

    cause: Cause
    command: dict[str, Any]


class Tick(Struct, frozen=True, tag="tick"):
    """Those that wait are to be looked at again."""

    occurred_at: Moment


Queued = Qualified | Changed | Closed | SellerTold | Commanded | Tick

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Queued).decode

JSON = [("content-type", b"application/json")]


def enqueue(context: ProcessorContext, prefix: str, key: str, queued: Queued) -> None:
    """Put it at the end of the queue."""
    context.emit(ASSIGNMENT_QUEUE.full_name(prefix), key.encode(), encode(queued), JSON)
