"""Base of the processors keyed by lead: keeps a snapshot of each lead and reports what happens to it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec.structs import replace
from typing_extensions import override

from lead_qualifier.downstream.cause import Cause, cause_of
from lead_qualifier.downstream.lead_snapshot import (
    REMEMBERED_MS,
    Changed,
    Erased,
    LeadSnapshot,
    apply_change,
    apply_qualification,
    forget_implausible_times,
)
from lead_qualifier.engine import Processor, ProcessorContext, Record, Rejected, Timer, timers_in
from lead_qualifier.messages import cloud_events
from lead_qualifier.messages.decode import ErasedLead, decode_lead_changed, decode_lead_merged
from lead_qualifier.messages.decode_downstream import QualifiedLead, decode_lead_qualified
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, PlausibleTime, near
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED, Topic
from lead_qualifier.messages.trace_context import remembered_trace
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import from_milliseconds

S = TypeVar("S", bound="HasSnapshot")
"""The state of a lead."""

_encode = msgspec.json.Encoder().encode

#: Marks a lead whose erasure is remembered among encoded ones; a match in some text does no harm.
_ERASED = b'"erased":'


class _ErasedSnapshot(msgspec.Struct):
    erased: Erased | None = None


class _ErasedState(msgspec.Struct):
    """The part of any service's state that says whether the lead was erased."""

    snapshot: _ErasedSnapshot = msgspec.field(default_factory=_ErasedSnapshot, name="facts")


_decode_erased = msgspec.json.Decoder(_ErasedState).decode


class HasSnapshot(Protocol):
    """State with a snapshot of its lead, and the ids of the events read last."""

    snapshot: LeadSnapshot

    def seen_before(self, event_id: str) -> bool:
        """Was this event read before? It counts as read from now on."""


class LeadEvent(msgspec.Struct, frozen=True):
    """Something happened to a lead: because of which record, and what changed. `qualified`: the qualification, if it
    was one.
    """

    cause: Cause
    changed: Changed
    qualified: QualifiedLead | None = None


