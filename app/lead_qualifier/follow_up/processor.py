"""The application follow-up: qualifications, assignments and what sales does in, overdue leads out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace
from typing_extensions import override

from lead_qualifier.definitions.entries import Published
from lead_qualifier.downstream.cause import Cause, cause_of
from lead_qualifier.downstream.event_ids import event_id
from lead_qualifier.downstream.lead_follower import LeadEvent
from lead_qualifier.downstream.rule_based_processor import RuleBasedProcessor
from lead_qualifier.engine import ProcessorContext, Record, Timer, timers_in
from lead_qualifier.follow_up.deciding import (
    ASSIGNED,
    QUALIFIED,
    Counted,
    FollowUp,
    FollowUpOutcome,
    LeadState,
    Overdue,
    begin,
    end,
    follow_up_of,
    time_passed,
)
from lead_qualifier.messages.decode import decode_sales_response
from lead_qualifier.messages.decode_downstream import decode_activity_completed, decode_lead_assigned
from lead_qualifier.messages.follow_up import LeadFollowUpOverdue
from lead_qualifier.messages.lead_qualified import trigger_of
from lead_qualifier.messages.topics import (
    ACTIVITY_COMPLETED,
    LEAD_ASSIGNED,
    LEAD_FOLLOW_UP_OVERDUE,
    LEAD_SALES_RESPONSE,
    Topic,
)
from lead_qualifier.qualification.flags import MARKETING_QUALIFIED
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE, from_milliseconds

encode_state = msgspec.json.Encoder().encode
decode_state = msgspec.json.Decoder(LeadState).decode

#: Marks a lead with a running stage among encoded ones; a match in some text does no harm.
_RUNS = b'"running":'
#: An automated mail does not count as acting.
_NOT_BY_SALES = "automated_email"


class FollowUpProcessor(RuleBasedProcessor[FollowUp, LeadState]):
    """Counts ("follow-up", definition id, outcome) per cycle."""

    @override
    def read_definition(self, published: Published) -> FollowUp:
        """The follow-up of a published definition."""
        return follow_up_of(published.definition, published.version)

    @override
    def new_state(self) -> LeadState:
        """The state of a lead that has none yet."""
        return LeadState()

    @override
    def other_inputs(self) -> tuple[Topic, ...]:
        """Assignments, and what sales does."""
        return (LEAD_ASSIGNED, LEAD_SALES_RESPONSE, ACTIVITY_COMPLETED)

    @override
    def forget_implausible_times(self, state: LeadState, latest: datetime) -> None:
        """Also when running stages began: whatever sales does comes after an unknown time."""
        super().forget_implausible_times(state, latest)
        for stages in state.running.values():
            for name, running in stages.items():
                if running.occurred_at > latest:
                    stages[name] = replace(running, occurred_at=EARLIEST_PLAUSIBLE)

    @override
    def on_event(self, key: bytes, state: LeadState, event: LeadEvent, context: ProcessorContext) -> None:
        """A qualification begins a stage; closing the lead or changing its status reason by hand counts as acting."""
        if event.qualified is not None:
            state.model_id = event.qualified.model_id
            self._begin(key, state, QUALIFIED, event.cause, context)
        elif not state.snapshot.open:
            self._count(end(state, FollowUpOutcome.CLOSED), context)
        elif "status_reason" in event.changed.fields and state.snapshot.status_reason != MARKETING_QUALIFIED:
            self._count(end(state, FollowUpOutcome.ACTED, acted_at=event.cause.occurred_at), context)

    @override
    def on_merged(self, key: bytes, state: LeadState, cause: Cause, context: ProcessorContext) -> None:
        """End all stages."""
        self._count(end(state, FollowUpOutcome.CLOSED), context)

    @override
    def process_other(self, topic: Topic, record: Record, context: ProcessorContext) -> None:
        """Handle an assignment, or what sales did."""
        if topic is LEAD_ASSIGNED:
            self._assigned(record, context)
        elif topic is LEAD_SALES_RESPONSE:
            response = decode_sales_response(record.key, record.value, record.headers)
            self.check_time(response["occurred_at"], record, context)
            self._acted(response["lead_id"], response["occurred_at"], context)
        else:
            activity = decode_activity_completed(record.key, record.value, record.headers)
            self.check_time(activity["occurred_at"], record, context)
            if activity["kind"] != _NOT_BY_SALES and not activity.get("automatic", False):
                self._acted(activity["lead_id"], activity["occurred_at"], context)

    @override
    def lead_timers(self, entries: Mapping[bytes, bytes]) -> Iterator[Timer]:
        """When running stages are due."""
        return timers_in(
            entries,
            _RUNS,
            decode_state,
            lambda state: [one.due_ms for stages in state.running.values() for one in stages.values()],
        )

    @override
    def on_due(self, key: bytes, state: LeadState, context: ProcessorContext) -> None:
        """Report the stages that are overdue."""
        overdue, counted = time_passed(state, self.live, context.now_ms)
        context.put(key, state)
        for one in overdue:
            self.emit(LEAD_FOLLOW_UP_OVERDUE, key, _event(key.decode(), state, one), context, one.running.trigger)
        self._count(counted, context)
        self._schedule(key, state, context)

    def _assigned(self, record: Record, context: ProcessorContext) -> None:
        message = decode_lead_assigned(record.key, record.value, record.headers)
        self.check_time(message.occurred_at, record, context)
        key = message.lead_id.encode()
        state = self.state_of(key, context)
        if self.predates_erasure(state, message.lead_changed_offset, record):
            return
        if message.notice or (message.owner_id is None and self.holds_nothing(state)):
            return
        if state.seen_before(message.event_id):
            return
        state.owner_id = message.owner_id
        context.put(key, state)
        if message.owner_id is None:
            # it waits for an owner, or lost its owner, who therefore is not late
            self._count(end(state, FollowUpOutcome.ACTED, stage=ASSIGNED), context)
            return
        self._count(end(state, FollowUpOutcome.ACTED, stage=QUALIFIED), context)
        cause = cause_of(LEAD_ASSIGNED, record, message.event_id, message.occurred_at, context)
        self._begin(key, state, ASSIGNED, cause, context)

    def _acted(self, lead_id: str, at: datetime, context: ProcessorContext) -> None:
        key = lead_id.encode()
        if not context.holds(key):
            return
        state = self.state_of(key, context)
        if state.running:
            self._count(end(state, FollowUpOutcome.ACTED, acted_at=at), context)
            context.put(key, state)

    def _begin(self, key: bytes, state: LeadState, stage: str, cause: Cause, context: ProcessorContext) -> None:
        self._count(begin(state, stage, self.live.values(), context.now_ms, cause), context)
        self._schedule(key, state, context)

    @staticmethod
    def _schedule(key: bytes, state: LeadState, context: ProcessorContext) -> None:
        for stages in state.running.values():
            for running in stages.values():
                context.schedule(key, running.due_ms)

    @staticmethod
    def _count(counted: Iterable[Counted], context: ProcessorContext) -> None:
        for follow_up_id, outcome in counted:
            context.counts["follow-up", follow_up_id, outcome.value] += 1


def _event(lead_id: str, state: LeadState, overdue: Overdue) -> LeadFollowUpOverdue:
    follow_up, running = overdue.follow_up, overdue.running
    event: LeadFollowUpOverdue = {
        "event_id": event_id(
            LEAD_FOLLOW_UP_OVERDUE.name,
            lead_id,
            follow_up.id,
            overdue.stage,
            overdue.number,
            running.trigger.event_id,
        ),
        "lead_id": lead_id,
        "follow_up_id": follow_up.id,
        "follow_up_version": follow_up.version,
        "stage": "lead-assigned" if overdue.stage == ASSIGNED else "lead-qualified",
        "overdue_number": overdue.number,
        "since": from_milliseconds(running.begun_ms),
        "due_at": from_milliseconds(running.due_ms),
        "occurred_at": running.occurred_at,
        "trigger": trigger_of(running.trigger),
    }
    if (owner_id := state.owner_id or state.snapshot.owner_id) is not None:
        event["owner_id"] = owner_id
    if state.snapshot.contact_id is not None:
        event["contact_id"] = state.snapshot.contact_id
    return event
