"""The processor that decides commands on definitions of one kind: one partition, so one order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import msgspec
import structlog

from lead_qualifier.definitions.entries import Entry, entries_of
from lead_qualifier.definitions.kind import Kind
from lead_qualifier.definitions.registry import Order, Verdict, decide
from lead_qualifier.engine import OutputTooLarge, Processor, ProcessorContext, Record, Rejected
from lead_qualifier.messages import cloud_events
from lead_qualifier.messages.decode import BadMessage
from lead_qualifier.messages.definitions import DefinitionChanged, DefinitionCommand, decode_definition_command
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, PlausibleTime
from lead_qualifier.messages.topics import Topic
from lead_qualifier.qualification.entries import highest_revision_in
from lead_qualifier.qualification.utc import from_milliseconds

log = structlog.get_logger(__name__)

_encode = msgspec.json.Encoder().encode


class DefinitionProcessor(Processor):
    """`project` is given the entries that changed, after each commit, and all of them when the partition is opened."""

    def __init__(
        self,
        kind: Kind,
        *,
        commands: Topic,
        changed: Topic,
        topic_prefix: str,
        source: str,
        project: Callable[[Sequence[Entry]], None],
        time_tolerance: timedelta = DEFAULT_TOLERANCE,
    ) -> None:
        """`time_tolerance`: how far a command may be dated ahead of its record."""
        self._times = PlausibleTime(time_tolerance)
        self._kind = kind
        self._commands = commands
        self._changed = changed
        self._changed_topic = changed.full_name(topic_prefix)
        self._source = source
        self._project = project

    def begin(self) -> int:
        """Commands are judged by what is stored: there are no rules besides."""
        return 0

    def process(self, record: Record, context: ProcessorContext) -> None:
        """Judge one command."""
        try:
            command = decode_definition_command(record.key, record.value, record.headers)
            self._times.check(command["issued_at"], record.timestamp, context.now_ms, "issued_at")
        except BadMessage as bad:
            raise Rejected(str(bad)) from None
        unreadable: dict[bytes, str] = {}
        entries: dict[str, Entry] = {key.decode(): entry for key, entry in context.items(unreadable)}
        reasons = {key.decode(errors="replace"): reason for key, reason in unreadable.items()}
        order = order_of(command, given=highest_revision_in(map(context.stored, unreadable)))
        verdict = decide(order, entries, self._kind, lambda entry: context.fits(entry.id.encode(), entry), reasons)
        if verdict.entry is not None:
            context.put(verdict.entry.id.encode(), verdict.entry)
            if verdict.changed:
                context.on_commit.append(verdict.entry)
        tell(
            context,
            self._changed_topic,
            outcome_event(self._kind, self._commands, command, verdict, record, context.now_ms),
            self._changed,
            self._source,
        )
        log.info(
            "command_decided",
            kind=self._kind.name,
            command=command["command"],
            on=command["definition_id"],
            accepted=verdict.accepted,
            reason=verdict.code,
        )

    def committed(self, context: ProcessorContext) -> None:
        """Show the workers what has changed, now that it is certain."""
        if context.on_commit:
            self._project(list(context.on_commit))

    def opened(self, number: int, entries: Mapping[bytes, bytes]) -> None:
        """The former owner may have died between its commit and its projection."""
        self._project(entries_of(entries))


def order_of(command: DefinitionCommand, *, given: int = 0) -> Order:
    """The command as the registry takes it. `given`: see Order."""
    return Order(
        command=command["command"],
        id=command["definition_id"],
        command_id=command["command_id"],
        issued_by=command["issued_by"],
        issued_at=command["issued_at"],
        definition=command.get("definition"),
        beside=command.get("draft", False),
        replacing=command.get("replace", False),
        expected_revision=command.get("expected_revision"),
        given=given,
    )


def outcome_event(  # noqa: PLR0917  all six are what an outcome tells of
    kind: Kind, commands: Topic, command: DefinitionCommand, verdict: Verdict, record: Record, now_ms: int
) -> DefinitionChanged:
    """What became of the command, as the audit trail tells it."""
    event: DefinitionChanged = {
        "command_id": command["command_id"],
        "definition_id": command["definition_id"],
        "kind": kind.name,
        "command": command["command"],
        "outcome": "accepted" if verdict.accepted else "refused",
        "reason": str(verdict.code),
        "message": verdict.message,
        "revision": verdict.revision,
        "issued_by": command["issued_by"],
        "issued_at": command["issued_at"],
        "decided_at": from_milliseconds(now_ms),
        "origin": {
            "event_id": command["command_id"],
            "topic": commands.name,
            "partition": record.partition,
            "offset": record.offset,
        },
    }
    if verdict.warnings:
        event["warnings"] = list(verdict.warnings)
    if verdict.version:
        event["version"] = verdict.version
    if verdict.definition is not None:
        event["definition"] = verdict.definition
    if verdict.repeated:
        event["repeated"] = True
    return event


def tell(context: ProcessorContext, topic: str, event: DefinitionChanged, changed: Topic, source: str) -> None:
    """Emit the outcome; without the definition where it would not fit, since its issuer waits for it."""
    origin = event["origin"]
    headers = cloud_events.headers(
        cloud_events.event_type(changed.name),
        event_id=f"{origin['topic']}/{origin['partition']}/{origin['offset']}",
        source=source,
        time=event["decided_at"],
        subject=event["definition_id"],
    )
    key = event["definition_id"].encode()
    try:
        context.emit(topic, key, _encode(event), headers)
    except OutputTooLarge:
        if event.pop("definition", None) is None:
            raise
        context.emit(topic, key, _encode(event), headers)
