"""The decider of assignments: its queue in, decisions and the audit trail of definitions out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec

from lead_qualifier.assignment.assigner import Assigner, Decision
from lead_qualifier.assignment.kind import knowing
from lead_qualifier.assignment.queue import (
    Changed,
    Closed,
    Commanded,
    Qualified,
    Queued,
    SellerTold,
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
from lead_qualifier.definitions.command_handler import Wording
from lead_qualifier.definitions.command_processor import AuditTrail
from lead_qualifier.definitions.outcomes import command_of, definition_outcome
from lead_qualifier.definitions.registry import DefinitionRegistry, highest_revision_in
from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.identities import event_id
from lead_qualifier.downstream.lead_follower import now_of
from lead_qualifier.engine import Processor, ProcessorContext, Record, Rejected, Timer
from lead_qualifier.messages import cloud_events
from lead_qualifier.messages.assignment import LeadAssigned
from lead_qualifier.messages.downstream_topics import ASSIGNMENT_DEFINITION_CHANGED, LEAD_ASSIGNED
from lead_qualifier.messages.lead_qualified import trigger_of
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, PlausibleTime
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import from_milliseconds
from lead_qualifier.wording.sentences import IN_ENGLISH

_encode = msgspec.json.Encoder().encode

#: How a lead that waits is told among encoded ones; it may stand in a text too, which does no harm.
_WAITS = b'"waits":'


class AssignmentDecider(Processor):
    """The processor of `assignment`: one partition, so one order."""

    def __init__(
        self,
        prefix: str,
        source: str,
        time_tolerance: timedelta = DEFAULT_TOLERANCE,
        wording: Wording = IN_ENGLISH,
    ) -> None:
        """`time_tolerance`: how far a message may be dated ahead of its record. `wording`: of the audit trail."""
        self._wording = wording
        self._trail = AuditTrail(ASSIGNMENT_DEFINITION_CHANGED, prefix, source)
        self._times = PlausibleTime(time_tolerance)
        self._prefix = prefix
        self._source = source
        self._unit: ProcessorContext | None = None
        self._sound = False
        self._desk = Assigner([], ())
        self._definitions = DefinitionRegistry()

    def begin(self) -> int:
        """Its rules are in its own state."""
        return 0

    def process(self, record: Record, context: ProcessorContext) -> None:
        """Decide one record of the queue."""
        try:
            queued = decode(record.value or b"")
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Rejected(f"only the assignment service writes to this topic, and never this: {error}") from None
        if isinstance(queued, Qualified | Changed):
            context.get(LEAD + queued.lead_id.encode())  # rejected here if unreadable, before anything is changed
        self._follow(context)
        self._sound = False  # until it is through: an exception leaves the desk half changed
        now = now_of(context)
        self._desk.begin(context, now)
        self._occur(queued, record, context)
        decided, again = self._desk.end()
        self._sound = True
        if isinstance(queued, Tick):
            place = Trigger(f"assignment-queue/0/{record.offset}", "assignment-queue", 0, record.offset)
            cause = Cause(queued.occurred_at, place)
        else:
            cause = queued.cause
        for one in decided:
            self._tell(one, cause, record.offset, now, context)
        if self._desk.unfinished:
            enqueue(context, self._prefix, "tick", Tick(now))
        elif again is not None:
            self._set_alarm(int(again.timestamp() * 1000) + 1, context)

    def _occur(self, queued: Queued, record: Record, context: ProcessorContext) -> None:
        desk = self._desk
        match queued:
            case Qualified():
                held = HeldLead(
                    model_id=queued.model_id,
                    qualified_at=queued.cause.occurred_at,
                    own=queued.own,
                    attributes=queued.attributes,
                    lead_changed_offset=queued.lead_changed_offset,
                )
                desk.qualified(queued.lead_id, held)
            case Changed():
                at = queued.cause.occurred_at if queued.owner_changed else None
                desk.changed(queued.lead_id, queued.own, queued.attributes, owner_changed_at=at)
            case Closed():
                if _is_readable(LEAD + queued.lead_id.encode(), context):
                    desk.closed(queued.lead_id)
                else:
                    context.delete(LEAD + queued.lead_id.encode())  # erased, perhaps: nothing of it may remain
            case SellerTold():
                desk.seller_changed(_seller(queued), self._times.latest(context.now_ms))
            case Commanded():
                self._command(queued, context)
            case Tick():
                desk.time_passed()

    def _command(self, queued: Commanded, context: ProcessorContext) -> None:
        message = {**queued.command, "issued_at": queued.cause.occurred_at}
        trigger = queued.cause.trigger
        kind = knowing(self._desk.sellers)
        result = self._definitions.handle(
            command_of(message, message["definition_id"], trigger.offset),
            kind,
            self._wording,
            lambda entry: context.fits(DEFINITION + entry.id.encode(), HeldDefinition(entry)),
        )
        for entry in result.stored:
            context.put(DEFINITION + entry.id.encode(), HeldDefinition(entry))
        before = live_rules(self._definitions.records.values())
        self._definitions = self._definitions.after(result)
        event = definition_outcome(
            kind.name, message, result, decided_at=from_milliseconds(context.now_ms), origin=trigger_of(trigger)
        )
        self._trail.tell(message["definition_id"], event, context)
        rules = live_rules(self._definitions.records.values())
        if [(one.id, one.version) for one in rules] != [(one.id, one.version) for one in before]:
            self._desk.rules_changed(rules)

    def _tell(self, decision: Decision, cause: Cause, offset: int, now: datetime, context: ProcessorContext) -> None:
        event: LeadAssigned = {
            "event_id": event_id(LEAD_ASSIGNED.name, decision.lead_id, decision.number, offset, cause.trigger.event_id),
            "lead_id": decision.lead_id,
            "result": {"code": int(decision.code), "name": decision.code.word},
            "considered": [cast("Any", {"seller_id": one, "why": why}) for one, why in decision.considered],
            "decision_number": decision.number,
            "queue_offset": offset,
            "decided_at": now,
            "occurred_at": cause.occurred_at,
            "trigger": trigger_of(cause.trigger),
        }
        if decision.definition is not None:
            event["assignment_id"], event["assignment_version"] = decision.definition, decision.version
        if decision.segment is not None:
            event["segment"] = decision.segment
        if decision.rule is not None:
            event["rule"] = decision.rule
        if decision.owner is not None:
            event["owner"] = cast("Any", {"kind": decision.owner.kind, "id": decision.owner.id})
        if decision.departed is not None:
            event["owner_departed"] = decision.departed
        if decision.previous_owner_id is not None:
            event["previous_owner_id"] = decision.previous_owner_id
        if decision.lead_changed_offset is not None:
            event["lead_changed_offset"] = decision.lead_changed_offset
        if decision.more:
            event["considered_more"] = decision.more
        headers = cloud_events.headers(
            cloud_events.event_type(LEAD_ASSIGNED.name),
            event_id=event["event_id"],
            source=self._source,
            time=now,
            subject=decision.lead_id,
        )
        context.emit(LEAD_ASSIGNED.full_name(self._prefix), decision.lead_id.encode(), _encode(event), headers)
        context.counts["assignment", decision.definition or "none", decision.code.word] += 1

    def _set_alarm(self, due: int, context: ProcessorContext) -> None:
        """One that goes off too early does no harm: what it leads to sets the next."""
        held = _alarm(context)
        if held is None or due < held.due:
            context.put(ALARM, Alarm(due))
            context.schedule(ALARM, due)

    def timers(self, entries: Mapping[bytes, bytes]) -> Iterable[Timer]:
        """When those that wait are to be looked at again: at once if somebody waits and it is not known."""
        try:
            alarm = decode_state(entries.get(ALARM, b""))
        except (msgspec.DecodeError, ValueError, RecursionError):
            alarm = None
        if isinstance(alarm, Alarm):
            yield alarm.due, ALARM
        elif any(_WAITS in value and key.startswith(LEAD) for key, value in entries.items()):
            yield 0, ALARM

    def on_timer(self, key: bytes, context: ProcessorContext) -> None:
        """Put it in the queue: what is decided then has its place in the one order."""
        held = _alarm(context)
        if held is None or held.due <= context.now_ms:
            context.delete(key)
            enqueue(context, self._prefix, "tick", Tick(now_of(context)))

    def _follow(self, context: ProcessorContext) -> None:
        """A cycle that was not committed leaves the desk ahead of the state: it is made anew."""
        if context is self._unit and self._sound:
            return
        if self._unit is not None or not self._sound:
            unreadable: dict[bytes, str] = {}
            states = list(context.items(unreadable))
            definitions = [key for key in unreadable if key.startswith(DEFINITION)]
            self._definitions = DefinitionRegistry(
                {state.entry.id: state.entry for _, state in states if isinstance(state, HeldDefinition)},
                {key.removeprefix(DEFINITION).decode(errors="replace"): unreadable[key] for key in definitions},
                highest_revision_in(map(context.stored, definitions)),
            )
            self._desk = Assigner(states, live_rules(self._definitions.records.values()))
        self._unit = context

    def rolled_back(self, context: ProcessorContext) -> None:
        """The desk is made again from what the unit holds."""
        self._sound = False

    def committed(self, context: ProcessorContext) -> None:
        """The desk stands as the state does."""
        if context is self._unit:
            self._unit = None

    def opened(self, number: int, entries: Mapping[bytes, bytes]) -> None:
        """Whatever was known may be another's by now."""
        self._unit, self._sound = None, False


def _is_readable(key: bytes, context: ProcessorContext) -> bool:
    try:
        context.get(key)
    except Rejected:
        return False
    return True


def _alarm(context: ProcessorContext) -> Alarm | None:
    """The alarm that is set; None if there is none that can be read."""
    held = context.get(ALARM) if _is_readable(ALARM, context) else None
    return held if isinstance(held, Alarm) else None


def _seller(told: SellerTold) -> HeldSeller:
    seller = told.seller
    if seller is None:
        return HeldSeller(id=told.seller_id, changed_at=told.cause.occurred_at, gone=True)
    return HeldSeller(
        id=told.seller_id,
        changed_at=told.cause.occurred_at,
        name=seller.get("name"),
        attributes=seller.get("attributes", {}),
        time_zone=seller["time_zone"],
        work_hours=seller.get("work_hours"),
        days_off=seller.get("days_off", []),
        maximum=seller["capacity"]["max"] if "capacity" in seller else None,
        available=seller.get("available", True),
        active=seller.get("status", "active") == "active",
    )
