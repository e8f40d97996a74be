"""Sends commands and waits for their outcomes."""

from __future__ import annotations

import json
import math
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from confluent_kafka import KafkaException

from lead_qualifier.client.definition_topics import topics_of
from lead_qualifier.client.definitions import PROJECTED_KINDS, read_definitions
from lead_qualifier.client.errors import CommandUnanswered
from lead_qualifier.client.event_decoding import decode_event
from lead_qualifier.definitions.entries import Entry
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import KafkaClientError
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import PartitionTail, TopicReader
from lead_qualifier.messages.topics import FEATURE_COMMANDS, QUALIFICATION_MODEL_CHANGED, Topic

Action = Literal["publish", "stop", "delete"]

_RESEND_SECONDS = 5.0
_WORKER = "lead-qualifier worker"
#: How long (seconds) an accepted command waits until `list` and `show` see it.
_VISIBLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a command. `event` is the whole event on the audit trail."""

    accepted: bool
    message: str
    """For people; after a refusal also what to do about it."""
    warnings: tuple[str, ...]
    event: Mapping[str, Any]

    @property
    def lines(self) -> tuple[str, ...]:
        """The message in lines: an invalid definition is refused with a line for each fault, all else with one."""
        several = self.event.get("reason") in {"invalid_definition", "invalid_model"}
        return tuple(self.message.split("\n")) if several else (self.message,)


class CommandSender:
    """Sends commands on behalf of one person or program, and waits for their outcomes."""

    def __init__(
        self,
        connection: Connection,
        *,
        topic_prefix: str,
        issued_by: str,
        timeout: float,
        waiting: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """`timeout`: seconds that a command waits for its outcome; `waiting` is told how many it has waited."""
        self._connection = connection
        self._prefix = topic_prefix
        self._issued_by = issued_by
        self._timeout = timeout
        self._waiting = waiting
        self._reader = TopicReader(connection, timeout=30)

    def send(  # noqa: PLR0917  all six are what a command is
        self,
        topic: Topic,
        changed: Topic,
        key: str,
        command: dict[str, Any],
        expected_revision: int | None = None,
        service: str = _WORKER,
    ) -> Outcome:
        """Send a command, again and again with the same id, until its outcome is on the audit trail `changed`.

        `service`: the command that starts what handles it. Raises CommandUnanswered, TopicMissing, NotAllowed,
        KafkaException.
        """
        command_id = str(uuid.uuid4())
        command |= {"command_id": command_id, "issued_by": self._issued_by, "issued_at": datetime.now(UTC).isoformat()}
        if expected_revision is not None:
            command["expected_revision"] = expected_revision
        value = json.dumps(command, ensure_ascii=False).encode()
        sent_to = topic.full_name(self._prefix)
        admin = self._reader.admin
        # The end before sending: the outcome can only follow it.
        ends = admin.ends(admin.partitions(changed.full_name(self._prefix)))
        admin.partitions(sent_to)
        with PartitionTail(self._connection, ends) as outcomes:
            outcome = self._wait(outcomes, command_id, sent_to, key.encode(), value)
        if outcome is None:
            raise unanswered(self._timeout, service)
        return outcome

    def current_definitions(self, kind: str) -> list[Entry]:
        """As `client.definitions.read_definitions`."""
        return read_definitions(self._reader, kind, topic_prefix=self._prefix)

    def _wait(self, outcomes: PartitionTail, command_id: str, topic: str, key: bytes, value: bytes) -> Outcome | None:
        producer = Producer(self._connection)
        begun = time.monotonic()
        again = begun
        while (now := time.monotonic()) < begun + self._timeout:
            if now >= again:
                # Repeating a command changes nothing, and a worker that starts late finds it all the same.
                producer.send(topic, key, value)
                producer.flush()
                again = now + _RESEND_SECONDS
            self._waiting(now - begun)
            for record in outcomes.take(0.1):
                outcome = _outcome(record.value, command_id)
                if outcome is not None:
                    return outcome
        return None


def unanswered(seconds: float, service: str = _WORKER) -> CommandUnanswered:
    """What to raise when a command was sent and no worker answered in time, with what to do about it."""
    hint = (
        f"see that one runs ({service}) with the same LEAD_QUALIFIER_TOPIC_PREFIX; the command was sent "
        "and is carried out when one starts"
    )
    if service == _WORKER:
        hint += " (lead-qualifier model list shows how things stand)"
    return CommandUnanswered(f"no worker answered within {seconds:g} s: {hint}")


class DefinitionClient:
    """Sends commands on definitions of one kind: `model`, `journey`, `assignment`, `sequence` or `follow-up`."""

    def __init__(self, kind: str, sender: CommandSender) -> None:
        self._kind = kind
        self._topics = topics_of(kind)
        self._sender = sender

    def apply(
        self, definition: Mapping[str, Any], *, draft: bool = False, expected_revision: int | None = None
    ) -> Outcome:
        """Create a definition as people write it, or replace its draft; with `draft` also while it is live.

        Raises as CommandSender.send.
        """
        fields = {"definition": dict(definition)} | ({"draft": True} if draft else {})
        return self._send("apply", str(definition["id"]), fields, expected_revision)

    def move(
        self, action: Action, definition_id: str, *, replace: bool = False, expected_revision: int | None = None
    ) -> Outcome:
        """Publish, stop or delete a definition; with `replace` publish the draft of a live one in its place.

        Raises as CommandSender.send.
        """
        return self._send(action, definition_id, {"replace": True} if replace else {}, expected_revision)

    def shadow(self, definition_id: str, *, on: bool, expected_revision: int | None = None) -> Outcome:
        """Let the draft of a live qualification model run in its shadow, or end that. Raises as CommandSender.send."""
        return self._send("shadow", definition_id, {"enabled": on}, expected_revision)

    def _send(self, action: str, key: str, fields: Mapping[str, Any], expected_revision: int | None) -> Outcome:
        topics = self._topics
        command = {topics.id_field: key, "command": action, **fields}
        outcome = self._sender.send(topics.commands, topics.changed, key, command, expected_revision, topics.service)
        if outcome.accepted and self._kind in PROJECTED_KINDS:
            self._wait_until_visible(key, int(outcome.event["revision"]), absent=action == "delete")
        return outcome

    def _wait_until_visible(self, definition_id: str, revision: int, *, absent: bool) -> None:
        """Services write current definitions to their topic just after they commit an outcome. The command has
        succeeded by then, whatever becomes of this: the login may not be allowed to read, or the broker be gone.
        """
        missing = math.inf if absent else -1
        begun = time.monotonic()
        with suppress(KafkaClientError, KafkaException):
            while time.monotonic() < begun + _VISIBLE_SECONDS:
                current = {entry.id: entry.revision for entry in self._sender.current_definitions(self._kind)}
                if current.get(definition_id, missing) >= revision:
                    return
                time.sleep(0.05)


def switch_feature(sender: CommandSender, feature: str, *, on: bool) -> Outcome:
    """Turn a feature on or off. Raises as CommandSender.send."""
    command = {"feature": feature, "command": "enable" if on else "disable"}
    return sender.send(FEATURE_COMMANDS, QUALIFICATION_MODEL_CHANGED, feature, command)


def _outcome(value: bytes | None, command_id: str) -> Outcome | None:
    event = decode_event(value)
    if event is None or event.get("command_id") != command_id:
        return None
    accepted = event.get("outcome") == "accepted"
    return Outcome(accepted, str(event.get("message", "")), tuple(event.get("warnings", ())), event)
