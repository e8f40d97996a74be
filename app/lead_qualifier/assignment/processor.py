"""The application assignment: decides on the entries of its queue, one after the other, in one partition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
from typing_extensions import override

from lead_qualifier.assignment.assigner import Assigner
from lead_qualifier.assignment.decisions import Decision, lead_assigned
from lead_qualifier.assignment.kind import kind_with_sellers
from lead_qualifier.assignment.queue import (
    CommandIssued,
    LeadChanged,
    LeadClosed,
    LeadQualified,
    QueueEntry,
    SellerChanged,
    Tick,
    decode,
    enqueue,
)
from lead_qualifier.assignment.rules import live_rules
from lead_qualifier.assignment.state import (
    ALARM,
    DEFINITION,
    LEAD,
    Alarm,
    HeldDefinition,
    HeldLead,
    HeldSeller,
    decode_state,
)
from lead_qualifier.definitions.command_processor import AuditTrail
from lead_qualifier.definitions.outcomes import command_of, definition_outcome
from lead_qualifier.definitions.registry import DefinitionRegistry, highest_revision_in
from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.lead_follower import emit_event, now_of
from lead_qualifier.engine import Processor, ProcessorContext, Record, Rejected, Timer
from lead_qualifier.messages.lead_qualified import trigger_of
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, PlausibleTime
from lead_qualifier.messages.topics import ASSIGNMENT_DEFINITION_CHANGED, LEAD_ASSIGNED
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import from_milliseconds
from lead_qualifier.wording.sentences import IN_ENGLISH

#: Marks a waiting lead among encoded ones; a match in some text does no harm.
_WAITS = b'"waits":'


class AssignmentProcessor(Processor):
    """Emits decisions about leads, and outcomes of commands on definitions.

    Counts ("assignment", definition id or "none", result) per cycle.
    """

    def __init__(self, prefix: str, source: str, time_tolerance: timedelta = DEFAULT_TOLERANCE) -> None:
        """`time_tolerance`: how far ahead of its record a message may be dated."""
        self._trail = AuditTrail(ASSIGNMENT_DEFINITION_CHANGED, prefix, source)
        self._times = PlausibleTime(time_tolerance)
        self._prefix = prefix
        self._source = source
        self._context: ProcessorContext | None = None
        #: Does the assigner match the state of this context?
        self._in_step = False
        self._assigner = Assigner([], ())
        self._definitions = DefinitionRegistry()

    @override
    def process(self, record: Record, context: ProcessorContext) -> None:
        """Process one entry of the queue. Raises Rejected if that is invalid."""
        try:
            entry = decode(record.value or b"")
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Rejected(f"only the assignment service writes to this topic, and never this: {error}") from None
        if isinstance(entry, LeadQualified | LeadChanged):
            context.get(LEAD + entry.lead_id.encode())  # if unreadable, it is rejected here, before anything changes
        self._synchronise(context)
        self._in_step = False  # until this succeeds: an exception leaves the assigner half changed
        now = now_of(context)
        self._assigner.begin(context, now)
        self._handle(entry, context)
        decided, again_at = self._assigner.end()
        self._in_step = True
        if isinstance(entry, Tick):
            trigger = Trigger(f"assignment-queue/0/{record.offset}", "assignment-queue", 0, record.offset)
            cause = Cause(entry.occurred_at, trigger)
        else:
            cause = entry.cause
        for one in decided:
            self._emit(one, cause, record.offset, now, context)
        if self._assigner.unfinished:
            enqueue(context, self._prefix, "tick", Tick(now))
        elif again_at is not None:
            self._set_alarm(int(again_at.timestamp() * 1000) + 1, context)

    def _handle(self, entry: QueueEntry, context: ProcessorContext) -> None:
        assigner = self._assigner
        match entry:
            case LeadQualified():
                held = HeldLead(
                    model_id=entry.model_id,
                    qualified_at=entry.cause.occurred_at,
                    own=entry.own,
                    attributes=entry.attributes,
                    lead_changed_offset=entry.lead_changed_offset,
                )
                assigner.lead_qualified(entry.lead_id, held)
            case LeadChanged():
                at = entry.cause.occurred_at if entry.owner_changed else None
                assigner.lead_changed(entry.lead_id, entry.own, entry.attributes, owner_changed_at=at)
            case LeadClosed():
                if _is_readable(LEAD + entry.lead_id.encode(), context):
                    assigner.lead_closed(entry.lead_id)
                else:
                    context.delete(LEAD + entry.lead_id.encode())  # it may be erased: no trace may remain
            case SellerChanged():
                assigner.seller_changed(_seller(entry), self._times.latest(context.now_ms))
            case CommandIssued():
                self._command(entry, context)
            case Tick():
                assigner.time_passed()

    def _command(self, entry: CommandIssued, context: ProcessorContext) -> None:
        message = {**entry.command, "issued_at": entry.cause.occurred_at}
        trigger = entry.cause.trigger
        kind = kind_with_sellers(self._assigner.sellers)
        result = self._definitions.handle(
            command_of(message, message["definition_id"], trigger.offset),
            kind,
            IN_ENGLISH,
            lambda changed: context.fits(DEFINITION + changed.id.encode(), HeldDefinition(changed)),
        )
        for changed in result.stored:
            context.put(DEFINITION + changed.id.encode(), HeldDefinition(changed))
        before = live_rules(self._definitions.records.values())
        self._definitions = self._definitions.after(result)
        event = definition_outcome(
            kind.name, message, result, decided_at=from_milliseconds(context.now_ms), origin=trigger_of(trigger)
        )
        self._trail.tell(message["definition_id"], event, context)
        rules = live_rules(self._definitions.records.values())
        if [(one.id, one.version) for one in rules] != [(one.id, one.version) for one in before]:
            self._assigner.rules_changed(rules)

    def _emit(self, decision: Decision, cause: Cause, offset: int, now: datetime, context: ProcessorContext) -> None:
        event = lead_assigned(decision, cause, offset, now)
        key = decision.lead_id.encode()
        emit_event(LEAD_ASSIGNED, key, event, context, prefix=self._prefix, source=self._source)
        context.counts["assignment", decision.definition or "none", decision.code.word] += 1

    def _set_alarm(self, due: int, context: ProcessorContext) -> None:
        """An alarm that is too early does no harm: handling it sets the next."""
        held = _alarm(context)
        if held is None or due < held.due:
            context.put(ALARM, Alarm(due))
            context.schedule(ALARM, due)

    @override
    def timers(self, entries: Mapping[bytes, bytes]) -> Iterable[Timer]:
        """When waiting leads must be attempted again: immediately if there are any and the alarm is unreadable."""
        try:
            alarm = decode_state(entries.get(ALARM, b""))
        except (msgspec.DecodeError, ValueError, RecursionError):
            alarm = None
        if isinstance(alarm, Alarm):
            yield alarm.due, ALARM
        elif any(_WAITS in value and key.startswith(LEAD) for key, value in entries.items()):
            yield 0, ALARM

    @override
    def on_timer(self, key: bytes, context: ProcessorContext) -> None:
        """Append a tick to the queue, so that what it leads to has its place in the total order."""
        held = _alarm(context)
        if held is None or held.due <= context.now_ms:
            context.delete(key)
            enqueue(context, self._prefix, "tick", Tick(now_of(context)))

    def _synchronise(self, context: ProcessorContext) -> None:
        """Build the assigner again if it is ahead of the state, as after a cycle that was not committed."""
        if context is self._context and self._in_step:
            return
        if self._context is not None or not self._in_step:
            unreadable: dict[bytes, str] = {}
            states = list(context.items(unreadable))
            definitions = [key for key in unreadable if key.startswith(DEFINITION)]
            self._definitions = DefinitionRegistry(
                {state.entry.id: state.entry for _, state in states if isinstance(state, HeldDefinition)},
                {key.removeprefix(DEFINITION).decode(errors="replace"): unreadable[key] for key in definitions},
                highest_revision_in(map(context.stored, definitions)),
            )
            self._assigner = Assigner(states, live_rules(self._definitions.records.values()))
        self._context = context

    @override
    def rolled_back(self, context: ProcessorContext) -> None:
        """The assigner is ahead of the state."""
        self._in_step = False

    @override
    def committed(self, context: ProcessorContext) -> None:
        """The assigner matches the state."""
        if context is self._context:
            self._context = None

    @override
    def opened(self, number: int, entries: Mapping[bytes, bytes]) -> None:
        """Another process may have changed the state meanwhile."""
        self._context, self._in_step = None, False


def _is_readable(key: bytes, context: ProcessorContext) -> bool:
    try:
        context.get(key)
    except Rejected:
        return False
    return True


def _alarm(context: ProcessorContext) -> Alarm | None:
    """The alarm; None if there is none, or it is unreadable."""
    held = context.get(ALARM) if _is_readable(ALARM, context) else None
    return held if isinstance(held, Alarm) else None


def _seller(change: SellerChanged) -> HeldSeller:
    seller = change.seller
    if seller is None:
        return HeldSeller(id=change.seller_id, changed_at=change.cause.occurred_at, gone=True)
    return HeldSeller(
        id=change.seller_id,
        changed_at=change.cause.occurred_at,
        name=seller.get("name"),
        attributes=seller.get("attributes", {}),
        time_zone=seller["time_zone"],
        work_hours=seller.get("work_hours"),
        days_off=seller.get("days_off", []),
        maximum=seller["capacity"]["max"] if "capacity" in seller else None,
        available=seller.get("available", True),
        active=seller.get("status", "active") == "active",
    )
