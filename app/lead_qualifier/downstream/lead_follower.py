"""What every processor keyed by lead has in common: it follows the facts of each lead, and emits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

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
from lead_qualifier.messages.decode import BadMessage, ErasedLead, decode_lead_changed, decode_lead_merged
from lead_qualifier.messages.decode_qualified import QualifiedLead, decode_lead_qualified
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, PlausibleTime, near
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED, Topic
from lead_qualifier.qualification.utc import from_milliseconds

S = TypeVar("S", bound="HasFacts")
"""What is held about a lead."""

_encode = msgspec.json.Encoder().encode

#: How a lead whose erasure is remembered is told among encoded ones; it may stand in a text too, which does no harm.
_ERASED = b'"erased":'


class _ErasedFacts(msgspec.Struct):
    erased: Erased | None = None


class _ErasedState(msgspec.Struct):
    """Of a state of any service, what says that the lead was erased."""

    facts: _ErasedFacts = msgspec.field(default_factory=_ErasedFacts)


_decode_erased = msgspec.json.Decoder(_ErasedState).decode


class HasFacts(Protocol):
    """A state that holds facts about its lead, and the events that were last read of it."""

    facts: LeadSnapshot

    def repeats(self, event_id: str) -> bool:
        """Was this event read before? It is from now on."""


class LeadEvent(msgspec.Struct, frozen=True):
    """What has happened to a lead: the record that tells of it, and what it changed. `qualified`: a model did it."""

    cause: Cause
    changed: Changed
    qualified: QualifiedLead | None = None


class LeadFollower(Processor, Generic[S]):
    """Keeps the facts of each lead and tells what has changed on it."""

    def __init__(self, *, topic_prefix: str, source: str, time_tolerance: timedelta = DEFAULT_TOLERANCE) -> None:
        """`time_tolerance`: how far a message may be dated ahead of its record."""
        self._times = PlausibleTime(time_tolerance)
        self._prefix = topic_prefix
        self._source = source
        self._topics = {
            topic.full_name(topic_prefix): topic
            for topic in (LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED, *self.further_inputs())
        }

    @property
    def inputs(self) -> tuple[Topic, ...]:
        """What it reads."""
        return tuple(self._topics.values())

    def further_inputs(self) -> tuple[Topic, ...]:
        """Inputs of the service besides those about every lead."""
        return ()

    @abstractmethod
    def new(self) -> S:
        """What is held about a lead of which nothing is held."""

    def process(self, record: Record, context: ProcessorContext) -> None:
        """Decide one record of any input."""
        topic = self._topics[record.topic]
        try:
            if topic is LEAD_CHANGED:
                self._lead_changed(record, context)
            elif topic is LEAD_MERGED:
                self._lead_merged(record, context)
            elif topic is LEAD_QUALIFIED:
                self._lead_qualified(record, context)
            else:
                self.further(topic, record, context)
        except BadMessage as bad:
            raise Rejected(str(bad)) from None

    def further(self, topic: Topic, record: Record, context: ProcessorContext) -> None:
        """Decide a record of one of the further inputs. Raises BadMessage."""
        raise NotImplementedError  # never called where there are none; who names some says what becomes of them

    @abstractmethod
    def happened(self, key: bytes, state: S, what: LeadEvent, context: ProcessorContext) -> None:
        """The CRM changed the lead, or a model qualified it; its facts are applied, and the state is put."""

    def repeated(self, context: ProcessorContext) -> None:
        """A qualification was read again, and changes nothing."""
        return

    def merged(self, key: bytes, state: S, cause: Cause, context: ProcessorContext) -> None:
        """The lead was merged into another, which closes it; the state is put."""

    def erasing(self, key: bytes, record: Record, context: ProcessorContext) -> None:
        """The lead is about to be erased; it is all forgotten after that."""
        return

    def waits(self, entries: Mapping[bytes, bytes]) -> Iterable[Timer]:
        """What the service waits for about its leads, found among the states."""
        return ()

    def woken(self, key: bytes, state: S, context: ProcessorContext) -> None:
        """The time of a lead has come. What it waited for may be gone by now."""
        return

    def timers(self, entries: Mapping[bytes, bytes]) -> Iterator[Timer]:
        """Erasures that are remembered, and what the service waits for."""
        yield from timers_in(
            entries,
            _ERASED,
            _decode_erased,
            lambda state: [] if state.facts.erased is None else [state.facts.erased.until_ms],
        )
        yield from self.waits(entries)

    def on_timer(self, key: bytes, context: ProcessorContext) -> None:
        """Forget that the lead was erased, if it is time, and decide what waited until now."""
        state: S | None = context.get(key)
        if state is None:
            return  # forgotten meanwhile
        erased = state.facts.erased
        if erased is not None and erased.until_ms <= context.now_ms:
            if self.holds_nothing(state):
                context.delete(key)
                return
            state.facts.erased = None
            context.put(key, state)
        self.woken(key, state, context)

    def holds_nothing(self, state: S) -> bool:
        """Is nothing held about the lead but that it was erased, and perhaps merged?"""
        whole: Any = state
        return bool(replace(whole, facts=replace(state.facts, erased=None, merged=False)) == self.new())

    def is_of_erased(self, state: S, known: int | None, record: Record) -> bool:
        """Is a message of another service about a lead that was erased since? `known`: its lead_changed_offset."""
        erased = state.facts.erased
        return erased is not None and erased.was_before(known, record.timestamp)

    def state_of(self, key: bytes, context: ProcessorContext) -> S:
        """What is held about a lead, or a new state."""
        held: S | None = context.get(key)
        if held is None:
            return self.new()
        self.forget_implausible_times(held, self._times.latest(context.now_ms))
        return held

    def forget_implausible_times(self, state: S, latest: datetime) -> None:
        """Take times after `latest` for unknown: an earlier version may have let a lead be dated ahead."""
        forget_implausible_times(state.facts, latest)

    def check_time(self, at: datetime, record: Record, context: ProcessorContext) -> None:
        """Raises BadMessage if the record cannot be about something that occurred at this time."""
        self._times.check(at, record.timestamp, context.now_ms)

    def emit(self, topic: Topic, key: bytes, event: Mapping[str, Any], context: ProcessorContext) -> None:
        """Emit an event about a lead."""
        headers = cloud_events.headers(
            cloud_events.event_type(topic.name),
            event_id=event["event_id"],
            source=self._source,
            time=now_of(context),
            subject=key.decode(),
        )
        context.emit(topic.full_name(self._prefix), key, _encode(event), headers)

    def _lead_changed(self, record: Record, context: ProcessorContext) -> None:
        message = decode_lead_changed(record.key, record.value, record.headers)
        key = message.lead_id.encode()
        if isinstance(message, ErasedLead):
            self._erase(key, record, context)
            return
        self.check_time(message.change.occurred_at, record, context)
        state = self.state_of(key, context)
        if (erased := state.facts.erased) is not None and record.offset <= erased.offset:
            state.facts.erased = None  # of a topic of that name that was there before
        changed = apply_change(state.facts, message.change)
        if changed is None:
            return  # stale
        context.put(key, state)
        cause = cause_of(LEAD_CHANGED, record, message.event_id, message.change.occurred_at)
        self.happened(key, state, LeadEvent(cause, changed), context)

    def _erase(self, key: bytes, record: Record, context: ProcessorContext) -> None:
        if context.holds(key):
            self.erasing(key, record, context)
        state = self.new()
        state.facts.erased = Erased(record.offset, near(record.timestamp, context.now_ms) + REMEMBERED_MS)
        context.put(key, state)
        context.schedule(key, state.facts.erased.until_ms)

    def _lead_merged(self, record: Record, context: ProcessorContext) -> None:
        message = decode_lead_merged(record.key, record.value, record.headers)
        self.check_time(message.occurred_at, record, context)
        key = message.lead_id.encode()
        state = self.state_of(key, context)
        if state.facts.merged:
            return
        state.facts.merged = True
        context.put(key, state)
        self.merged(key, state, cause_of(LEAD_MERGED, record, message.event_id, message.occurred_at), context)

    def _lead_qualified(self, record: Record, context: ProcessorContext) -> None:
        message = decode_lead_qualified(record.key, record.value, record.headers)
        self.check_time(message.occurred_at, record, context)
        key = message.lead_id.encode()
        state = self.state_of(key, context)
        if self.is_of_erased(state, message.lead_changed_offset, record):
            return
        if state.repeats(message.event_id):
            # nor are its facts news: what the CRM said since stands
            self.repeated(context)
            return
        changed = apply_qualification(
            state.facts,
            message.changes,
            message.occurred_at,
            left=message.left,
            known_at=message.known_at,
            owner_id=message.owner_id,
            contact_id=message.contact_id,
        )
        context.put(key, state)
        cause = cause_of(LEAD_QUALIFIED, record, message.event_id, message.occurred_at)
        self.happened(key, state, LeadEvent(cause, changed, message), context)


def now_of(context: ProcessorContext) -> datetime:
    """The time by which the unit decides."""
    return from_milliseconds(context.now_ms)
