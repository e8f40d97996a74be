"""The application assignment-intake: follows each lead and appends what concerns assignment to its queue."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import field
from msgspec.structs import replace
from typing_extensions import override

from lead_qualifier.assignment.queue import LeadChanged, LeadClosed, LeadQualified, enqueue
from lead_qualifier.downstream.cause import Cause, cause_of
from lead_qualifier.downstream.lead_follower import LeadEvent, LeadFollower, now_of
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from lead_qualifier.downstream.seen_events import SeenQualifications
from lead_qualifier.engine import ProcessorContext, Record, Rejected
from lead_qualifier.messages.topics import LEAD_CHANGED


class FollowedLead(SeenQualifications, omit_defaults=True):
    """What is known about a lead before assignment decides on it."""

    snapshot: LeadSnapshot = field(default_factory=LeadSnapshot, name="facts")
    queued: bool = False
    """Whether the lead has qualified and has not been closed since."""


encode_followed = msgspec.json.Encoder().encode
decode_followed = msgspec.json.Decoder(FollowedLead).decode


class LeadIntake(LeadFollower[FollowedLead]):
    """Appends to the queue what happens to leads from their qualification until they are closed."""

    @override
    def new_state(self) -> FollowedLead:
        """The state of a lead that is not stored yet."""
        return FollowedLead()

    @override
    def on_event(self, key: bytes, state: FollowedLead, event: LeadEvent, context: ProcessorContext) -> None:
        """Append a qualification, and changes after one."""
        lead_id, snapshot = key.decode(), state.snapshot
        if event.qualified is not None:
            if snapshot.open:
                state.queued = True
                model_id, offset = event.qualified.model_id, event.qualified.lead_changed_offset
                entry = LeadQualified(event.cause, lead_id, model_id, *_values(snapshot), offset)
                enqueue(context, self._prefix, lead_id, entry)
        elif state.queued and (event.changed.fields or event.changed.attributes):
            if snapshot.open:
                owner_changed = "owner_id" in event.changed.fields
                enqueue(
                    context, self._prefix, lead_id, LeadChanged(event.cause, lead_id, owner_changed, *_values(snapshot))
                )
            else:
                self._close(key, state, event.cause, context)

    @override
    def on_merged(self, key: bytes, state: FollowedLead, cause: Cause, context: ProcessorContext) -> None:
        """The lead is closed."""
        if state.queued:
            self._close(key, state, cause, context)

    @override
    def before_erasure(self, key: bytes, record: Record, context: ProcessorContext) -> None:
        """Close it, so that no trace remains in the state of `assignment` either."""
        try:
            state: FollowedLead | None = context.get(key)
        except Rejected:
            state = FollowedLead(queued=True)  # it may be: its state is unreadable, and no trace may remain
        if state is not None and state.queued:
            origin = f"{LEAD_CHANGED.name}/{record.partition}/{record.offset}"
            self._close(key, state, cause_of(LEAD_CHANGED, record, origin, now_of(context), context), context)

    def _close(self, key: bytes, state: FollowedLead, cause: Cause, context: ProcessorContext) -> None:
        state.queued = False
        enqueue(context, self._prefix, key.decode(), LeadClosed(cause, key.decode()))


def is_gone(followed: FollowedLead) -> bool:
    """Is nothing stored about the lead except that it was erased?"""
    snapshot = followed.snapshot
    return snapshot.erased is not None and replace(followed, snapshot=replace(snapshot, erased=None)) == FollowedLead()


def _values(snapshot: LeadSnapshot) -> tuple[dict[str, Any], dict[str, Any]]:
    """The lead's current fields and attributes."""
    values = snapshot.values()
    return dict(values.own), dict(values.attributes)