class LeadFollower(Processor, Generic[S]):
    """Follows each lead through lead-changed, lead-merged and lead-qualified, and calls the `on_...` methods.

    State passed to these is already updated and stored; who changes it further stores it again.
    """

    def __init__(self, *, topic_prefix: str, source: str, time_tolerance: timedelta = DEFAULT_TOLERANCE) -> None:
        """`time_tolerance`: how far ahead of its record a message may be dated."""
        self._times = PlausibleTime(time_tolerance)
        self._prefix = topic_prefix
        self._source = source
        self._topics = {
            topic.full_name(topic_prefix): topic
            for topic in (LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED, *self.other_inputs())
        }

    @property
    def inputs(self) -> tuple[Topic, ...]:
        """Every topic that it handles."""
        return tuple(self._topics.values())

    def other_inputs(self) -> tuple[Topic, ...]:
        """The topics that it handles, apart from the three about every lead."""
        return ()

    @abstractmethod
    def new_state(self) -> S:
        """The state of a lead that has none yet."""

    @override
    def process(self, record: Record, context: ProcessorContext) -> None:
        """Handle a record of any input. Raises Rejected if it is invalid."""
        topic = self._topics[record.topic]
        try:
            if topic is LEAD_CHANGED:
                self._lead_changed(record, context)
            elif topic is LEAD_MERGED:
                self._lead_merged(record, context)
            elif topic is LEAD_QUALIFIED:
                self._lead_qualified(record, context)
            else:
                self.process_other(topic, record, context)
        except BadMessage as bad:
            raise Rejected(str(bad), bad.kind) from None

    def process_other(self, topic: Topic, record: Record, context: ProcessorContext) -> None:
        """Handle a record of one of the `other_inputs`. Raises BadMessage."""
        raise NotImplementedError  # called only for `other_inputs`

    @abstractmethod
    def on_event(self, key: bytes, state: S, event: LeadEvent, context: ProcessorContext) -> None:
        """The CRM changed the lead, or a model qualified it."""

    def on_repeated(self, context: ProcessorContext) -> None:
        """A qualification was read again. Nothing changes."""
        return

    def on_merged(self, key: bytes, state: S, cause: Cause, context: ProcessorContext) -> None:
        """The lead was merged into another, which closes it."""

    def before_erasure(self, key: bytes, record: Record, context: ProcessorContext) -> None:
        """The lead's state is about to be erased."""
        return

    def lead_timers(self, entries: Mapping[bytes, bytes]) -> Iterable[Timer]:
        """The times that leads wait for, according to their stored states."""
        return ()

    def on_due(self, key: bytes, state: S, context: ProcessorContext) -> None:
        """A time that the lead waited for has come. The reason for waiting may no longer exist."""
        return

    @override
    def timers(self, entries: Mapping[bytes, bytes]) -> Iterator[Timer]:
        """When remembered erasures end, and `lead_timers`."""
        yield from timers_in(
            entries,
            _ERASED,
            _decode_erased,
            lambda state: [] if state.snapshot.erased is None else [state.snapshot.erased.until_ms],
        )
        yield from self.lead_timers(entries)

    @override
    def on_timer(self, key: bytes, context: ProcessorContext) -> None:
        """Forget a remembered erasure that ends now, and call `on_due`."""
        state: S | None = context.get(key)
        if state is None:
            return  # removed meanwhile
        erased = state.snapshot.erased
        if erased is not None and erased.until_ms <= context.now_ms:
            if self.holds_nothing(state):
                context.delete(key)
                return
            state.snapshot.erased = None
            context.put(key, state)
        self.on_due(key, state, context)

    def holds_nothing(self, state: S) -> bool:
        """Does the state say nothing except that the lead was erased, or merged?"""
        whole: Any = state
        return bool(replace(whole, snapshot=replace(state.snapshot, erased=None, merged=False)) == self.new_state())

    def predates_erasure(self, state: S, known: int | None, record: Record) -> bool:
        """Is a message of another service from before the lead was erased? `known`: its lead_changed_offset."""
        erased = state.snapshot.erased
        return erased is not None and erased.was_before(known, record.timestamp_ms)

    def state_of(self, key: bytes, context: ProcessorContext) -> S:
        """The stored state of the lead, or a new one."""
        held: S | None = context.get(key)
        if held is None:
            return self.new_state()
        self.forget_implausible_times(held, self._times.latest(context.now_ms))
        return held

    def forget_implausible_times(self, state: S, latest: datetime) -> None:
        """Treat times after `latest` as unknown: earlier versions accepted such times."""
        forget_implausible_times(state.snapshot, latest)

    def check_time(self, at: datetime, record: Record, context: ProcessorContext) -> None:
        """Raises BadMessage if nothing in this record can have occurred at this time."""
        self._times.check(at, record.timestamp_ms, context.now_ms)

    def emit(
        self,
        topic: Topic,
        key: bytes,
        event: Mapping[str, Any],
        context: ProcessorContext,
        trigger: Trigger | None = None,
    ) -> None:
        """Emit an event about a lead. `trigger`: what it follows from, if that is not the record being processed."""
        emit_event(topic, key, event, context, prefix=self._prefix, source=self._source, trigger=trigger)

    def _lead_changed(self, record: Record, context: ProcessorContext) -> None:
        message = decode_lead_changed(record.key, record.value, record.headers)
        key = message.lead_id.encode()
        if isinstance(message, ErasedLead):
            self._erase(key, record, context)
            return
        self.check_time(message.change.occurred_at, record, context)
        state = self.state_of(key, context)
        if (erased := state.snapshot.erased) is not None and record.offset <= erased.offset:
            state.snapshot.erased = None  # by a former topic of the same name
        changed = apply_change(state.snapshot, message.change)
        if changed is None:
            return  # stale
        context.put(key, state)
        cause = cause_of(LEAD_CHANGED, record, message.event_id, message.change.occurred_at, context)
        self.on_event(key, state, LeadEvent(cause, changed), context)

    def _erase(self, key: bytes, record: Record, context: ProcessorContext) -> None:
        if context.holds(key):
            self.before_erasure(key, record, context)
        state = self.new_state()
        state.snapshot.erased = Erased(record.offset, near(record.timestamp_ms, context.now_ms) + REMEMBERED_MS)
        context.put(key, state)
        context.schedule(key, state.snapshot.erased.until_ms)

    def _lead_merged(self, record: Record, context: ProcessorContext) -> None:
        message = decode_lead_merged(record.key, record.value, record.headers)
        self.check_time(message["occurred_at"], record, context)
        key = message["lead_id"].encode()
        state = self.state_of(key, context)
        if state.snapshot.merged:
            return
        state.snapshot.merged = True
        context.put(key, state)
        self.on_merged(
            key,
            state,
            cause_of(LEAD_MERGED, record, message["event_id"], message["occurred_at"], context),
            context,
        )

    def _lead_qualified(self, record: Record, context: ProcessorContext) -> None:
        message = decode_lead_qualified(record.key, record.value, record.headers)
        self.check_time(message.occurred_at, record, context)
        key = message.lead_id.encode()
        state = self.state_of(key, context)
        if self.predates_erasure(state, message.lead_changed_offset, record):
            return
        if state.seen_before(message.event_id):
            # its data is not news either: what the CRM has reported since counts
            self.on_repeated(context)
            return
        changed = apply_qualification(
            state.snapshot,
            message.changes,
            message.occurred_at,
            left=message.left,
            known_at=message.known_at,
            owner_id=message.owner_id,
            contact_id=message.contact_id,
        )
        context.put(key, state)
        cause = cause_of(LEAD_QUALIFIED, record, message.event_id, message.occurred_at, context)
        self.on_event(key, state, LeadEvent(cause, changed, message), context)


def now_of(context: ProcessorContext) -> datetime:
    """The time that this cycle's decisions use."""
    return from_milliseconds(context.now_ms)


def emit_event(
    topic: Topic,
    key: bytes,
    event: Mapping[str, Any],
    context: ProcessorContext,
    *,
    prefix: str,
    source: str,
    trigger: Trigger | None = None,
) -> None:
    """Emit an event about the lead with this id. `prefix`: of the topic's name. `trigger`: gives the trace when no
    record is being processed.
    """
    trace = () if trigger is None else remembered_trace(trigger)
    headers = cloud_events.headers(
        cloud_events.event_type(topic.name),
        event_id=event["event_id"],
        source=source,
        time=now_of(context),
        subject=key.decode(),
    )
    context.emit(topic.full_name(prefix), key, _encode(event), headers, trace=trace)
