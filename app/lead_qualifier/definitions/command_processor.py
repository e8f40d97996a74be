"""The processor that decides commands, of whatever kind: one partition, so one order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import structlog
from typing_extensions import override

from lead_qualifier.definitions.command_handler import Wording
from lead_qualifier.definitions.commands import CommandResult
from lead_qualifier.definitions.kind import Kind
from lead_qualifier.definitions.outcomes import command_of, definition_outcome
from lead_qualifier.definitions.registry import DefinitionRegistry, Registry, highest_revision_in
from lead_qualifier.engine import OutputTooLarge, Processor, ProcessorContext, Record, Rejected
from lead_qualifier.messages import cloud_events
from lead_qualifier.messages.definitions import decode_definition_command
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, PlausibleTime
from lead_qualifier.messages.topics import Topic
from lead_qualifier.qualification.utc import from_milliseconds

log = structlog.get_logger(__name__)

_encode = msgspec.json.Encoder().encode

R = TypeVar("R", bound=Registry[Any])
R_contra = TypeVar("R_contra", bound=Registry[Any], contravariant=True)


@dataclass(frozen=True, slots=True)
class Handled:
    """A decided command or announcement. `event`: its event on the audit trail, under `key`; None: none."""

    result: CommandResult[Any]
    key: str
    event: Mapping[str, Any] | None


class Handler(Protocol[R_contra]):
    """Decides the records of one input topic. Raises BadMessage."""

    def __call__(self, registry: R_contra, record: Record, context: ProcessorContext, times: PlausibleTime) -> Handled:
        """Decide one record by what is stored."""


class CommandProcessor(Processor, Generic[R]):
    """Decides commands on the stored entries, stores the results, and writes the outcomes to the audit trail.

    `project` is given the entries that changed, after each commit, and all of them when the partition is opened.
    """

    def __init__(
        self,
        registry: Callable[[Mapping[str, Any], Mapping[str, str], int], R],
        *,
        handlers: Mapping[Topic, Handler[R]],
        changed: Topic,
        topic_prefix: str,
        source: str,
        project: Callable[[Sequence[Any]], None],
        decode: Callable[[Mapping[bytes, bytes]], Sequence[Any]],
        time_tolerance: timedelta = DEFAULT_TOLERANCE,
    ) -> None:
        """`registry`: builds one from records, unreadable keys with reasons, and the highest revision used.

        `handlers`: by input topic. `decode`: the entries among what is stored, for `project`. `time_tolerance`: how far
        a message may be dated ahead of its record.
        """
        self._make = registry
        self._handlers = {topic.full_name(topic_prefix): handler for topic, handler in handlers.items()}
        self._trail = AuditTrail(changed, topic_prefix, source)
        self._project = project
        self._decode = decode
        self._times = PlausibleTime(time_tolerance)
        self._context: ProcessorContext | None = None
        self._registry = registry({}, {}, 0)

    @override
    def process(self, record: Record, context: ProcessorContext) -> None:
        """Decide one record."""
        registry = self._registry_of(context)
        try:
            handled = self._handlers[record.topic](registry, record, context, self._times)
        except BadMessage as bad:
            raise Rejected(str(bad), bad.kind) from None
        result = handled.result
        for stored in result.stored:
            context.put(stored.key.encode(), stored)
        self._registry = registry.after(result)
        if result.entry is not None:
            context.on_commit.append(result.entry)
        if handled.event is not None:
            self._trail.tell(handled.key, handled.event, context)

    @override
    def committed(self, context: ProcessorContext) -> None:
        """Show the workers what has changed, now that it is certain."""
        if context.on_commit:
            self._project(list(context.on_commit))

    @override
    def rolled_back(self, context: ProcessorContext) -> None:
        """Make the registry again from what the context holds."""
        self._context = None

    @override
    def opened(self, number: int, entries: Mapping[bytes, bytes]) -> None:
        """The former owner may have died between its commit and its projection."""
        self._context = None
        self._project(self._decode(entries))

    def _registry_of(self, context: ProcessorContext) -> R:
        if self._context is not context:
            self._context = context
            unreadable: dict[bytes, str] = {}
            self._registry = self._make(
                {key.decode(): state for key, state in context.items(unreadable)},
                {key.decode(errors="replace"): reason for key, reason in unreadable.items()},
                highest_revision_in(map(context.stored, unreadable)),
            )
        return self._registry


class AuditTrail:
    """Writes the outcome of each command to its topic."""

    def __init__(self, changed: Topic, topic_prefix: str, source: str) -> None:
        self._topic = changed.full_name(topic_prefix)
        self._type = cloud_events.event_type(changed.name)
        self._source = source

    def tell(self, key: str, event: Mapping[str, Any], context: ProcessorContext) -> None:
        """Emit the outcome; without the definition where it would not fit, since its issuer waits for it.

        Raises OutputTooLarge where it does not fit even so.
        """
        origin = event["origin"]
        headers = cloud_events.headers(
            self._type,
            event_id=f"{origin['topic']}/{origin['partition']}/{origin['offset']}",
            source=self._source,
            time=event["decided_at"],
            subject=key,
        )
        try:
            context.emit(self._topic, key.encode(), _encode(event), headers)
        except OutputTooLarge:
            if "definition" not in event:
                raise
            without = {name: value for name, value in event.items() if name != "definition"}
            context.emit(self._topic, key.encode(), _encode(without), headers)
        log.info("command_decided", command=event["command"], on=key, outcome=event["outcome"], reason=event["reason"])


def on_definitions(kind: Kind, commands: Topic, wording: Wording) -> Handler[DefinitionRegistry]:
    """Decides commands on definitions of a downstream service."""

    def handle(
        registry: DefinitionRegistry, record: Record, context: ProcessorContext, times: PlausibleTime
    ) -> Handled:
        message = decode_definition_command(record.key, record.value, record.headers)
        times.check(message["issued_at"], record.timestamp_ms, context.now_ms, "issued_at")
        key = message["definition_id"]
        command = command_of(message, key, record.offset)
        result = registry.handle(command, kind, wording, lambda entry: context.fits(entry.key.encode(), entry))
        origin = origin_of(record, commands, command.command_id)
        event = definition_outcome(
            kind.name, message, result, decided_at=from_milliseconds(context.now_ms), origin=origin
        )
        return Handled(result, key, event)

    return handle


def origin_of(record: Record, topic: Topic, event_id: str) -> Trigger:
    """The record that something is the outcome of. `topic`: where it stands, by its name without prefix."""
    return {"event_id": event_id, "topic": topic.name, "partition": record.partition, "offset": record.offset}
