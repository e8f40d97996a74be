"""Sends commands and waits for their outcomes."""

from __future__ import annotations

import json
import math
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any, Literal

from confluent_kafka import KafkaException

from lead_qualifier.client.decoding import decode_event
from lead_qualifier.client.definitions import (
    PROJECTED_KINDS,
    QUALIFICATION_MODEL,
    WORKER,
    CommandTopics,
    read_definitions,
    topics_of,
)
from lead_qualifier.client.errors import CommandUnanswered
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import KafkaClientError
from lead_qualifier.kafka.producer import Producer, not_written
from lead_qualifier.kafka.reader import PartitionTail, TopicReader
from lead_qualifier.messages.topics import FEATURE_COMMANDS, QUALIFICATION_MODEL_CHANGED

Action = Literal["publish", "stop", "delete"]
BeforePublish = Callable[[str, str, str, int | None], int | None]
"""Of a definition that is to be published: kind, id, who publishes it, the expected revision. Returns the revision to
expect; raises what refuses it.
"""

_RESEND_SECONDS = 5.0
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


class CommandClient:
    """Sends commands on behalf of one person or program, and waits for their outcomes."""

    def __init__(self, connection: Connection, *, topic_prefix: str, issued_by: str, timeout: float) -> None:
        """`timeout`: seconds that a command waits for its outcome."""
        self._reader = TopicReader(connection, timeout=30)
        self._prefix = topic_prefix
        self._connection = connection
        self._issued_by = issued_by
        self._timeout = timeout
        self._command_id: str | None = None
        self._before_publish: BeforePublish | None = None
        self._kept: dict[str, PartitionTail] | None = None
        self._wait_for_last: Callable[[], None] | None = None

    def issued_as(self, issued_by: str, command_id: str | None = None) -> CommandClient:
        """A client on behalf of somebody else, over the same connection; for one command if it has an id."""
        _ = self._producer  # made once for all of them
        other = copy(self)
        other._issued_by, other._command_id = issued_by, command_id
        return other

    def publishing_after(self, check: BeforePublish) -> CommandClient:
        """A client over the same connection that publishes only what passes a check."""
        other = copy(self)
        other._before_publish = check
        return other

    @contextmanager
    def several(self) -> Iterator[None]:
        """Send the commands within the block, which are about one kind of definition, over one connection, and wait
        once, at its end, until `list` and `show` see them.
        """
        self._kept = {}
        try:
            yield
            if self._wait_for_last is not None:  # revisions rise: what came before it is visible, too
                self._wait_for_last()
        finally:
            for tail in self._kept.values():
                tail.close()
            self._kept = self._wait_for_last = None

    def send(
        self, topics: CommandTopics, key: str, fields: Mapping[str, Any], expected_revision: int | None = None
    ) -> Outcome:
        """Send a command about `key`, again and again with the same id, until its outcome is on the audit trail.

        Raises CommandUnanswered, TopicMissing, NotAllowed, KafkaException.
        """
        command_id = self._command_id or str(uuid.uuid4())
        command = {
            topics.id_field: key,
            **fields,
            "command_id": command_id,
            "issued_by": self._issued_by,
            "issued_at": datetime.now(UTC).isoformat(),
        }
        if expected_revision is not None:
            command["expected_revision"] = expected_revision
        value = json.dumps(command, ensure_ascii=False).encode()
        sent_to = topics.commands.full_name(self._prefix)
        self._reader.admin.partitions(sent_to)
        with self._following(topics.changed.full_name(self._prefix)) as outcomes:
            outcome = self._wait(outcomes, command_id, sent_to, key.encode(), value)
        if outcome is None:
            raise unanswered(self._timeout, topics.service)
        return outcome

    def apply(
        self, kind: str, definition: Mapping[str, Any], *, draft: bool = False, expected_revision: int | None = None
    ) -> Outcome:
        """Create a definition as people write it, or replace its draft; with `draft` also while it is live.

        `kind`: `model`, `journey`, `assignment`, `sequence` or `follow-up`. Raises as `send`.
        """
        fields = {"definition": dict(definition)} | ({"draft": True} if draft else {})
        return self._on_definition(kind, "apply", str(definition["id"]), fields, expected_revision)

    def move(
        self,
        kind: str,
        action: Action,
        definition_id: str,
        *,
        replace: bool = False,
        expected_revision: int | None = None,
    ) -> Outcome:
        """Publish, stop or delete a definition; with `replace` publish the draft of a live one in its place.

        Raises as `send`.
        """
        if action == "publish" and self._before_publish is not None:
            expected_revision = self._before_publish(kind, definition_id, self._issued_by, expected_revision)
        return self._on_definition(kind, action, definition_id, {"replace": True} if replace else {}, expected_revision)

    def shadow(self, model_id: str, *, on: bool, expected_revision: int | None = None) -> Outcome:
        """Let the draft of a live qualification model run in its shadow, or end that. Raises as `send`."""
        return self._on_definition(QUALIFICATION_MODEL, "shadow", model_id, {"enabled": on}, expected_revision)

    def switch_feature(self, feature: str, *, on: bool, expected_revision: int | None = None) -> Outcome:
        """Turn a feature on or off. Raises as `send`."""
        topics = CommandTopics(FEATURE_COMMANDS, QUALIFICATION_MODEL_CHANGED, "feature", WORKER)
        return self.send(topics, feature, {"command": "enable" if on else "disable"}, expected_revision)

    def _on_definition(
        self, kind: str, action: str, key: str, fields: Mapping[str, Any], expected_revision: int | None
    ) -> Outcome:
        outcome = self.send(topics_of(kind), key, {"command": action, **fields}, expected_revision)
        if outcome.accepted and kind in PROJECTED_KINDS:
            revision = int(outcome.event["revision"])
            wait = partial(self._wait_until_visible, kind, key, revision, absent=action == "delete")
            if self._kept is None:
                wait()
            else:
                self._wait_for_last = wait
        return outcome

    @contextmanager
    def _following(self, topic: str) -> Iterator[PartitionTail]:
        """What is written to the topic from now on."""
        if self._kept is None:
            with self._tail(topic) as tail:
                yield tail
            return
        if topic not in self._kept:
            self._kept[topic] = self._tail(topic)
        yield self._kept[topic]

    def _tail(self, topic: str) -> PartitionTail:
        admin = self._reader.admin
        # The end before sending: the outcome can only follow it.
        return PartitionTail(self._connection, admin.ends(admin.partitions(topic)))

    def _wait_until_visible(self, kind: str, definition_id: str, revision: int, *, absent: bool) -> None:
        """Services write current definitions to their topic just after they commit an outcome. The command has
        succeeded at that point, even if this fails: the login may lack the right to read, or the broker may be gone.
        """
        missing = math.inf if absent else -1
        until = time.monotonic() + _VISIBLE_SECONDS
        with suppress(KafkaClientError, KafkaException):
            while time.monotonic() < until:
                definitions = read_definitions(self._reader, kind, topic_prefix=self._prefix)
                current = {entry.id: entry.revision for entry in definitions}
                if current.get(definition_id, missing) >= revision:
                    return
                time.sleep(0.05)

    @cached_property
    def _producer(self) -> Producer:
        return Producer(self._connection)

    def _wait(self, outcomes: PartitionTail, command_id: str, topic: str, key: bytes, value: bytes) -> Outcome | None:
        producer = self._producer
        again = time.monotonic()
        until = again + self._timeout
        while (now := time.monotonic()) < until:
            if now >= again:
                # Repeating a command changes nothing, and a worker that starts late finds it all the same.
                producer.renew()
                if (error := producer.deliver(topic, key, value)) is not None:
                    raise not_written(topic, error)
                again = now + _RESEND_SECONDS
            for record in outcomes.take(0.1):
                outcome = _outcome(record.value, command_id)
                if outcome is not None:
                    return outcome
        return None


def unanswered(seconds: float, service: str = WORKER) -> CommandUnanswered:
    """What to raise when a command was sent and no worker answered in time, with what to do about it."""
    hint = (
        f"check that one runs ({service}) with the same LEAD_QUALIFIER_TOPIC_PREFIX; the command was sent "
        "and is carried out when one starts"
    )
    if service == WORKER:
        hint += " (lead-qualifier model list shows the current state)"
    return CommandUnanswered(f"no worker answered within {seconds:g} s: {hint}")


def _outcome(value: bytes | None, command_id: str) -> Outcome | None:
    event = decode_event(value)
    if event is None or event.get("command_id") != command_id:
        return None
    accepted = event.get("outcome") == "accepted"
    return Outcome(accepted, str(event.get("message", "")), tuple(event.get("warnings", ())), event)
