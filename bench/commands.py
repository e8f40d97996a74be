"""Makes the criteria live by the public commands, as the command line does, and waits for the outcomes."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Any, Self

import msgspec

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import PartitionTail
from lead_qualifier.messages.topics import (
    FEATURE_COMMANDS,
    QUALIFICATION_COMMANDS,
    QUALIFICATION_MODEL_CHANGED,
    SCORING_MODEL_CHANGED,
)


class Commands:
    """Sends commands to one installation (a prefix) whose worker runs."""

    def __init__(self, connection: Connection, prefix: str) -> None:
        self._prefix = prefix
        self._producer = Producer(connection)
        self._outcomes = PartitionTail(connection, {(QUALIFICATION_MODEL_CHANGED.full_name(prefix), 0): 0})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._outcomes.close()

    def make_live(self, model: dict[str, Any]) -> None:
        """Scoring models live, lead management on, the model published.

        Raises RuntimeError on a refusal, or without an answer; so do all others.
        """
        for criterion in model["criteria"]:
            self._scoring_model_live(criterion["scoring_model"])
        self._order(FEATURE_COMMANDS.name, "lead-management", {"feature": "lead-management", "command": "enable"})
        self.apply(model)
        self.publish(model["id"])

    def apply(self, model: dict[str, Any]) -> None:
        self._order_model(model["id"], {"command": "apply", "definition": model})

    def publish(self, model_id: str) -> int:
        """Returns the model's new revision."""
        return self._order_model(model_id, {"command": "publish"})

    def stop(self, model_id: str) -> None:
        self._order_model(model_id, {"command": "stop"})

    def _order_model(self, model_id: str, order: dict[str, Any]) -> int:
        return self._order(QUALIFICATION_COMMANDS.name, model_id, {"qualification_model_id": model_id, **order})

    def _scoring_model_live(self, name: str) -> None:
        event = {
            "event_id": str(uuid.uuid4()),
            "scoring_model_id": name,
            "status": "live",
            "occurred_at": datetime.now(UTC),
        }
        self._produce(SCORING_MODEL_CHANGED.name, name, event)

    def _order(self, topic: str, key: str, order: dict[str, Any]) -> int:
        command_id = str(uuid.uuid4())
        issued = {"command_id": command_id, "issued_by": "bench", "issued_at": datetime.now(UTC)}
        self._produce(topic, key, {**order, **issued})
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for record in self._outcomes.take(1.0):
                outcome = msgspec.json.decode(record.value or b"{}")
                if outcome.get("command_id") != command_id:
                    continue
                if outcome["outcome"] != "accepted":
                    raise RuntimeError(f"{order['command']} {key} was refused: {outcome['message']}")
                return int(outcome["revision"])
        raise RuntimeError(f"no answer to {order['command']} {key} in 60 s: does its worker run?")

    def _produce(self, topic: str, key: str, value: dict[str, Any]) -> None:
        self._producer.send(self._prefix + topic, key.encode(), msgspec.json.encode(value))
        self._producer.flush()
