"""One decision about one lead: what it is based on, and the events and counts that it leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.sequences.connections import Connection, LeadState
from lead_qualifier.sequences.outcomes import SequenceOutcome
from lead_qualifier.sequences.steps import Emit, Program


class StepDue(Struct, frozen=True):
    """A step is due at `due_ms` (milliseconds since 1970)."""

    sequence_id: str
    connection: Connection
    event_id: str
    step: Emit
    due_ms: int
    owner_id: str | None
    cause: Cause


class ConnectionChanged(Struct, frozen=True):
    """A connection has changed its state, at step `step_id` if one was begun; `reason` if the state has one."""

    sequence_id: str
    connection: Connection
    state: str
    cause: Cause
    reason: str | None = None
    step_id: str | None = None


ReadProgram = Callable[[str, int, Mapping[str, Any]], Program]
"""Returns the program of a version of a sequence, by id, version and pinned definition."""


class Decision(Struct):
    """What is decided about one lead at one time.

    `live`: the newest version of every live sequence. `events`: to be emitted, in this order. `counted`: (sequence id,
    outcome); the id is empty where no sequence is concerned.
    """

    lead_id: str
    state: LeadState
    live: Mapping[str, Program]
    read: ReadProgram
    now_ms: int
    events: list[StepDue | ConnectionChanged] = field(default_factory=list)
    counted: list[tuple[str, SequenceOutcome]] = field(default_factory=list)

    def count(self, sequence_id: str, outcome: SequenceOutcome) -> None:
        """Count an outcome."""
        self.counted.append((sequence_id, outcome))

    def program(self, sequence_id: str) -> Program:
        """The version that the lead is connected to."""
        connection = self.state.connections[sequence_id]
        return self.read(sequence_id, connection.version, connection.definition)
