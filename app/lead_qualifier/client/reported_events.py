"""What the report on a qualification model takes from the events about leads, and from what is held about them."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import msgspec

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.client.leads import decode_lead
from lead_qualifier.client.model_history import CriterionStood, HeldLead, ModelHistory, Standing
from lead_qualifier.kafka.records import Record
from lead_qualifier.messages.decode import decode_sales_response
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.plausible_time import has_time
from lead_qualifier.messages.topics import LEAD_ASSIGNED, LEAD_RECYCLED, LEAD_SALES_RESPONSE, Topic
from lead_qualifier.qualification.lead_fields import OPEN, QUALIFIED
from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.merging import holds_nothing
from lead_qualifier.qualification.utc import Moment, to_microseconds


class Qualification(msgspec.Struct, frozen=True, gc=False):
    """A model qualified a lead. Times are microseconds since 1970."""

    model_id: str
    version: int
    number: int
    criteria: tuple[CriterionStood, ...]
    occurred: int
    written: int
    fast_track: bool
    known_until: int
    """Up to which offset of `lead-changed` the lead was known; -1: the event does not say."""


class ReactionKind(StrEnum):
    """What happened to a qualified lead."""

    DECIDED = "decided"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RECYCLED = "recycled"


class Reaction(msgspec.Struct, frozen=True, gc=False):
    """Assignment decided, sales answered, or flags were taken back.

    `at`: microseconds since 1970. `model_id` None: about all models. `what`: assignment's result, or the reason of a
    rejection.
    """

    kind: ReactionKind
    at: int
    model_id: str | None = None
    what: str | None = None


REACTIONS: tuple[Topic, ...] = (LEAD_ASSIGNED, LEAD_SALES_RESPONSE, LEAD_RECYCLED)
"""The topics of reactions."""


_Stored = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class QualifiedEvent(msgspec.Struct, gc=False):
    """The fields of lead-qualified that are read."""

    qualification_model_id: str
    qualification_model_version: _Stored
    qualification_number: _Stored
    occurred_at: Moment
    criteria: tuple[CriterionStood, ...]
    fast_track: bool = False
    lead_changed_offset: _Stored = -1


class AssignmentResult(msgspec.Struct, gc=False):
    """The result of an assignment."""

    name: str


class AssignedEvent(msgspec.Struct, gc=False):
    """The fields of lead-assigned that are read."""

    result: AssignmentResult
    decided_at: Moment
    owner_departed: str | None = None


class RecycledEvent(msgspec.Struct, gc=False):
    """The fields of lead-recycled that are read."""

    qualification_model_id: str
    occurred_at: Moment


_decode_qualified = msgspec.json.Decoder(QualifiedEvent).decode
_decode_assigned = msgspec.json.Decoder(AssignedEvent).decode
_decode_recycled = msgspec.json.Decoder(RecycledEvent).decode


def qualification_in(record: Record) -> Qualification | None:
    """The qualification in a record of lead-qualified; None if the record has another form."""
    event = decode_or_none(_decode_qualified, record.value)
    if event is None or record.key is None:
        return None
    occurred = to_microseconds(event.occurred_at)
    return Qualification(
        event.qualification_model_id,
        event.qualification_model_version,
        event.qualification_number,
        event.criteria,
        occurred,
        record.timestamp_ms * 1000 if has_time(record.timestamp_ms) else occurred,
        event.fast_track,
        event.lead_changed_offset,
    )


def reaction_in(topic: Topic, record: Record) -> Reaction | None:
    """What a record of one of the REACTIONS tells of; None if that is nothing that counts."""
    if topic is LEAD_ASSIGNED:
        decided = decode_or_none(_decode_assigned, record.value)
        if decided is None or decided.owner_departed is not None:
            return None
        return Reaction(ReactionKind.DECIDED, to_microseconds(decided.decided_at), what=decided.result.name)
    if topic is LEAD_RECYCLED:
        recycled = decode_or_none(_decode_recycled, record.value)
        if recycled is None:
            return None
        model_id = recycled.qualification_model_id
        return Reaction(ReactionKind.RECYCLED, to_microseconds(recycled.occurred_at), model_id)
    try:
        answer = decode_sales_response(record.key, record.value, record.headers)
    except BadMessage:
        return None  # a dead letter
    accepted = answer["response"] == "accepted"
    return Reaction(
        ReactionKind.ACCEPTED if accepted else ReactionKind.REJECTED,
        to_microseconds(answer["occurred_at"]),
        answer.get("qualification_model_id"),
        None if accepted else answer.get("reason"),
    )


def add_qualification(history: ModelHistory, lead: bytes, found: Qualification) -> None:
    """The model qualified this lead."""
    history.qualified(
        lead,
        found.version,
        found.number,
        found.criteria,
        occurred=found.occurred,
        written=found.written,
        fast_track=found.fast_track,
        known_until=found.known_until,
    )


def add_reaction(history: ModelHistory, lead: bytes, found: Reaction) -> None:
    """It happened to this lead, which a model qualified."""
    if found.kind is ReactionKind.DECIDED:
        history.decided(lead, found.at, found.what or "")
    elif found.kind is ReactionKind.RECYCLED:
        history.recycled(lead, found.at)
    else:
        history.answered(lead, found.at, accepted=found.kind is ReactionKind.ACCEPTED, reason=found.what)


def held_lead(value: bytes | None, model_id: str) -> HeldLead | None:
    """What `lead-state` holds about a lead, as far as it concerns one model; None if it cannot be read."""
    if value is None:
        return HeldLead(Standing.ERASED)
    lead = decode_or_none(decode_lead, value)
    if lead is None:
        return None
    merged_into = None if lead.merged_into is None else lead.merged_into.encode()
    if holds_nothing(lead):
        return HeldLead(Standing.ERASED, merged_into=merged_into)
    mark = lead.marks.get(model_id)
    return HeldLead(
        _standing(lead),
        changed=0 if lead.changed_at is None else to_microseconds(lead.changed_at),
        number=0 if mark is None else mark.number,
        merged_into=merged_into,
        erased_at=lead.erasure,
    )


def reported(lead: Lead) -> tuple[object, ...]:
    """All that reports take from a lead: while it stays the same, so does what they say about the lead."""
    standing = _standing(lead)
    return (
        standing,
        holds_nothing(lead),
        lead.changed_at if standing is Standing.CONVERTED else None,
        lead.merged_into,
        lead.erasure,
        {model_id: mark.number for model_id, mark in lead.marks.items()},
    )


UNREADABLE = HeldLead(Standing.OPEN, number=sys.maxsize)
"""Stands for a lead whose stored state cannot be read: it counts as open."""


def _standing(lead: Lead) -> Standing:
    if QUALIFIED in {lead.status, lead.status_reason}:
        return Standing.CONVERTED
    return Standing.OPEN if lead.status == OPEN else Standing.LOST
