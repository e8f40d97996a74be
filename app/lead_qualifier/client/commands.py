"""Gives a command to the command decider and waits for its outcome."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from lead_qualifier.client.errors import CommandUnanswered
from lead_qualifier.client.event_decoding import decode_event
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import PartitionTail, TopicReader
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.topics import FEATURE_COMMANDS, QUALIFICATION_COMMANDS, QUALIFICATION_MODEL_CHANGED, Topic
from lead_qualifier.qualification.models import QualificationModel

Move = Literal["publish", "stop", "delete"]

_AGAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command was answered. `event` is the whole event of `qualification-model-changed`."""

    accepted: bool
    message: str
    """For a person; of a refusal also what to do about it."""
    warnings: tuple[str, ...]
    event: Mapping[str, Any]

    @property
    def lines(self) -> tuple[str, ...]:
        """The message in lines: a downstream definition is refused with a line for each fault, all else with one."""
        several = self.event.get("reason") == "invalid_definition"
        return tuple(self.message.split("\n")) if several else (self.message,)


class Asking:
    """Gives commands on behalf of one person or program, and waits for what becomes of them."""

    NOBODY = (
        "see that one runs (lead-qualifier worker) with the same LEAD_QUALIFIER_TOPIC_PREFIX; the command was sent "
        "and is carried out when one comes (lead-qualifier model list shows how things stand)"
    )
    """What to do when nobody answers."""

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

    def _ask(
        self, topic: Topic, outcomes_topic: Topic, key: str, command: dict[str, Any], expected_revision: int | None
    ) -> Outcome:
        command_id = str(uuid.uuid4())
        command |= {"command_id": command_id, "issued_by": self._issued_by, "issued_at": datetime.now(UTC).isoformat()}
        if expected_revision is not None:
            command["expected_revision"] = expected_revision
        value = json.dumps(command, ensure_ascii=False).encode()
        sent_to = topic.full_name(self._prefix)
        admin = self._reader.admin
        # The end before sending: the outcome can only follow it.
        ends = admin.ends(admin.partitions(outcomes_topic.full_name(self._prefix)))
        admin.partitions(sent_to)
        with PartitionTail(self._connection, ends) as outcomes:
            return self._wait(outcomes, command_id, sent_to, key.encode(), value)

    def _wait(self, outcomes: PartitionTail, command_id: str, topic: str, key: bytes, value: bytes) -> Outcome:
        producer = Producer(self._connection)
        begun = time.monotonic()
        again = begun
        while (now := time.monotonic()) < begun + self._timeout:
            if now >= again:
                # The same command_id: repeating changes nothing, and a worker that comes late finds it all the same.
                producer.send(topic, key, value)
                producer.flush()
                again = now + _AGAIN_SECONDS
            self._waiting(now - begun)
            for record in outcomes.take(0.1):
                outcome = _outcome(record.value, command_id)
                if outcome is not None:
                    return outcome
        raise nobody_answered(self._timeout, self.NOBODY)


def nobody_answered(seconds: float, what_to_do: str = Asking.NOBODY) -> CommandUnanswered:
    """What to raise when a command was sent and nobody answered in time."""
    return CommandUnanswered(f"no worker answered within {seconds:g} s: {what_to_do}")


class CommandClient(Asking):
    """Gives commands on qualification models and features."""

    def apply(
        self, model: QualificationModel, *, beside: bool = False, expected_revision: int | None = None
    ) -> Outcome:
        """Create or replace the draft of a model, with `beside` also of a live one, which goes on.

        Raises CommandUnanswered, TopicMissing, KafkaException.
        """
        fields: dict[str, Any] = {"definition": definition_of(model)} | ({"draft": True} if beside else {})
        return self._model("apply", model.id, fields, expected_revision)

    def move(
        self, command: Move, model_id: str, *, replacing: bool = False, expected_revision: int | None = None
    ) -> Outcome:
        """Publish, stop or delete a model; with `replacing` publish the draft of a live one in its place.

        Raises CommandUnanswered, TopicMissing, KafkaException.
        """
        return self._model(command, model_id, {"replace": True} if replacing else {}, expected_revision)

    def shadow(self, model_id: str, *, on: bool, expected_revision: int | None = None) -> Outcome:
        """Let the draft of a live model run in its shadow, or end that.

        Raises CommandUnanswered, TopicMissing, KafkaException.
        """
        return self._model("shadow", model_id, {"enabled": on}, expected_revision)

    def switch(self, feature: str, *, on: bool) -> Outcome:
        """Turn a feature on or off. Raises CommandUnanswered, TopicMissing, KafkaException."""
        command = {"feature": feature, "command": "enable" if on else "disable"}
        return self._ask(FEATURE_COMMANDS, QUALIFICATION_MODEL_CHANGED, feature, command, None)

    def _model(self, command: str, model_id: str, fields: Mapping[str, Any], expected_revision: int | None) -> Outcome:
        message = {"qualification_model_id": model_id, "command": command, **fields}
        return self._ask(QUALIFICATION_COMMANDS, QUALIFICATION_MODEL_CHANGED, model_id, message, expected_revision)


def _outcome(value: bytes | None, command_id: str) -> Outcome | None:
    event = decode_event(value)
    if event is None or event.get("command_id") != command_id:
        return None
    accepted = event.get("outcome") == "accepted"
    return Outcome(accepted, str(event.get("message", "")), tuple(event.get("warnings", ())), event)
