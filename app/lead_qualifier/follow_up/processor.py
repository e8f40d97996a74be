"""The follow-up application: qualifications, assignments and what sales does in, what is overdue out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from lead_qualifier.definitions.entries import Published
from lead_qualifier.downstream.cause import Cause, cause_of
from lead_qualifier.downstream.identities import event_id
from lead_qualifier.downstream.lead_follower import LeadEvent
from lead_qualifier.downstream.lead_processor import LeadProcessor
from lead_qualifier.engine import ProcessorContext, Record, Timer, timers_in
from lead_qualifier.follow_up.deciding import (
    ASSIGNED,
    QUALIFIED,
    Counted,
    FollowUp,
    LeadState,
    Outcome,
    Overdue,
    begin,
    end,
    follow_up_of,
    time_passed,
)
from lead_qualifier.messages.decode import decode_sales_response
from lead_qualifier.messages.decode_sequences import decode_activity_completed, decode_lead_assigned
from lead_qualifier.messages.downstream_topics import ACTIVITY_COMPLETED, LEAD_ASSIGNED, LEAD_FOLLOW_UP_OVERDUE
from lead_qualifier.messages.follow_up import LeadFollowUpOverdue
from lead_qualifier.messages.lead_qualified import trigger_of
from lead_qualifier.messages.topics import LEAD_SALES_RESPONSE, Topic
from lead_qualifier.qualification.flags import MARKETING_QUALIFIED
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE, from_milliseconds

encode_state = msgspec.json.Encoder().encode
decode_state = msgspec.json.Decoder(LeadState).decode

#: How a lead with a time that runs is told among encoded ones; it may stand in a text too, which does no harm.
_RUNS = b'"running":'
#: An automated mail is nobody's act.
_NOT_BY_SALES = "automated_email"


class FollowUpProcessor(LeadProcessor[FollowUp, LeadState]):
    """Counted per cycle: ("follow-up", definition id, outcome)."""

    def read(self, published: Published) -> FollowUp:
        """Read a published definition."""
        return follow_up_of(published.definition, published.version)

    def new(self) -> LeadState:
        """A lead of which nothing is held."""
        return LeadState()

    def further_inputs(self) -> tuple[Topic, ...]:
        """What assigns, and what sales does."""
        return (LEAD_ASSIGNED, LEAD_SALES_RESPONSE, ACTIVITY_COMPLETED)

    def forget_implausible_times(self, state: LeadState, latest: datetime) -> None:
        """Also those of what began a time that runs: whatever sales does counts as done after an unknown one."""
        super().forget_implausible_times(state, latest)
        for stages in state.running.values():
            for name, running in stages.items():
                if running.occurred_at > latest:
                    stages[name] = replace(running, occurred_at=EARLIEST_PLAUSIBLE)

    def happened(self, key: bytes, state: LeadState, what: LeadEvent, context: ProcessorContext) -> None:
        """A qualification begins a stage; whoever closes the lead or changes its status reason by hand has acted."""
        if what.qualified is not None:
            state.model_id = what.qualified.model_id
            self._begin(key, state, QUALIFIED, what.cause, context)
        elif not state.facts.open:
            self._count(end(state, Outcome.CLOSED), context)
        elif "status_reason" in what.changed.fields and state.facts.status_reason != MARKETING_QUALIFIED:
            self._count(end(state, Outcome.ACTED, acted_at=what.cause.occurred_at), context)

    def merged(self, key: bytes, state: LeadState, cause: Cause, context: ProcessorContext) -> None:
        """The lead is closed."""
        self._count(end(state, Outcome.CLOSED), context)

    def further(self, topic: Topic, record: Record, context: ProcessorContext) -> None:
        """Decide a record that assigns, or tells what sales did."""
        if topic is LEAD_ASSIGNED:
            self._assigned(record, context)
        elif topic is LEAD_SALES_RESPONSE:
            response = decode_sales_response(record.key, record.value, record.headers)
            self.check_time(response.occurred_at, record, context)
            self._acted(response.lead_id, response.occurred_at, context)
        else:
            activity = decode_activity_completed(record.key, record.value, record.headers)
            self.check_time(activity["occurred_at"], record, context)
            if activity["kind"] != _NOT_BY_SALES and not activity.get("automatic", False):
                self._acted(activity["lead_id"], activity["occurred_at"], context)

    def waits(self, entries: Mapping[bytes, bytes]) -> Iterator[Timer]:
        """The times that run, found among the states."""
        return timers_in(
            entries,
            _RUNS,
            decode_state,
            lambda state: [one.due_ms for stages in state.running.values() for one in stages.values()],
        )

    def woken(self, key: bytes, state: LeadState, context: ProcessorContext) -> None:
        """Tell what is overdue of a lead."""
        overdue, counted = time_passed(state, self.live, context.now_ms)
        context.put(key, state)
        for one in overdue:
            self.emit(LEAD_FOLLOW_UP_OVERDUE, key, _event(key.decode(), state, one), context)
        self._count(counted, context)
        self._wake(key, state, context)

    def _assigned(self, record: Record, context: ProcessorContext) -> None:
        message = decode_lead_assigned(record.key, record.value, record.headers)
        self.check_time(message.occurred_at, record, context)
        key = message.lead_id.encode()
        state = self.state_of(key, context)
        if self.is_of_erased(state, message.lead_changed_offset, record):
            return
        if message.notice or (message.owner_id is None and self.holds_nothing(state)):
            return
        if state.repeats(message.event_id):
            return
        state.owner_id = message.owner_id
        context.put(key, state)
        if message.owner_id is None:
            # it waits for an owner, or has lost the one that it had, who is late no longer
            self._count(end(state, Outcome.ACTED, stage=ASSIGNED), context)
            return
        self._count(end(state, Outcome.ACTED, stage=QUALIFIED), context)
        cause = cause_of(LEAD_ASSIGNED, record, message.event_id, message.occurred_at)
        self._begin(key, state, ASSIGNED, cause, context)

    def _acted(self, lead_id: str, at: datetime, context: ProcessorContext) -> None:
        key = lead_id.encode()
        if not context.holds(key):
            return
        state = self.state_of(key, context)
        if state.running:
            self._count(end(state, Outcome.ACTED, acted_at=at), context)
            context.put(key, state)

    def _begin(self, key: bytes, state: LeadState, stage: str, cause: Cause, context: ProcessorContext) -> None:
        self._count(begin(state, stage, self.live.values(), context.now_ms, cause), context)
        self._wake(key, state, context)

    @staticmethod
    def _wake(key: bytes, state: LeadState, context: ProcessorContext) -> None:
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
    if (owner_id := state.owner_id or state.facts.owner_id) is not None:
        event["owner_id"] = owner_id
    if state.facts.contact_id is not None:
        event["contact_id"] = state.facts.contact_id
    return event
