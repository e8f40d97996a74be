"""What leads do that concerns assignment: followed per lead, and put in its queue."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import field
from msgspec.structs import replace

from lead_qualifier.assignment.queue import Changed, Closed, Qualified, enqueue
from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.lead_follower import LeadEvent, LeadFollower, cause_of, now_of
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from lead_qualifier.downstream.repeats import KnownQualifications
from lead_qualifier.engine import ProcessorContext, Record, Rejected
from lead_qualifier.messages.topics import LEAD_CHANGED


class FollowedLead(KnownQualifications, omit_defaults=True):
    """What is known about a lead before assignment decides on it."""

    facts: LeadSnapshot = field(default_factory=LeadSnapshot)
    queued: bool = False
    """Whether the lead has qualified and has not been closed since."""


encode_followed = msgspec.json.Encoder().encode
decode_followed = msgspec.json.Decoder(FollowedLead).decode


class Intake(LeadFollower[FollowedLead]):
    """The processor of `assignment-intake`."""

    def begin(self) -> int:
        """It follows whatever comes."""
        return 0

    def new(self) -> FollowedLead:
        """A lead of which nothing is held."""
        return FollowedLead()

    def happened(self, key: bytes, state: FollowedLead, what: LeadEvent, context: ProcessorContext) -> None:
        """A qualification comes into the queue, and what happens to the lead after that."""
        lead_id, facts = key.decode(), state.facts
        if what.qualified is not None:
            if facts.open:
                state.queued = True
                qualified = what.qualified
                told = Qualified(what.cause, lead_id, qualified.model_id, *_like(facts), qualified.lead_changed_offset)
                enqueue(context, self._prefix, lead_id, told)
        elif state.queued and (what.changed.fields or what.changed.attributes):
            if facts.open:
                owner_changed = "owner_id" in what.changed.fields
                enqueue(context, self._prefix, lead_id, Changed(what.cause, lead_id, owner_changed, *_like(facts)))
            else:
                self._close(key, state, what.cause, context)

    def merged(self, key: bytes, state: FollowedLead, cause: Cause, context: ProcessorContext) -> None:
        """It is closed."""
        if state.queued:
            self._close(key, state, cause, context)

    def erasing(self, key: bytes, record: Record, context: ProcessorContext) -> None:
        """Nothing of it may remain in what the queue has led to."""
        try:
            state: FollowedLead | None = context.get(key)
        except Rejected:
            state = FollowedLead(queued=True)  # perhaps: what is held cannot be read, and none of it may remain
        if state is not None and state.queued:
            place = f"{LEAD_CHANGED.name}/{record.partition}/{record.offset}"
            self._close(key, state, cause_of(LEAD_CHANGED, record, place, now_of(context)), context)

    def _close(self, key: bytes, state: FollowedLead, cause: Cause, context: ProcessorContext) -> None:
        state.queued = False
        enqueue(context, self._prefix, key.decode(), Closed(cause, key.decode()))


def is_gone(followed: FollowedLead) -> bool:
    """Is nothing known of a lead but that it was erased?"""
    facts = followed.facts
    return facts.erased is not None and replace(followed, facts=replace(facts, erased=None)) == FollowedLead()


def _like(facts: LeadSnapshot) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the lead is like now: its own fields, and its attributes."""
    values = facts.values()
    return dict(values.own), dict(values.attributes)
