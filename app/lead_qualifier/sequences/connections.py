"""The state of a lead: the sequences it is connected to, and how far it has come in each."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from lead_qualifier.downstream.seen_events import seen_before
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import Moment

#: How many events are remembered to recognise repeated ones.
_REMEMBERED = 50


class Connection(Struct, omit_defaults=True, kw_only=True):
    """A lead's progress through one version of a sequence."""

    version: int
    """The published version that the lead is connected to."""
    number: int
    """How many times the lead has been connected to the sequence: 1 for the first."""
    definition: dict[str, Any]
    """That version's definition, which stays in force for this lead when a newer one is published."""
    since: Moment
    """`occurred_at` of the event that connected the lead."""
    occurred_at: Moment
    """When the event that last moved the lead on occurred."""
    trigger: Trigger
    """The record that last moved the lead on."""
    connected_by: str = ""
    """`event_id` of the event that connected the lead. Older versions did not write this."""
    at: int = 0
    """Index of the next instruction of the sequence's program: its steps, numbered through."""
    connecting: bool = False
    """Whether the lead waits for the first step, until `due_ms`."""
    begun: bool = False
    """Whether the instruction has begun and waits for an answer, or until `due_ms`."""
    due_ms: int | None = None
    """When the wait is over, in milliseconds since 1970."""
    replied: bool = False
    """Whether the lead has replied."""
    emitted: list[str] = field(default_factory=list)
    """Ids of the steps emitted so far."""
    results: dict[str, str] = field(default_factory=dict)
    """The newest result of each step, by step id."""
    segment: str | None = None
    """The segment that the lead came from."""
    source: str | None = None
    """Who or what connected the lead."""
    owner_id: str | None = None
    """Who takes the steps. Absent: the lead's seller or owner."""

    @property
    def cause(self) -> Cause:
        """What last moved it on."""
        return Cause(self.occurred_at, self.trigger)

    def identity(self, lead_id: str, sequence_id: str) -> tuple[str | int, ...]:
        """Identifies the connection: numbers restart when a lead is erased, but the event that connects it differs."""
        return (lead_id, sequence_id, self.version, self.number, self.connected_by)

    def moved_by(self, cause: Cause) -> None:
        """This moved it on."""
        self.occurred_at, self.trigger = cause.occurred_at, cause.trigger


class LeadState(Struct, omit_defaults=True, kw_only=True):
    """Everything that the sequences service holds about a lead."""

    snapshot: LeadSnapshot = field(default_factory=LeadSnapshot, name="facts")
    connections: dict[str, Connection] = field(default_factory=dict)
    """Sequences that the lead is connected to, by sequence id."""
    numbers: dict[str, int] = field(default_factory=dict)
    """How many times the lead has been connected so far, by sequence id."""
    seen: list[str] = field(default_factory=list)
    """`event_id` of the last events: a repeated one is ignored."""
    assigned_to: str | None = None
    """The seller of the newest assignment, until the CRM names another owner."""

    def seen_before(self, event_id: str) -> bool:
        """Was this event read before? It counts as read from now on."""
        return seen_before(self.seen, event_id, _REMEMBERED)
