"""Decodes what downstream services read: leads that were qualified or assigned, connections to sequences, activities.

Of the events of other services only what is needed is checked, whatever a newer version adds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, NotRequired

import msgspec
from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.decode import decode
from lead_qualifier.messages.durations import parse_duration
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.fields import READ_STRICTLY, Id, Timestamp
from lead_qualifier.messages.lead_flags import ChangesRead, FlagsRead
from lead_qualifier.messages.lead_messages import EventId, LeadId
from lead_qualifier.messages.reasons import fault_of_field
from lead_qualifier.messages.sequences import ActivityCompleted, SequenceConnection
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.flags import FLAG_NAMES

LONGEST_WAIT = timedelta(days=30)
"""The longest wait of a sequence, at any step."""

_connection: Callable[[bytes], SequenceConnection] = TypeAdapter(SequenceConnection).validator.validate_json
_activity: Callable[[bytes], ActivityCompleted] = TypeAdapter(ActivityCompleted).validator.validate_json


def decode_sequence_connection(key: bytes | None, value: bytes | None, headers: Any = None) -> SequenceConnection:
    """Raises BadMessage, also for a wait that is too long."""
    message = decode(_connection, "lead_id", key, value, headers)
    if (wait := message.get("wait")) is not None and parse_duration(wait) > LONGEST_WAIT:
        raise BadMessage(fault_of_field("wait", Finding("wait_too_long", most=LONGEST_WAIT.days)), "wait")
    return message


def decode_activity_completed(key: bytes | None, value: bytes | None, headers: Any = None) -> ActivityCompleted:
    """Raises BadMessage."""
    return decode(_activity, "lead_id", key, value, headers)


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


@with_config(READ_STRICTLY)
class _Owner(TypedDict):
    kind: Literal["seller", "team", "queue"]
    id: Id


@with_config(READ_STRICTLY)
class _Assigned(TypedDict):
    event_id: EventId
    lead_id: LeadId
    occurred_at: Timestamp
    owner: NotRequired[_Owner]
    owner_departed: NotRequired[str]
    lead_changed_offset: NotRequired[int]


_assigned: Callable[[bytes], _Assigned] = TypeAdapter(_Assigned).validator.validate_json


class AssignedLead(msgspec.Struct, frozen=True, gc=False):
    """What a lead-assigned record says. `owner_id` None: to nobody; `seller_id` None: not to a seller.

    `notice`: the lead stays with a seller who departed; nothing was assigned. `lead_changed_offset`: what was known of
    lead-changed when the lead qualified; None: it does not say.
    """

    lead_id: str
    event_id: str
    occurred_at: datetime
    seller_id: str | None
    owner_id: str | None
    notice: bool = False
    lead_changed_offset: int | None = None


def decode_lead_assigned(key: bytes | None, value: bytes | None, headers: Any = None) -> AssignedLead:
    """What a service behind assignment needs of lead-assigned. Raises BadMessage."""
    message = decode(_assigned, "lead_id", key, value, headers)
    owner = message.get("owner")
    seller_id = owner["id"] if owner is not None and owner["kind"] == "seller" else None
    owner_id = None if owner is None else owner["id"]
    return AssignedLead(
        message["lead_id"],
        message["event_id"],
        message["occurred_at"],
        seller_id,
        owner_id,
        "owner_departed" in message,
        message.get("lead_changed_offset"),
    )
