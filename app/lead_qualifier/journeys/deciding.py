"""Decides whether a lead enters a journey now, later or not at all. Pure.

Waiting and windows go by the wall clock, not by when events occurred.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from lead_qualifier.downstream.seen_events import SeenQualifications
from lead_qualifier.journeys.journey import Journey
from lead_qualifier.qualification.conditions import holds
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import Moment


class JourneyOutcome(StrEnum):
    """What a trigger led to at a journey: the first of these that applies."""

    LEAD_MERGED = "lead_merged"
    NOT_LIVE = "not_live"
    WINDOW_OVER = "window_over"
    CONDITIONS_NOT_MET = "conditions_not_met"
    EXCLUDED = "excluded"
    NO_CONTACT = "no_contact"
    ALREADY_ENTERED = "already_entered"
    WAITING_FOR_WINDOW = "waiting_for_window"
    WAITING_FOR_REENTRY = "waiting_for_reentry"
    REQUESTED = "requested"


class Entries(Struct, frozen=True):
    """A lead's entries into a journey."""

    number: int
    """How many times the lead has entered the journey."""
    last_ms: int
    """When it last entered, in milliseconds since 1970."""


class Waiting(Struct, frozen=True):
    """An entry that waits until it is due. Everything but its trigger is evaluated again then."""

    due_ms: int
    """When the entry is due, in milliseconds since 1970."""
    occurred_at: Moment
    """When the triggering event occurred."""
    trigger: Trigger
    """The record that triggered the entry."""

    @property
    def cause(self) -> Cause:
        """What triggered it."""
        return Cause(self.occurred_at, self.trigger)


class LeadState(SeenQualifications, omit_defaults=True, kw_only=True):
    """Everything that the journeys service holds about a lead."""

    snapshot: LeadSnapshot = field(default_factory=LeadSnapshot, name="facts")
    entries: dict[str, Entries] = field(default_factory=dict)
    """Entries so far, by journey id, across versions."""
    waiting: dict[str, Waiting] = field(default_factory=dict)
    """Entries that wait, by journey id."""


def enter(state: LeadState, journey: Journey, now_ms: int, cause: Cause, *, waited: bool = False) -> JourneyOutcome:
    """Decide a trigger, or (`waited`) an entry whose time has come. `requested`: the state counts the entry already.

    Of several triggers that have to wait, the newest is kept. One that is refused leaves an entry that waits as it is:
    that is decided when its own time has come.
    """
    if waited:
        state.waiting.pop(journey.id, None)
    outcome, due_ms = _outcome(state, journey, now_ms, waited)
    if due_ms is not None:
        state.waiting[journey.id] = Waiting(due_ms, cause.occurred_at, cause.trigger)
    if outcome is JourneyOutcome.REQUESTED:
        state.waiting.pop(journey.id, None)
        before = state.entries.get(journey.id)
        state.entries[journey.id] = Entries(1 if before is None else before.number + 1, now_ms)
    return outcome


def _outcome(state: LeadState, journey: Journey, now_ms: int, waited: bool) -> tuple[JourneyOutcome, int | None]:
    """The outcome, and until when the entry waits, if it does."""
    snapshot = state.snapshot
    if snapshot.merged:
        return JourneyOutcome.LEAD_MERGED, None
    if journey.end_ms is not None and now_ms >= journey.end_ms:
        return JourneyOutcome.WINDOW_OVER, None
    values = snapshot.values()
    if not holds(journey.when, values) or (waited and not journey.still_so(values)):
        return JourneyOutcome.CONDITIONS_NOT_MET, None
    if journey.exclude is not None and holds(journey.exclude, values):
        return JourneyOutcome.EXCLUDED, None
    if journey.contact_required and snapshot.contact_id is None:
        return JourneyOutcome.NO_CONTACT, None
    before = state.entries.get(journey.id)
    if before is not None and journey.policy == "never":
        return JourneyOutcome.ALREADY_ENTERED, None
    if journey.start_ms is not None and now_ms < journey.start_ms:
        return JourneyOutcome.WAITING_FOR_WINDOW, journey.start_ms
    if before is not None and now_ms < before.last_ms + journey.after_ms:
        due_ms = before.last_ms + journey.after_ms
        if journey.end_ms is not None and due_ms >= journey.end_ms:
            return JourneyOutcome.WINDOW_OVER, None
        return JourneyOutcome.WAITING_FOR_REENTRY, due_ms
    return JourneyOutcome.REQUESTED, None
