"""One decision about one lead: moves the lead through its sequences, step by step. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from msgspec import Struct, field

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.event_ids import event_id
from lead_qualifier.messages.lead_qualified import trigger_of
from lead_qualifier.messages.sequences import SequenceChanged, SequenceStepDue
from lead_qualifier.messages.topics import SEQUENCE_CHANGED, SEQUENCE_STEP_DUE, Topic
from lead_qualifier.qualification.conditions import holds
from lead_qualifier.qualification.utc import from_milliseconds
from lead_qualifier.sequences.connections import Connection, LeadState
from lead_qualifier.sequences.outcomes import SequenceOutcome
from lead_qualifier.sequences.steps import ANSWERED, Advance, Branch, Emit, Jump, Program, Wait

ReadProgram = Callable[[str, int, Mapping[str, Any]], Program]
"""Returns the program of a version of a sequence, by id, version and pinned definition."""

#: How a connection ends: its last state, and the reason if the state has one.
_ENDS = {
    SequenceOutcome.COMPLETED: ("completed", None),
    SequenceOutcome.USER: ("disconnected", "user"),
    SequenceOutcome.ADVANCED: ("disconnected", "advanced"),
    SequenceOutcome.PARENT_DEACTIVATED: ("disconnected", "parent_deactivated"),
    SequenceOutcome.LEAD_DEACTIVATED: ("disconnected", "lead_deactivated"),
    SequenceOutcome.EXIT_CRITERION_MET: ("disconnected", "exit_criterion_met"),
    SequenceOutcome.ERROR: ("error", "advance_target_not_live"),
}


class Decision(Struct):
    """What is decided about one lead at one time.

    `live`: the newest version of every live sequence. `events`: to be emitted, in this order, each with its topic.
    `counted`: (sequence id, outcome); the id is empty where no sequence is concerned.
    """

    lead_id: str
    state: LeadState
    live: Mapping[str, Program]
    read: ReadProgram
    now_ms: int
    events: list[tuple[Topic, SequenceStepDue | SequenceChanged]] = field(default_factory=list)
    counted: list[tuple[str, SequenceOutcome]] = field(default_factory=list)

    def count(self, sequence_id: str, outcome: SequenceOutcome) -> None:
        """Count an outcome."""
        self.counted.append((sequence_id, outcome))

    def program(self, sequence_id: str) -> Program:
        """The version that the lead is connected to."""
        connection = self.state.connections[sequence_id]
        return self.read(sequence_id, connection.version, connection.definition)

    def connect(
        self,
        sequence_id: str,
        cause: Cause,
        *,
        wait_ms: int = 0,
        segment: str | None = None,
        source: str | None = None,
        owner_id: str | None = None,
    ) -> None:
        """Connect the lead to the newest version of a sequence, if that is possible."""
        state, program = self.state, self.live.get(sequence_id)
        if program is None:
            self.count(sequence_id, SequenceOutcome.SEQUENCE_NOT_LIVE)
        elif not state.snapshot.open:
            self.count(sequence_id, SequenceOutcome.LEAD_NOT_OPEN)
        elif sequence_id in state.connections:
            self.count(sequence_id, SequenceOutcome.ALREADY_CONNECTED)
        elif program.exit_when is not None and holds(program.exit_when, state.snapshot.values()):
            self.count(sequence_id, SequenceOutcome.EXIT_CRITERION_MET_ALREADY)
        else:
            number = state.numbers[sequence_id] = state.numbers.get(sequence_id, 0) + 1
            connection = state.connections[sequence_id] = Connection(
                version=program.version,
                number=number,
                definition=program.pinned,
                since=cause.occurred_at,
                occurred_at=cause.occurred_at,
                trigger=cause.trigger,
                connected_by=cause.trigger.event_id,
                segment=segment,
                source=source,
                owner_id=owner_id,
            )
            if wait_ms:
                connection.connecting, connection.due_ms = True, self.now_ms + wait_ms
                self._changed(sequence_id, connection, "connecting", cause)
                self.count(sequence_id, SequenceOutcome.CONNECTING)
            else:
                self.begin(sequence_id)

    def begin(self, sequence_id: str) -> None:
        """Begin with the first step: the wait before it is over, or there was none."""
        connection = self.state.connections[sequence_id]
        connection.connecting, connection.due_ms = False, None
        self._changed(sequence_id, connection, "connected", connection.cause)
        self.count(sequence_id, SequenceOutcome.CONNECTED)
        self.walk(sequence_id)

    def walk(self, sequence_id: str, cause: Cause | None = None) -> None:
        """Continue until something has to be waited for, or the end. What has been begun is not begun again.

        `cause`: what may decide the branch where the lead waits.
        """
        connection, program = self.state.connections[sequence_id], self.program(sequence_id)
        while connection.at < len(program.instructions):
            match program.instructions[connection.at]:
                case Emit() as step:
                    if connection.begun:
                        return
                    self._emit(sequence_id, connection, step)
                    if step.kind in ANSWERED:
                        connection.begun = True
                        return
                    connection.at += 1
                case Wait(length_ms=length):
                    if not connection.begun:
                        connection.begun, connection.due_ms = True, self.now_ms + length
                    return
                case Branch() as branch:
                    if not self._choose(sequence_id, connection, branch, cause):
                        return
                case Jump(to=to):
                    connection.at = to
                case Advance(to=to):
                    self._advance(sequence_id, connection, to)
                    return
        self.end(sequence_id, SequenceOutcome.COMPLETED, connection.cause)

    def go_on(self, sequence_id: str, outcome: SequenceOutcome, cause: Cause | None = None) -> None:
        """What the lead waited for has come, by this record or by time alone: continue with the next instruction."""
        connection = self.state.connections[sequence_id]
        if cause is not None:
            connection.moved_by(cause)
        connection.begun, connection.due_ms = False, None
        connection.at += 1
        self.count(sequence_id, outcome)
        self.walk(sequence_id)

    def end(self, sequence_id: str, outcome: SequenceOutcome, cause: Cause) -> None:
        """End the connection. Only its number is kept."""
        instructions = self.program(sequence_id).instructions
        connection = self.state.connections.pop(sequence_id)
        here = instructions[connection.at] if connection.at < len(instructions) else None
        step_id = None if here is None or isinstance(here, Jump) or connection.connecting else here.id
        state, reason = _ENDS[outcome]
        self._changed(sequence_id, connection, state, cause, reason=reason, step_id=step_id)
        self.count(sequence_id, outcome)

    def _choose(self, sequence_id: str, connection: Connection, branch: Branch, cause: Cause | None) -> bool:
        """Take the branch, if the answer is certain. False: the lead must wait."""
        answer = self._answer(connection, branch)
        if answer is None:
            if branch.within_ms is not None and not connection.begun:
                connection.begun, connection.due_ms = True, self.now_ms + branch.within_ms
            if connection.due_ms is not None and self.now_ms < connection.due_ms:
                return False
            answer = branch.replied is False  # the time is over, or there was none: the answer is no
        elif cause is not None:
            connection.moved_by(cause)
        connection.begun, connection.due_ms = False, None
        connection.at = connection.at + 1 if answer else branch.otherwise
        self.count(sequence_id, SequenceOutcome.BRANCH_YES if answer else SequenceOutcome.BRANCH_NO)
        return True

    def _answer(self, connection: Connection, branch: Branch) -> bool | None:
        """None: not certain yet."""
        if branch.when is not None:
            return True if holds(branch.when, self.state.snapshot.values()) else None
        if branch.replied is not None:
            return branch.replied if connection.replied else None
        return True if connection.results.get(branch.result_of) == branch.equals else None

    def _advance(self, sequence_id: str, connection: Connection, to: str) -> None:
        """Move the lead to another sequence, unless it is connected there already."""
        cause = connection.cause
        if to not in self.live:
            self.end(sequence_id, SequenceOutcome.ERROR, cause)
            return
        self.end(sequence_id, SequenceOutcome.ADVANCED, cause)
        self.connect(
            to, cause, segment=connection.segment, source=f"sequence/{sequence_id}", owner_id=connection.owner_id
        )

    def _emit(self, sequence_id: str, connection: Connection, step: Emit) -> None:
        """The step is due."""
        event = {
            "event_id": step_event_id(self.lead_id, sequence_id, connection, step.id),
            **self._about(sequence_id, connection, connection.cause),
            "step_id": step.id,
            "kind": step.kind,
            "data": step.data,
            "due_at": from_milliseconds(self.now_ms + step.within_ms),
            "contact_id": self.state.snapshot.contact_id,
            "owner_id": connection.owner_id or self.state.assigned_to or self.state.snapshot.owner_id,
        }
        self.events.append((SEQUENCE_STEP_DUE, cast("SequenceStepDue", _present(event))))
        self.count(sequence_id, SequenceOutcome.STEP_DUE)
        connection.emitted = [*connection.emitted, step.id]

    def _changed(
        self,
        sequence_id: str,
        connection: Connection,
        state: str,
        cause: Cause,
        *,
        reason: str | None = None,
        step_id: str | None = None,
    ) -> None:
        """The connection has changed its state. It never has the same state twice."""
        identity = connection.identity(self.lead_id, sequence_id)
        event = {
            "event_id": event_id(SEQUENCE_CHANGED.name, *identity, state),
            **self._about(sequence_id, connection, cause),
            "state": state,
            "reason": reason,
            "step_id": step_id,
            "source": connection.source,
        }
        self.events.append((SEQUENCE_CHANGED, cast("SequenceChanged", _present(event))))

    def _about(self, sequence_id: str, connection: Connection, cause: Cause) -> dict[str, Any]:
        """What both events say."""
        return {
            "lead_id": self.lead_id,
            "sequence_id": sequence_id,
            "sequence_version": connection.version,
            "connection_number": connection.number,
            "occurred_at": cause.occurred_at,
            "trigger": trigger_of(cause.trigger),
            "segment": connection.segment,
        }


def step_event_id(lead_id: str, sequence_id: str, connection: Connection, step_id: str) -> str:
    """The event_id of a step's sequence-step-due, emitted or not."""
    return event_id(SEQUENCE_STEP_DUE.name, *connection.identity(lead_id, sequence_id), step_id)


def _present(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if value is not None}
