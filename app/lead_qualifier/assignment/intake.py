"""The application assignment-intake: follows each lead and appends what concerns assignment to its queue."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import field
from msgspec.structs import replace

from lead_qualifier.assignment.queue import LeadChanged, LeadClosed, LeadQualified, enqueue
from lead_qualifier.downstream.cause import Cause, cause_of
from lead_qualifier.downstream.lead_follower import LeadEvent, LeadFollower, now_of
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from lead_qualifier.downstream.repeats import KnownQualifications
from lead_qualifier.engine import ProcessorContext, Record, Rejected
from lead_qualifier.messages.topics import LEAD_CHANGED


class FollowedLead(KnownQualifications, omit_defaults=True):
    """What is known about a lead before assignment decides on it.

    `queued`: it has qualified, and has not been closed since.
    """

    facts: LeadSnapshot = field(default_factory=LeadSnapshot)
    queued: bool = False
    """Whether the lead has qualified and has not been closed since."""


encode_followed = msgspec.json.Encoder().encode
decode_followed = msgspec.json.Decoder(FollowedLead).decode


class LeadIntake(LeadFollower[FollowedLead]):
    """Appends to the queue what happens to leads from their qualification until they are closed."""

    def begin(self) -> int:
        """There are no rules to wait for."""
        return 0

    def new(self) -> FollowedLead:
        """The state of a lead that is not stored yet."""
        return FollowedLead()

    def happened(self, key: bytes, state: FollowedLead, what: LeadEvent, context: ProcessorContext) -> None:
        """Append a qualification, and changes after one."""
        lead_id, facts = key.decode(), state.facts
        if what.qualified is not None:
            if facts.open:
                state.queued = True
                model_id, offset = what.qualified.model_id, what.qualified.lead_changed_offset
                entry = LeadQualified(what.cause, lead_id, model_id, *_values(facts), offset)
                enqueue(context, self._prefix, lead_id, entry)
        elif state.queued and (what.changed.fields or what.changed.attributes):
            if facts.open:
                owner_changed = "owner_id" in what.changed.fields
                enqueue(
                    context, self._prefix, lead_id, LeadChanged(what.cause, lead_id, owner_changed, *_values(facts))
                )
            else:
                self._close(key, state, what.cause, context)

    def merged(self, key: bytes, state: FollowedLead, cause: Cause, context: ProcessorContext) -> None:
        """The lead is closed."""
        if state.queued:
            self._close(key, state, cause, context)

    def erasing(self, key: bytes, record: Record, context: ProcessorContext) -> None:
        """Close it, so that no trace remains in the state of `assignment` either."""
        try:
            state: FollowedLead | None = context.get(key)
        except Rejected:
            state = FollowedLead(queued=True)  # it may be: its state is unreadable, and no trace may remain
        if state is not None and state.queued:
            origin = f"{LEAD_CHANGED.name}/{record.partition}/{record.offset}"
            self._close(key, state, cause_of(LEAD_CHANGED, record, origin, now_of(context)), context)

    def _close(self, key: bytes, state: FollowedLead, cause: Cause, context: ProcessorContext) -> None:
        state.queued = False
        enqueue(context, self._prefix, key.decode(), LeadClosed(cause, key.decode()))


def is_gone(followed: FollowedLead) -> bool:
    """Is nothing stored about the lead except that it was erased?"""
    facts = followed.facts
    return facts.erased is not None and replace(followed, facts=replace(facts, erased=None)) == FollowedLead()


def _values(facts: LeadSnapshot) -> tuple[dict[str, Any], dict[str, Any]]:
    """The lead's current fields and attributes."""
    values = facts.values()
    return dict(values.own), dict(values.attributes)
