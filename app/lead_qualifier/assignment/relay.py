"""Sellers and commands on their way into assignment's queue: only what is of the right form."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from lead_qualifier.assignment.queue import Commanded, Queued, SellerTold, enqueue
from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.lead_follower import now_of
from lead_qualifier.engine import Processor, ProcessorContext, Record, Rejected
from lead_qualifier.messages.assignment import decode_seller_changed
from lead_qualifier.messages.decode import BadMessage
from lead_qualifier.messages.definitions import decode_definition_command
from lead_qualifier.messages.downstream_topics import ASSIGNMENT_COMMANDS, SELLER_CHANGED
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, PlausibleTime
from lead_qualifier.qualification.leads import Trigger


class Relay(Processor):
    """The processor of `assignment-relay`. It keeps nothing."""

    def __init__(self, prefix: str, time_tolerance: timedelta = DEFAULT_TOLERANCE) -> None:
        """`time_tolerance`: how far a message may be dated ahead of its record."""
        self._times = PlausibleTime(time_tolerance)
        self._prefix = prefix
        self._sellers = SELLER_CHANGED.full_name(prefix)

    def begin(self) -> int:
        """It relays whatever comes."""
        return 0

    def process(self, record: Record, context: ProcessorContext) -> None:
        """Relay one record."""
        try:
            key, queued = (
                self._seller(record, context) if record.topic == self._sellers else self._command(record, context)
            )
        except BadMessage as bad:
            raise Rejected(str(bad)) from None
        enqueue(context, self._prefix, key, queued)

    def _seller(self, record: Record, context: ProcessorContext) -> tuple[str, Queued]:
        message = decode_seller_changed(record.key, record.value, record.headers)
        if isinstance(message, str):
            now = now_of(context)
            place = f"{SELLER_CHANGED.name}/{record.partition}/{record.offset}"
            return message, SellerTold(Cause(now, _trigger(place, SELLER_CHANGED.name, record)), message)
        self._times.check(message["occurred_at"], record.timestamp, context.now_ms)
        trigger = _trigger(message["event_id"], SELLER_CHANGED.name, record)
        seller = cast("dict[str, Any]", message)
        return message["seller_id"], SellerTold(Cause(message["occurred_at"], trigger), message["seller_id"], seller)

    def _command(self, record: Record, context: ProcessorContext) -> tuple[str, Queued]:
        command = decode_definition_command(record.key, record.value, record.headers)
        self._times.check(command["issued_at"], record.timestamp, context.now_ms, "issued_at")
        trigger = _trigger(command["command_id"], ASSIGNMENT_COMMANDS.name, record)
        cause = Cause(command["issued_at"], trigger)
        return command["definition_id"], Commanded(cause, cast("dict[str, Any]", command))


def _trigger(event_id: str, topic: str, record: Record) -> Trigger:
    return Trigger(event_id, topic, record.partition, record.offset)
