"""The entries of assignment-queue: everything that assignment decides on, in one total order."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.engine import ProcessorContext
from lead_qualifier.messages.topics import ASSIGNMENT_QUEUE
from lead_qualifier.qualification.utc import Moment


class LeadQualified(Struct, frozen=True, tag="qualified"):
    """A lead qualified; `own` fields and attributes are its current ones. `lead_changed_offset`: see lead-qualified."""

    cause: Cause
    lead_id: str
    model_id: str
    own: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    lead_changed_offset: int | None = None


class LeadChanged(Struct, frozen=True, tag="changed"):
    """The CRM changed a lead that has qualified; `own` fields and attributes are its current ones."""

    cause: Cause
    lead_id: str
    owner_changed: bool
    own: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)


class LeadClosed(Struct, frozen=True, tag="closed"):
    """A lead that has qualified was closed, merged or erased."""

    cause: Cause
    lead_id: str


class SellerChanged(Struct, frozen=True, tag="seller"):
    """A seller was created or changed, or deleted: then `seller` is None."""

    cause: Cause
    seller_id: str
    seller: dict[str, Any] | None = None


class CommandIssued(Struct, frozen=True, tag="command"):
    """Somebody gave a command on a definition."""

    cause: Cause
    command: dict[str, Any]


class Tick(Struct, frozen=True, tag="tick"):
    """Waiting leads must be attempted again."""

    occurred_at: Moment


QueueEntry = LeadQualified | LeadChanged | LeadClosed | SellerChanged | CommandIssued | Tick

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(QueueEntry).decode

_HEADERS = [("content-type", b"application/json")]


def enqueue(context: ProcessorContext, prefix: str, key: str, entry: QueueEntry) -> None:
    """Append it to the queue."""
    context.emit(ASSIGNMENT_QUEUE.full_name(prefix), key.encode(), encode(entry), _HEADERS)
