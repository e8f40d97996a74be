"""Does a lead enter a journey now, later or not: pure.

Entries and windows are a matter of waiting, so they go by the wall clock; what occurred when plays no part.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.conditions import holds
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from lead_qualifier.downstream.repeats import KnownQualifications
from lead_qualifier.journeys.journey import Journey
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import Moment


class Outcome(StrEnum):
    """What became of a trigger at a journey. The first that applies, in this order."""

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


class LeadState(KnownQualifications, omit_defaults=True, kw_only=True):
    """Everything that the journeys service holds about a lead."""

    facts: LeadSnapshot = field(default_factory=LeadSnapshot)
    entries: dict[str, Entries] = field(default_factory=dict)
    """Entries so far, by journey id, across versions."""
    waiting: dict[str, Waiting] = field(default_factory=dict)
    """Entries that wait, by journey id."""


def enter(state: LeadState, journey: Journey, now_ms: int, cause: Cause, *, waited: bool = False) -> Outcome:
    """Decide a trigger, or (`waited`) an entry whose time has come. `requested`: the state counts the entry already.

    Of several triggers that have to wait, the newest is kept. One that is refused leaves an entry that waits as it is:
    that is decided when its own time has come.
    """
    if waited:
        state.waiting.pop(journey.id, None)
    outcome, due_ms = _judge(state, journey, now_ms, waited)
    if due_ms is not None:
        state.waiting[journey.id] = Waiting(due_ms, cause.occurred_at, cause.trigger)
    if outcome is Outcome.REQUESTED:
        state.waiting.pop(journey.id, None)
        before = state.entries.get(journey.id)
        state.entries[journey.id] = Entries(1 if before is None else before.number + 1, now_ms)
    return outcome


def _judge(state: LeadState, journey: Journey, now_ms: int, waited: bool) -> tuple[Outcome, int | None]:
    """The outcome, and until when the entry waits, if it does."""
    facts = state.facts
    if facts.merged:
        return Outcome.LEAD_MERGED, None
    if journey.end_ms is not None and now_ms >= journey.end_ms:
        return Outcome.WINDOW_OVER, None
    values = facts.values()
    if not holds(journey.when, values) or (waited and not journey.still_so(values)):
        return Outcome.CONDITIONS_NOT_MET, None
    if journey.exclude is not None and holds(journey.exclude, values):
        return Outcome.EXCLUDED, None
    if journey.contact_required and facts.contact_id is None:
        return Outcome.NO_CONTACT, None
    before = state.entries.get(journey.id)
    if before is not None and journey.policy == "never":
        return Outcome.ALREADY_ENTERED, None
    if journey.start_ms is not None and now_ms < journey.start_ms:
        return Outcome.WAITING_FOR_WINDOW, journey.start_ms
    if before is not None and now_ms < before.last_ms + journey.after_ms:
        due_ms = before.last_ms + journey.after_ms
        if journey.end_ms is not None and due_ms >= journey.end_ms:
            return Outcome.WINDOW_OVER, None
        return Outcome.WAITING_FOR_REENTRY, due_ms
    return Outcome.REQUESTED, None
