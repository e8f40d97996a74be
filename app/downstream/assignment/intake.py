"""What leads do that concerns assignment: followed per lead, and put in its queue."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import Struct, field

from app.contracts.decode import BadMessage, ErasedLead, decode_lead_changed, decode_lead_merged
from app.contracts.downstream.decode_qualified import decode_lead_qualified
from app.contracts.topics import LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED
from app.downstream.assignment.queue import Changed, Closed, Qualified, Queued, enqueue
from app.downstream.cause import Cause
from app.downstream.facts import Facts, apply_change, apply_qualification
from app.downstream.lead_processor import now_of
from app.engine import Processor, Record, Rejected, Unit
from app.qualification.leads import Trigger


class FollowedLead(Struct, omit_defaults=True):
    """`queued`: it qualified, and was not closed since."""

    facts: Facts = field(default_factory=Facts)
    queued: bool = False


encode_followed = msgspec.json.Encoder().encode
decode_followed = msgspec.json.Decoder(FollowedLead).decode


class Intake(Processor):
    """The processor of `assignment-intake`."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._names = {one.full_name(prefix): one.name for one in (LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED)}

    def begin(self) -> int:
        """It follows whatever comes."""
        return 0

    def process(self, record: Record, unit: Unit) -> None:
        """Follow one record."""
        name = self._names[record.topic]
        try:
            if name == LEAD_CHANGED.name:
                self._change(record, unit)
            elif name == LEAD_QUALIFIED.name:
                self._qualified(record, unit)
            else:
                self._merged(record, unit)
        except BadMessage as bad:
            raise Rejected(str(bad)) from None

    def _qualified(self, record: Record, unit: Unit) -> None:
        event = decode_lead_qualified(record.key, record.value, record.headers)
        key, lead = _lead(record, unit)
        facts = lead.facts
        apply_qualification(
            facts, event.changes, event.occurred_at, owner_id=event.owner_id, contact_id=event.contact_id
        )
        if facts.open:
            lead.queued = True
            values = facts.values()
            cause = self._cause(record, event.event_id, event.occurred_at)
            told = Qualified(cause, event.lead_id, event.model_id, dict(values.own), dict(values.attributes))
            enqueue(unit, self._prefix, event.lead_id, told)
        unit.put(key, lead)

    def _change(self, record: Record, unit: Unit) -> None:
        message = decode_lead_changed(record.key, record.value, record.headers)
        key, lead = _lead(record, unit)
        if isinstance(message, ErasedLead):
            if lead.queued:
                now = now_of(unit)
                place = f"{LEAD_CHANGED.name}/{record.partition}/{record.offset}"
                enqueue(unit, self._prefix, message.lead_id, Closed(self._cause(record, place, now), message.lead_id))
            unit.delete(key)
            return
        changed = apply_change(lead.facts, message.change)
        if changed is None:
            return
        if lead.queued and (changed.fields or changed.attributes):
            cause = self._cause(record, message.event_id, message.change.occurred_at)
            told: Queued
            if lead.facts.open:
                values = lead.facts.values()
                owner_changed = "owner_id" in changed.fields
                told = Changed(cause, message.lead_id, owner_changed, dict(values.own), dict(values.attributes))
            else:
                told = Closed(cause, message.lead_id)
                lead.queued = False
            enqueue(unit, self._prefix, message.lead_id, told)
        unit.put(key, lead)

    def _merged(self, record: Record, unit: Unit) -> None:
        message = decode_lead_merged(record.key, record.value, record.headers)
        key, lead = _lead(record, unit)
        lead.facts.merged = True
        if lead.queued:
            lead.queued = False
            cause = self._cause(record, message.event_id, message.occurred_at)
            enqueue(unit, self._prefix, message.lead_id, Closed(cause, message.lead_id))
        unit.put(key, lead)

    def _cause(self, record: Record, event_id: str, occurred_at: datetime) -> Cause:
        return Cause(occurred_at, Trigger(event_id, self._names[record.topic], record.partition, record.offset))


def _lead(record: Record, unit: Unit) -> tuple[bytes, FollowedLead]:
    key = record.key
    assert key is not None  # it equals the lead's id
    return key, unit.get(key) or FollowedLead()
