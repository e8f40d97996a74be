"""What is held about a lead: the sequences it is connected to, and how far it has come in each."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from lead_qualifier.downstream.repeats import repeats
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import Moment

#: So many events are remembered, so that a repeated one is known.
_REMEMBERED = 50


class Connection(Struct, omit_defaults=True, kw_only=True):
    """A lead's way through one version of a sequence, from connecting to its end.

    `definition`: the version itself, which goes on for this lead when a newer one is published. `at`: the next
    instruction of its program. `connecting`: `due_ms` ends the wait before the first step. `begun`: the instruction
    `at` has been begun, and waits for an answer or for `due_ms` (milliseconds since 1970).
    `since`: occurred_at of what connected it; `connected_by`: its event_id. `occurred_at` and `trigger`: of the record
    that last moved it on.
    `emitted`: ids of the steps given out so far; `results`: by step id, where there was one.
    """

    version: int
    number: int
    definition: dict[str, Any]
    since: Moment
    occurred_at: Moment
    trigger: Trigger
    connected_by: str = ""
    at: int = 0
    connecting: bool = False
    begun: bool = False
    due_ms: int | None = None
    replied: bool = False
    emitted: list[str] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)
    segment: str | None = None
    source: str | None = None
    owner_id: str | None = None

    @property
    def cause(self) -> Cause:
        """What it goes back to that it stands where it does."""
        return Cause(self.occurred_at, self.trigger)

    def identity(self, lead_id: str, sequence_id: str) -> tuple[str | int, ...]:
        """What no other connection has: an erased lead begins anew with the first, but by another event."""
        return (lead_id, sequence_id, self.version, self.number, self.connected_by)

    def moved_by(self, cause: Cause) -> None:
        """From now on it goes back to this."""
        self.occurred_at, self.trigger = cause.occurred_at, cause.trigger


class LeadState(Struct, omit_defaults=True, kw_only=True):
    """All that is held about a lead. `connections` and `numbers` (of connections so far) by sequence id.

    `assigned_to`: the seller of the newest assignment, until the CRM names another owner.
    """

    facts: LeadSnapshot = field(default_factory=LeadSnapshot)
    connections: dict[str, Connection] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    assigned_to: str | None = None

    def repeats(self, event_id: str) -> bool:
        """Was this event seen before? It is from now on."""
        return repeats(self.seen, event_id, _REMEMBERED)
