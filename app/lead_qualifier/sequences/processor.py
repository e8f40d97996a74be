"""The application sequences: events about leads and activities in, due steps and changes of connections out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

import msgspec
from typing_extensions import override

from lead_qualifier.definitions.entries import Published
from lead_qualifier.downstream.cause import Cause, cause_of
from lead_qualifier.downstream.lead_follower import LeadEvent
from lead_qualifier.downstream.rule_based_processor import RuleBasedProcessor
from lead_qualifier.engine import ProcessorContext, Record, Timer, timers_in
from lead_qualifier.messages.decode_downstream import (
    decode_activity_completed,
    decode_lead_assigned,
    decode_sequence_connection,
)
from lead_qualifier.messages.durations import parse_milliseconds
from lead_qualifier.messages.topics import (
    ACTIVITY_COMPLETED,
    LEAD_ASSIGNED,
    LEAD_QUALIFIED,
    SEQUENCE_CONNECTIONS,
    Topic,
)
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE
from lead_qualifier.sequences.connecting import (
    Activity,
    activity_completed,
    connect_by_event,
    disconnect,
    lead_changed,
    leave_stopped,
    time_passed,
)
from lead_qualifier.sequences.connections import LeadState
from lead_qualifier.sequences.decision import Decision
from lead_qualifier.sequences.outcomes import SequenceOutcome
from lead_qualifier.sequences.steps import Program, program_of

encode_state = msgspec.json.Encoder().encode
decode_state = msgspec.json.Decoder(LeadState).decode

#: Mark leads that wait, or are connected, among encoded ones; a match in some text does no harm.
_WAITS = b'"due_ms":'
_CONNECTED = b'"connections":'
#: How many versions that leads are connected to are cached.
_VERSIONS = 1_000


class SequenceProcessor(RuleBasedProcessor[Program, LeadState]):
    """Counts ("sequence", sequence id, outcome) per cycle; the id is empty where there is no such sequence."""

    @cached_property
    def _pinned(self) -> dict[tuple[str, int], Program]:
        """Programs of the versions that leads are connected to: a version never changes."""
        return {}

    @override
    def read_definition(self, published: Published) -> Program:
        """The program of a published definition."""
        return program_of(published.definition, published.version)

    @override
    def new_state(self) -> LeadState:
        """The state of a lead that has none yet."""
        return LeadState()

    @override
    def other_inputs(self) -> tuple[Topic, ...]:
        """Connections, assignments and activities."""
        return (LEAD_ASSIGNED, SEQUENCE_CONNECTIONS, ACTIVITY_COMPLETED)

    @override
    def forget_implausible_times(self, state: LeadState, latest: datetime) -> None:
        """Also when leads were connected: every reply comes after an unknown time."""
        super().forget_implausible_times(state, latest)
        for connection in state.connections.values():
            if connection.since > latest:
                connection.since = EARLIEST_PLAUSIBLE

    @override
    def on_event(self, key: bytes, state: LeadState, event: LeadEvent, context: ProcessorContext) -> None:
        """Apply a change to all connections; a qualification may also connect the lead."""
        if "owner_id" in event.changed.fields:
            state.assigned_to = None
        decision = self._decision(key, state, context)
        lead_changed(decision, event.cause)
        if event.qualified is not None:
            connect_by_event(decision, LEAD_QUALIFIED.name, event.cause, event.qualified.model_id)
        self._apply(key, decision, context)

    @override
    def on_repeated(self, context: ProcessorContext) -> None:
        """Count it."""
        context.counts["sequence", "", SequenceOutcome.REPEATED.value] += 1

    @override
    def on_merged(self, key: bytes, state: LeadState, cause: Cause, context: ProcessorContext) -> None:
        """Disconnect the lead."""
        decision = self._decision(key, state, context)
        lead_changed(decision, cause)
        self._apply(key, decision, context)

    @override
    def process_other(self, topic: Topic, record: Record, context: ProcessorContext) -> None:
        """Handle a connection, an assignment or an activity."""
        if topic is SEQUENCE_CONNECTIONS:
            self._connection(record, context)
        elif topic is LEAD_ASSIGNED:
            self._assigned(record, context)
        else:
            self._activity(record, context)

    def _connection(self, record: Record, context: ProcessorContext) -> None:
        message = decode_sequence_connection(record.key, record.value, record.headers)
        self.check_time(message["occurred_at"], record, context)
        key, sequence_id = message["lead_id"].encode(), message["sequence_id"]
        cause = cause_of(SEQUENCE_CONNECTIONS, record, message["event_id"], message["occurred_at"], context)
        decision = self._event(key, message["event_id"], context)
        if decision is None:
            return
        if message["action"] == "disconnect":
            disconnect(decision, sequence_id, cause)
        else:
            decision.connect(
                sequence_id,
                cause,
                wait_ms=parse_milliseconds(message.get("wait", "0s")),
                segment=message.get("segment"),
                source=message.get("source"),
                owner_id=message.get("owner_id"),
            )
        self._apply(key, decision, context)

    def _assigned(self, record: Record, context: ProcessorContext) -> None:
        message = decode_lead_assigned(record.key, record.value, record.headers)
        self.check_time(message.occurred_at, record, context)
        if message.seller_id is None or message.notice:
            return
        key = message.lead_id.encode()
        if self.predates_erasure(self.state_of(key, context), message.lead_changed_offset, record):
            return
        decision = self._event(key, message.event_id, context)
        if decision is None:
            return
        decision.state.assigned_to = message.seller_id
        cause = cause_of(LEAD_ASSIGNED, record, message.event_id, message.occurred_at, context)
        connect_by_event(decision, LEAD_ASSIGNED.name, cause)
        self._apply(key, decision, context)

    def _activity(self, record: Record, context: ProcessorContext) -> None:
        message = decode_activity_completed(record.key, record.value, record.headers)
        self.check_time(message["occurred_at"], record, context)
        key = message["lead_id"].encode()
        if self.holds_nothing(self.state_of(key, context)):
            context.counts["sequence", "", SequenceOutcome.NO_STEP_WAITS.value] += 1
            return  # an activity alone does not create state
        decision = self._event(key, message["event_id"], context)
        if decision is None:
            return
        reply = message["kind"] == "reply" or message.get("direction") == "incoming"
        activity = Activity(
            message.get("step_event_id"), message.get("result"), reply, automatic=message.get("automatic", False)
        )
        cause = cause_of(ACTIVITY_COMPLETED, record, message["event_id"], message["occurred_at"], context)
        activity_completed(decision, activity, cause)
        self._apply(key, decision, context)

    @override
    def sweep_pending(self, swept: int) -> bool:
        """Definitions have changed since: a sequence that leads are connected to may have been stopped."""
        return self._known is not None and self._known.revision > swept

    @override
    def prefilter(self, keys: Sequence[bytes], context: ProcessorContext, swept: int) -> Sequence[bytes]:
        """Only leads that are connected to a sequence."""
        return [key for key in keys if (raw := context.stored(key)) is None or _CONNECTED in raw]

    @override
    def sweep(self, key: bytes, context: ProcessorContext, swept: int) -> None:
        """Disconnect the lead from sequences that are no longer live."""
        state: LeadState | None = context.get(key)
        if state is not None and state.connections.keys() - self.live.keys():
            self._apply(key, self._decision(key, state, context), context)

    @override
    def lead_timers(self, entries: Mapping[bytes, bytes]) -> Iterator[Timer]:
        """When connections are due."""
        return timers_in(
            entries,
            _WAITS,
            decode_state,
            lambda state: [one.due_ms for one in state.connections.values() if one.due_ms is not None],
        )

    @override
    def on_due(self, key: bytes, state: LeadState, context: ProcessorContext) -> None:
        """Continue connections that waited until now."""
        triggers = {sequence_id: connection.trigger for sequence_id, connection in state.connections.items()}
        decision = self._decision(key, state, context)
        time_passed(decision)
        self._apply(key, decision, context, triggers)

    def _event(self, key: bytes, event_id: str, context: ProcessorContext) -> Decision | None:
        """A decision on this event; None: it was processed before."""
        state = self.state_of(key, context)
        if state.seen_before(event_id):
            self.on_repeated(context)
            return None
        return self._decision(key, state, context)

    def _decision(self, key: bytes, state: LeadState, context: ProcessorContext) -> Decision:
        decision = Decision(key.decode(), state, self.live, self._program, context.now_ms)
        leave_stopped(decision)  # the sweep may not have reached this lead yet
        return decision

    def _program(self, sequence_id: str, version: int, definition: Mapping[str, Any]) -> Program:
        program = self._pinned.get((sequence_id, version))
        if program is None:
            if len(self._pinned) == _VERSIONS:
                self._pinned.clear()
            program = self._pinned[sequence_id, version] = program_of(definition, version)
        return program

    def _apply(
        self,
        key: bytes,
        decision: Decision,
        context: ProcessorContext,
        triggers: Mapping[str, Trigger] = MappingProxyType({}),
    ) -> None:
        """Store the state, emit and count what was decided, and set timers. `triggers`: what last moved the lead on, by
        sequence.
        """
        state = decision.state
        context.put(key, state)
        for topic, event in decision.events:
            self.emit(topic, key, event, context, triggers.get(event["sequence_id"]))
        for sequence_id, outcome in decision.counted:
            # other systems may name anything, and labels stay for ever
            named = "" if outcome in {SequenceOutcome.SEQUENCE_NOT_LIVE, SequenceOutcome.NOT_CONNECTED} else sequence_id
            context.counts["sequence", named, outcome.value] += 1
        for connection in state.connections.values():
            if connection.due_ms is not None and connection.due_ms > context.now_ms:
                context.schedule(key, connection.due_ms)
