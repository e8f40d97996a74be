"""Walks a lead through sequences: pure. What is due is told, and so is every change of a connection's state."""

from __future__ import annotations

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.conditions import holds
from lead_qualifier.downstream.identities import event_id
from lead_qualifier.messages.downstream_topics import SEQUENCE_STEP_DUE
from lead_qualifier.sequences.connections import Connection
from lead_qualifier.sequences.decision import Changed, Decision, StepDue
from lead_qualifier.sequences.outcomes import Outcome
from lead_qualifier.sequences.steps import ANSWERED, Advance, Branch, Emit, Jump, Wait


def step_event_id(lead_id: str, sequence_id: str, connection: Connection, step_id: str) -> str:
    """event_id of the sequence-step-due of a step, whether it has been emitted or not."""
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
) -> Outcome:
    """Connect the lead to the newest version of a sequence, unless something is against it."""
    outcome = _connect(decision, sequence_id, cause, wait_ms, segment, source, owner_id)
    if outcome not in {Outcome.CONNECTED, Outcome.CONNECTING}:
        decision.count(sequence_id, outcome)
    return outcome


def _connect(  # noqa: PLR0917  all seven are what a connection is made of
    decision: Decision,
    sequence_id: str,
    cause: Cause,
    wait_ms: int,
    segment: str | None,
    source: str | None,
    owner_id: str | None,
) -> Outcome:
    state = decision.state
    program = decision.live.get(sequence_id)
    if program is None:
        return Outcome.SEQUENCE_NOT_LIVE
    if not state.facts.open:
        return Outcome.LEAD_NOT_OPEN
    if sequence_id in state.connections:
        return Outcome.ALREADY_CONNECTED
    if program.exit_when is not None and holds(program.exit_when, state.facts.values()):
        return Outcome.EXIT_CRITERION_MET_ALREADY
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
        return Outcome.CONNECTED
    connection.connecting, connection.due_ms = True, decision.now_ms + wait_ms
    decision.said.append(Changed(sequence_id, connection, "connecting", cause))
    decision.count(sequence_id, Outcome.CONNECTING)
    return Outcome.CONNECTING


def begin(decision: Decision, sequence_id: str) -> None:
    """The wait before the first step is over, or there was none."""
    connection = decision.state.connections[sequence_id]
    connection.connecting, connection.due_ms = False, None
    decision.said.append(Changed(sequence_id, connection, "connected", connection.cause))
    decision.count(sequence_id, Outcome.CONNECTED)
    walk(decision, sequence_id)


def walk(decision: Decision, sequence_id: str, cause: Cause | None = None) -> None:
    """Go on until something has to be waited for, or the end. What has been begun is not begun again.

    `cause`: what may decide the branch that is waited at.
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
    end(decision, sequence_id, "completed", Outcome.COMPLETED, connection.cause)


def go_on(decision: Decision, sequence_id: str, outcome: Outcome, cause: Cause | None = None) -> None:
    """What the lead waited for has come, by this record or by the time alone: on to the next instruction."""
    connection = decision.state.connections[sequence_id]
    if cause is not None:
        connection.moved_by(cause)
    connection.begun, connection.due_ms = False, None
    connection.at += 1
    decision.count(sequence_id, outcome)
    walk(decision, sequence_id)


def end(  # noqa: PLR0917  all six are what an end is made of
    decision: Decision, sequence_id: str, state: str, outcome: Outcome, cause: Cause, reason: str | None = None
) -> None:
    """The connection is over; only its number is kept."""
    instructions = decision.program(sequence_id).instructions
    connection = decision.state.connections.pop(sequence_id)
    here = instructions[connection.at] if connection.at < len(instructions) else None
    step_id = None if here is None or isinstance(here, Jump) or connection.connecting else here.id
    decision.said.append(Changed(sequence_id, connection, state, cause, reason, step_id))
    decision.count(sequence_id, outcome)


def _emit(decision: Decision, sequence_id: str, connection: Connection, step: Emit) -> None:
    state = decision.state
    owner_id = connection.owner_id or state.assigned_to or state.facts.owner_id
    event = step_event_id(decision.lead_id, sequence_id, connection, step.id)
    due_ms = decision.now_ms + step.within_ms
    decision.said.append(StepDue(sequence_id, connection, event, step, due_ms, owner_id, connection.cause))
    decision.count(sequence_id, Outcome.STEP_DUE)
    connection.emitted = [*connection.emitted, step.id]


def _choose(decision: Decision, sequence_id: str, connection: Connection, branch: Branch, cause: Cause | None) -> bool:
    """Take the branch if it is plain which way. False: it has to be waited for."""
    plain = _verdict(decision, connection, branch)
    if plain is None:
        if branch.within_ms is not None and not connection.begun:
            connection.begun, connection.due_ms = True, decision.now_ms + branch.within_ms
        if connection.due_ms is not None and decision.now_ms < connection.due_ms:
            return False
        plain = branch.replied is False  # the time is over, or there never was any: it did not come
    elif cause is not None:
        connection.moved_by(cause)
    connection.begun, connection.due_ms = False, None
    connection.at = connection.at + 1 if plain else branch.otherwise
    decision.count(sequence_id, Outcome.BRANCH_YES if plain else Outcome.BRANCH_NO)
    return True


def _verdict(decision: Decision, connection: Connection, branch: Branch) -> bool | None:
    """None: what would decide it has not happened."""
    if branch.when is not None:
        return True if holds(branch.when, decision.state.facts.values()) else None
    if branch.replied is not None:
        return branch.replied if connection.replied else None
    return True if connection.results.get(branch.result_of) == branch.equals else None


def _advance(decision: Decision, sequence_id: str, connection: Connection, to: str) -> None:
    """Leave for another sequence: connected to that one, or being so already."""
    cause = connection.cause
    if to not in decision.live:
        end(decision, sequence_id, "error", Outcome.ERROR, cause, "advance_target_not_live")
        return
    end(decision, sequence_id, "disconnected", Outcome.ADVANCED, cause, "advanced")
    connect(
        decision,
        to,
        cause,
        segment=connection.segment,
        source=f"sequence/{sequence_id}",
        owner_id=connection.owner_id,
    )
