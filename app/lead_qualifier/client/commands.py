"""Gives a command to the command decider and waits for its outcome."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from lead_qualifier.client.told import event_of
from lead_qualifier.client.topic_reader import TopicReader, raise_read_error, reading
from lead_qualifier.kafka.connection import Connection, needing
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.topics import FEATURE_COMMANDS, QUALIFICATION_COMMANDS, QUALIFICATION_MODEL_CHANGED, Topic
from lead_qualifier.qualification.models import QualificationModel

Move = Literal["publish", "stop", "delete"]

_AGAIN_SECONDS = 5.0
_DELIVERY_SECONDS = 20.0


class NoAnswer(Exception):
    """No worker answered in time; the message says what to look at."""


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
        # The end before sending: the outcome can only follow it.
        outcomes = self._reader.ends(self._reader.places(outcomes_topic.full_name(self._prefix)))
        self._reader.partitions(topic.full_name(self._prefix))
        consumer = confluent_kafka.Consumer(reading(self._connection))
        try:
            consumer.assign([TopicPartition(*place, offset) for place, offset in outcomes.items()])
            return self._wait(consumer, command_id, topic.full_name(self._prefix), key.encode(), value)
        finally:
            consumer.close()

    def _wait(
        self, consumer: confluent_kafka.Consumer, command_id: str, topic: str, key: bytes, value: bytes
    ) -> Outcome:
        producer = confluent_kafka.Producer(delivering(self._connection))
        begun = time.monotonic()
        again = begun
        while (now := time.monotonic()) < begun + self._timeout:
            if now >= again:
                # The same command_id: repeating changes nothing, and a worker that comes late finds it all the same.
                deliver(producer, topic, key, value)
                again = now + _AGAIN_SECONDS
            self._waiting(now - begun)
            message = consumer.poll(0.1)
            if message is None:
                continue
            if (error := message.error()) is not None:
                if error.code() != KafkaError._PARTITION_EOF and not error.retriable():
                    raise_read_error(message)
                continue
            outcome = _outcome(message.value(), command_id)
            if outcome is not None:
                return outcome
        raise nobody_answered(self._timeout, self.NOBODY)


def nobody_answered(seconds: float, what_to_do: str = Asking.NOBODY) -> NoAnswer:
    """What to raise when a command was sent and nobody answered in time."""
    return NoAnswer(f"no worker answered within {seconds:g} s: {what_to_do}")


class CommandClient(Asking):
    """Gives commands on qualification models and features."""

    def apply(
        self, model: QualificationModel, *, beside: bool = False, expected_revision: int | None = None
    ) -> Outcome:
        """Create or replace the draft of a model, with `beside` also of a live one, which goes on.

        Raises NoAnswer, TopicMissing, KafkaException.
        """
        fields: dict[str, Any] = {"definition": definition_of(model)} | ({"draft": True} if beside else {})
        return self._model("apply", model.id, fields, expected_revision)

    def move(
        self, command: Move, model_id: str, *, replacing: bool = False, expected_revision: int | None = None
    ) -> Outcome:
        """Publish, stop or delete a model; with `replacing` publish the draft of a live one in its place.

        Raises NoAnswer, TopicMissing, KafkaException.
        """
        return self._model(command, model_id, {"replace": True} if replacing else {}, expected_revision)

    def shadow(self, model_id: str, *, on: bool, expected_revision: int | None = None) -> Outcome:
        """Let the draft of a live model run in its shadow, or end that.

        Raises NoAnswer, TopicMissing, KafkaException.
        """
        return self._model("shadow", model_id, {"enabled": on}, expected_revision)

    def switch(self, feature: str, *, on: bool) -> Outcome:
        """Turn a feature on or off. Raises NoAnswer, TopicMissing, KafkaException."""
        command = {"feature": feature, "command": "enable" if on else "disable"}
        return self._ask(FEATURE_COMMANDS, QUALIFICATION_MODEL_CHANGED, feature, command, None)

    def _model(self, command: str, model_id: str, fields: Mapping[str, Any], expected_revision: int | None) -> Outcome:
        message = {"qualification_model_id": model_id, "command": command, **fields}
        return self._ask(QUALIFICATION_COMMANDS, QUALIFICATION_MODEL_CHANGED, model_id, message, expected_revision)


def _outcome(value: bytes | None, command_id: str) -> Outcome | None:
    event = event_of(value)
    if event is None or event.get("command_id") != command_id:
        return None
    accepted = event.get("outcome") == "accepted"
    return Outcome(accepted, str(event.get("message", "")), tuple(event.get("warnings", ())), event)


def delivering(connection: Connection) -> dict[str, Any]:
    """Configuration of a producer for single records that may arrive twice without harm.

    An idempotent producer would take half a second to get its id.
    """
    return connection.confluent_producer(**{"linger.ms": 0, "message.timeout.ms": int(_DELIVERY_SECONDS * 1000)})


def deliver(producer: confluent_kafka.Producer, topic: str, key: bytes, value: bytes) -> None:
    """Send one record and wait until the broker has it. Raises NotAllowed, KafkaException if it has not."""
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: object) -> None:
        if error is not None:
            failed.append(error)

    producer.produce(topic, value, key, on_delivery=delivered)
    if producer.flush(_DELIVERY_SECONDS + 5):
        raise KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT))
    if failed:
        with needing(f"Write on topic {topic}"):
            raise KafkaException(failed[0])
