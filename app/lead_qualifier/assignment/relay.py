"""The application assignment-relay: valid messages about sellers, and commands, go into the assignment queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from typing_extensions import override

from lead_qualifier.assignment.queue import CommandIssued, QueueEntry, SellerChanged, enqueue
from lead_qualifier.downstream.cause import cause_of
from lead_qualifier.downstream.lead_follower import now_of
from lead_qualifier.engine import Processor, ProcessorContext, Record, Rejected
from lead_qualifier.messages.assignment import decode_seller_changed
from lead_qualifier.messages.definitions import decode_definition_command
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, PlausibleTime
from lead_qualifier.messages.topics import ASSIGNMENT_COMMANDS, SELLER_CHANGED


class Relay(Processor):
    """Passes records on and stores nothing."""

    def __init__(self, prefix: str, time_tolerance: timedelta = DEFAULT_TOLERANCE) -> None:
        """`time_tolerance`: how far ahead of its record a message may be dated."""
        self._times = PlausibleTime(time_tolerance)
        self._prefix = prefix
        self._sellers = SELLER_CHANGED.full_name(prefix)

    @override
    def process(self, record: Record, context: ProcessorContext) -> None:
        """Pass one record on. Raises Rejected if it is invalid."""
        try:
            read = self._seller if record.topic == self._sellers else self._command
            key, entry = read(record, context)
        except BadMessage as bad:
            raise Rejected(str(bad), bad.kind) from None
        enqueue(context, self._prefix, key, entry)

    def _seller(self, record: Record, context: ProcessorContext) -> tuple[str, QueueEntry]:
        message = decode_seller_changed(record.key, record.value, record.headers)
        if isinstance(message, str):
            origin = f"{SELLER_CHANGED.name}/{record.partition}/{record.offset}"
            return message, SellerChanged(cause_of(SELLER_CHANGED, record, origin, now_of(context), context), message)
        self._times.check(message["occurred_at"], record.timestamp_ms, context.now_ms)
        cause = cause_of(SELLER_CHANGED, record, message["event_id"], message["occurred_at"], context)
        return message["seller_id"], SellerChanged(cause, message["seller_id"], cast("dict[str, Any]", message))

    def _command(self, record: Record, context: ProcessorContext) -> tuple[str, QueueEntry]:
        command = decode_definition_command(record.key, record.value, record.headers)
        self._times.check(command["issued_at"], record.timestamp_ms, context.now_ms, "issued_at")
        cause = cause_of(ASSIGNMENT_COMMANDS, record, command["command_id"], command["issued_at"], context)
        return command["definition_id"], CommandIssued(cause, cast("dict[str, Any]", command))
