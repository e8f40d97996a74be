"""A decision about one lead: what it decides on, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.sequences.connections import Connection, LeadState
from lead_qualifier.sequences.outcomes import Outcome
from lead_qualifier.sequences.steps import Emit, Program


class StepDue(Struct, frozen=True):
    """A step is to be taken, by `due_ms` (milliseconds since 1970)."""

    sequence_id: str
    connection: Connection
    event_id: str
    step: Emit
    due_ms: int
    owner_id: str | None
    cause: Cause


class Changed(Struct, frozen=True):
    """A connection is in another state, at step `step_id` if it was begun; `reason` where the state has one."""

    sequence_id: str
    connection: Connection
    state: str
    cause: Cause
    reason: str | None = None
    step_id: str | None = None


Read = Callable[[str, int, Mapping[str, Any]], Program]
"""The program of a sequence's version, by its id, version and pinned definition."""


class Decision(Struct):
    """What is decided about one lead at one time, and by what: collects what is to be told and counted.

    `live`: the newest version of every sequence that runs. `said` in the order in which it is to be told; `counted`:
    (sequence id, outcome), the id empty where there is none.
    """

    lead_id: str
    state: LeadState
    live: Mapping[str, Program]
    read: Read
    now_ms: int
    said: list[StepDue | Changed] = field(default_factory=list)
    counted: list[tuple[str, Outcome]] = field(default_factory=list)

    def count(self, sequence_id: str, outcome: Outcome) -> None:
        """Count what became of it."""
        self.counted.append((sequence_id, outcome))

    def program(self, sequence_id: str) -> Program:
        """The version that a connected lead walks through."""
        connection = self.state.connections[sequence_id]
        return self.read(sequence_id, connection.version, connection.definition)
