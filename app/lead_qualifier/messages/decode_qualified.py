"""Decodes lead-qualified for the downstream services: only what they need, whatever a newer worker adds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NotRequired

import msgspec
from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.decode import decode
from lead_qualifier.messages.fields import READ_STRICTLY, Id, Timestamp
from lead_qualifier.messages.lead_flags import ChangesRead, FlagsRead
from lead_qualifier.messages.lead_messages import EventId, LeadId
from lead_qualifier.qualification.flags import FLAG_NAMES


@with_config(READ_STRICTLY)
class _Lead(FlagsRead):
    owner_id: NotRequired[Id]
    changed_at: NotRequired[Timestamp]


@with_config(READ_STRICTLY)
class _Qualified(TypedDict):
    event_id: EventId
    lead_id: LeadId
    contact_id: NotRequired[Id]
    qualification_model_id: Id
    changes: ChangesRead
    lead: _Lead
    occurred_at: Timestamp
    lead_changed_offset: NotRequired[int]


class QualifiedLead(msgspec.Struct, frozen=True, gc=False):
    """What a lead-qualified record says. `changes`: by field, `{"from": before, "to": after}`.

    `left`: flags as it left them. `known_at`: occurred_at of the newest lead-changed that the worker knew.
    `lead_changed_offset`: all of lead-changed before it was known; None: an older version wrote it.
    """

    lead_id: str
    event_id: str
    model_id: str
    changes: dict[str, Any]
    occurred_at: datetime
    owner_id: str | None = None
    contact_id: str | None = None
    left: dict[str, Any] = {}
    known_at: datetime | None = None
    lead_changed_offset: int | None = None


_qualified: Callable[[bytes], _Qualified] = TypeAdapter(_Qualified).validator.validate_json


def decode_lead_qualified(key: bytes | None, value: bytes | None, headers: Any = None) -> QualifiedLead:
    """Raises BadMessage."""
    message = decode(_qualified, "lead_id", key, value, headers)
    return QualifiedLead(
        message["lead_id"],
        message["event_id"],
        message["qualification_model_id"],
        dict(message["changes"]),
        message["occurred_at"],
        message["lead"].get("owner_id"),
        message.get("contact_id"),
        {name: value for name, value in message["lead"].items() if name in FLAG_NAMES},
        message["lead"].get("changed_at"),
        message.get("lead_changed_offset"),
    )
