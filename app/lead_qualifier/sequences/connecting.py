"""What events about a lead do to its connections: connecting, disconnecting, answers, replies, closing, time. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.qualification.conditions import holds
from lead_qualifier.sequences.connections import Connection
from lead_qualifier.sequences.decision import Decision, step_event_id
from lead_qualifier.sequences.outcomes import SequenceOutcome
from lead_qualifier.sequences.steps import Branch, Emit


class Activity(Struct, frozen=True):
    """An activity concerning the lead. `step_event_id`: the step that it completes; `reply`: it came from the lead.

    `automatic`: sent by a machine (out of office, a bounce), so nobody replied and no step was completed.
    """

    step_event_id: str | None = None
    result: str | None = None
    reply: bool = False
    automatic: bool = False


def connect_by_event(decision: Decision, event: str, cause: Cause, model_id: str | None = None) -> None:
    """Connect the lead to every sequence that events of this name connect to. `model_id`: of a qualification."""
    for sequence_id, program in decision.live.items():
        how = program.connect
        if how is None or how.on != event or (how.models is not None and model_id not in how.models):
            continue
        if holds(how.when, decision.state.snapshot.values()):
            decision.connect(sequence_id, cause, wait_ms=how.wait_ms, source=event)
        else:
            decision.count(sequence_id, SequenceOutcome.CONDITIONS_NOT_MET)


def disconnect(decision: Decision, sequence_id: str, cause: Cause) -> None:
    """A user disconnects the lead from a sequence."""
    if sequence_id in decision.state.connections:
        decision.end(sequence_id, SequenceOutcome.USER, cause)
    else:
        decision.count(sequence_id, SequenceOutcome.NOT_CONNECTED)


def leave_stopped(decision: Decision) -> None:
    """Disconnect the lead from sequences that are no longer live."""
    for sequence_id in sorted(decision.state.connections.keys() - decision.live.keys()):
        decision.end(sequence_id, SequenceOutcome.PARENT_DEACTIVATED, decision.state.connections[sequence_id].cause)


def lead_changed(decision: Decision, cause: Cause) -> None:
    """The lead changed: it may be closed, meet an exit criterion, or be what a branch is waiting for."""
    snapshot = decision.state.snapshot
    for sequence_id, connection in _connections(decision):
        program = decision.program(sequence_id)
        if not snapshot.open:
            decision.end(sequence_id, SequenceOutcome.LEAD_DEACTIVATED, cause)
        elif program.exit_when is not None and holds(program.exit_when, snapshot.values()):
            decision.end(sequence_id, SequenceOutcome.EXIT_CRITERION_MET, cause)
        elif not connection.connecting:
            decision.walk(sequence_id, cause)


def activity_completed(decision: Decision, activity: Activity, cause: Cause) -> None:
    """An activity: it may complete a step, be a reply, or neither."""
    replied = activity.reply and not activity.automatic
    if replied:
        _replied(decision, cause)
    if activity.step_event_id is not None and _answered(decision, activity, activity.step_event_id, cause):
        return
    if not replied:
        decision.count("", SequenceOutcome.NO_STEP_WAITS)


def _connections(decision: Decision) -> Iterator[tuple[str, Connection]]:
    """The present connections, skipping those that end meanwhile: new ones are not affected by this event."""
    for sequence_id, connection in sorted(decision.state.connections.items()):
        if decision.state.connections.get(sequence_id) is connection:
            yield sequence_id, connection


def _replied(decision: Decision, cause: Cause) -> None:
    for sequence_id, connection in _connections(decision):
        if cause.occurred_at < connection.since:
            decision.count(sequence_id, SequenceOutcome.REPLY_BEFORE_CONNECTION)
        elif decision.program(sequence_id).exit_on_reply:
            decision.end(sequence_id, SequenceOutcome.EXIT_CRITERION_MET, cause)
        else:
            connection.replied = True
            decision.count(sequence_id, SequenceOutcome.REPLY_NOTED)
            if not connection.connecting:
                decision.walk(sequence_id, cause)


def _answered(decision: Decision, activity: Activity, event: str, cause: Cause) -> bool:
    """Does it concern a step that was emitted? An automatic activity can only add a result to it."""
    if activity.automatic and activity.result is None:
        return False
    for sequence_id, connection in _connections(decision):
        for step_id in connection.emitted:
            if step_event_id(decision.lead_id, sequence_id, connection, step_id) != event:
                continue
            if activity.result is not None:
                connection.results = {**connection.results, step_id: activity.result}
            instructions = decision.program(sequence_id).instructions
            here = instructions[connection.at]
            if connection.begun and isinstance(here, Emit) and here.id == step_id and not activity.automatic:
                decision.go_on(sequence_id, SequenceOutcome.STEP_COMPLETED, cause)
            else:
                decision.count(sequence_id, SequenceOutcome.RESULT_RECORDED)
                decision.walk(sequence_id, cause)
            return True
    return False


def time_passed(decision: Decision) -> None:
    """Continue every connection that waited until now."""
    for sequence_id, connection in _connections(decision):
        if connection.due_ms is None or connection.due_ms > decision.now_ms:
            continue
        if connection.connecting:
            decision.begin(sequence_id)
        elif isinstance(decision.program(sequence_id).instructions[connection.at], Branch):
            decision.walk(sequence_id)
        else:
            decision.go_on(sequence_id, SequenceOutcome.WAIT_OVER)
