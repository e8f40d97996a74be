"""Moves a lead through its sequences, step by step. Pure."""

from __future__ import annotations

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.conditions import holds
from lead_qualifier.downstream.event_ids import event_id
from lead_qualifier.messages.downstream_topics import SEQUENCE_STEP_DUE
from lead_qualifier.sequences.connections import Connection
from lead_qualifier.sequences.decision import ConnectionChanged, Decision, StepDue
from lead_qualifier.sequences.outcomes import SequenceOutcome
from lead_qualifier.sequences.steps import ANSWERED, Advance, Branch, Emit, Jump, Wait


def step_event_id(lead_id: str, sequence_id: str, connection: Connection, step_id: str) -> str:
    """The event_id of a step's sequence-step-due, emitted or not."""
    return event_id(SEQUENCE_STEP_DUE.name, *connection.identity(lead_id, sequence_id), step_id)


def connect(
    decision: Decision,
    sequence_id: str,
    cause: Cause,
    *,
    wait_ms: int = 0,
    segment: str | None = None,
    source: str | None = None,
    owner_id: str | None = None,
) -> SequenceOutcome:
    """Connect the lead to the newest version of a sequence, if that is possible."""
    outcome = _connect(decision, sequence_id, cause, wait_ms, segment, source, owner_id)
    if outcome not in {SequenceOutcome.CONNECTED, SequenceOutcome.CONNECTING}:
        decision.count(sequence_id, outcome)
    return outcome


def _connect(  # noqa: PLR0917  a connection is made of all seven
    decision: Decision,
    sequence_id: str,
    cause: Cause,
    wait_ms: int,
    segment: str | None,
    source: str | None,
    owner_id: str | None,
) -> SequenceOutcome:
    state = decision.state
    program = decision.live.get(sequence_id)
    if program is None:
        return SequenceOutcome.SEQUENCE_NOT_LIVE
    if not state.snapshot.open:
        return SequenceOutcome.LEAD_NOT_OPEN
    if sequence_id in state.connections:
        return SequenceOutcome.ALREADY_CONNECTED
    if program.exit_when is not None and holds(program.exit_when, state.snapshot.values()):
        return SequenceOutcome.EXIT_CRITERION_MET_ALREADY
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
    if not wait_ms:
        begin(decision, sequence_id)
        return SequenceOutcome.CONNECTED
    connection.connecting, connection.due_ms = True, decision.now_ms + wait_ms
    decision.events.append(ConnectionChanged(sequence_id, connection, "connecting", cause))
    decision.count(sequence_id, SequenceOutcome.CONNECTING)
    return SequenceOutcome.CONNECTING


def begin(decision: Decision, sequence_id: str) -> None:
    """Begin with the first step: the wait before it is over, or there was none."""
    connection = decision.state.connections[sequence_id]
    connection.connecting, connection.due_ms = False, None
    decision.events.append(ConnectionChanged(sequence_id, connection, "connected", connection.cause))
    decision.count(sequence_id, SequenceOutcome.CONNECTED)
    walk(decision, sequence_id)


def walk(decision: Decision, sequence_id: str, cause: Cause | None = None) -> None:
    """Continue until something has to be waited for, or the end. What has been begun is not begun again.

    `cause`: what may decide the branch where the lead waits.
    """
    connection, program = decision.state.connections[sequence_id], decision.program(sequence_id)
    while connection.at < len(program.instructions):
        match program.instructions[connection.at]:
            case Emit() as step:
                if connection.begun:
                    return
                _emit(decision, sequence_id, connection, step)
                if step.kind in ANSWERED:
                    connection.begun = True
                    return
                connection.at += 1
            case Wait(length_ms=length):
                if not connection.begun:
                    connection.begun, connection.due_ms = True, decision.now_ms + length
                return
            case Branch() as branch:
                if not _choose(decision, sequence_id, connection, branch, cause):
                    return
            case Jump(to=to):
                connection.at = to
            case Advance(to=to):
                _advance(decision, sequence_id, connection, to)
                return
    end(decision, sequence_id, "completed", SequenceOutcome.COMPLETED, connection.cause)


def go_on(decision: Decision, sequence_id: str, outcome: SequenceOutcome, cause: Cause | None = None) -> None:
    """What the lead waited for has come, by this record or by time alone: continue with the next instruction."""
    connection = decision.state.connections[sequence_id]
    if cause is not None:
        connection.moved_by(cause)
    connection.begun, connection.due_ms = False, None
    connection.at += 1
    decision.count(sequence_id, outcome)
    walk(decision, sequence_id)


def end(  # noqa: PLR0917  an end is made of all six
    decision: Decision, sequence_id: str, state: str, outcome: SequenceOutcome, cause: Cause, reason: str | None = None
) -> None:
    """End the connection. Only its number is kept."""
    instructions = decision.program(sequence_id).instructions
    connection = decision.state.connections.pop(sequence_id)
    here = instructions[connection.at] if connection.at < len(instructions) else None
    step_id = None if here is None or isinstance(here, Jump) or connection.connecting else here.id
    decision.events.append(ConnectionChanged(sequence_id, connection, state, cause, reason, step_id))
    decision.count(sequence_id, outcome)


def _emit(decision: Decision, sequence_id: str, connection: Connection, step: Emit) -> None:
    state = decision.state
    owner_id = connection.owner_id or state.assigned_to or state.snapshot.owner_id
    event = step_event_id(decision.lead_id, sequence_id, connection, step.id)
    due_ms = decision.now_ms + step.within_ms
    decision.events.append(StepDue(sequence_id, connection, event, step, due_ms, owner_id, connection.cause))
    decision.count(sequence_id, SequenceOutcome.STEP_DUE)
    connection.emitted = [*connection.emitted, step.id]


def _choose(decision: Decision, sequence_id: str, connection: Connection, branch: Branch, cause: Cause | None) -> bool:
    """Take the branch, if the answer is certain. False: the lead must wait."""
    answer = _answer(decision, connection, branch)
    if answer is None:
        if branch.within_ms is not None and not connection.begun:
            connection.begun, connection.due_ms = True, decision.now_ms + branch.within_ms
        if connection.due_ms is not None and decision.now_ms < connection.due_ms:
            return False
        answer = branch.replied is False  # the time is over, or there was none: the answer is no
    elif cause is not None:
        connection.moved_by(cause)
    connection.begun, connection.due_ms = False, None
    connection.at = connection.at + 1 if answer else branch.otherwise
    decision.count(sequence_id, SequenceOutcome.BRANCH_YES if answer else SequenceOutcome.BRANCH_NO)
    return True


def _answer(decision: Decision, connection: Connection, branch: Branch) -> bool | None:
    """None: not certain yet."""
    if branch.when is not None:
        return True if holds(branch.when, decision.state.snapshot.values()) else None
    if branch.replied is not None:
        return branch.replied if connection.replied else None
    return True if connection.results.get(branch.result_of) == branch.equals else None


def _advance(decision: Decision, sequence_id: str, connection: Connection, to: str) -> None:
    """Move the lead to another sequence, unless it is connected there already."""
    cause = connection.cause
    if to not in decision.live:
        end(decision, sequence_id, "error", SequenceOutcome.ERROR, cause, "advance_target_not_live")
        return
    end(decision, sequence_id, "disconnected", SequenceOutcome.ADVANCED, cause, "advanced")
    connect(
        decision,
        to,
        cause,
        segment=connection.segment,
        source=f"sequence/{sequence_id}",
        owner_id=connection.owner_id,
    )
