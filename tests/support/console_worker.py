"""A worker in place of Kafka: it decides what the console orders by the real rules, and projects what comes of it."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from typing_extensions import override

from lead_qualifier.client.commands import CommandClient, Outcome
from lead_qualifier.client.definitions import CommandTopics
from lead_qualifier.client.scoring_models import Announcement
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.definitions.commands import Command, CommandResult
from lead_qualifier.definitions.outcomes import command_of, model_outcome
from lead_qualifier.definitions.qualification_models.entries import (
    ScoringModelEntry,
    ScoringModelStatus,
    decode_stored,
    encode_stored,
)
from lead_qualifier.definitions.qualification_models.registry import ModelRegistry, ScoringModelChange
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.records import Record
from lead_qualifier.messages.topics import FEATURE_COMMANDS, QUALIFICATION_COMMANDS
from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.support.console_records import NAMES, RULES, TOPICS, TRAIL
from tests.support.console_services import DecidingServices
from tests.support.model_admin import fits

#: No broker listens there.
NOWHERE = Connection(bootstrap_servers="127.0.0.1:1")


class DecidingWorker:
    """Holds the rules that some records tell, and goes on from there."""

    def __init__(self, database: Database, records: list[Record]) -> None:
        self._projection = Projection(database, TOPICS, name_attributes=NAMES)
        entries = [decode_stored(one.value or b"") for one in records if one.topic == RULES]
        self._registry = ModelRegistry({one.key: one for one in entries})
        self._deciding = threading.Lock()
        self.services = DecidingServices(database)
        self.failure: Exception | None = None
        """What everything that is sent raises, once."""

    def order(self, topics: CommandTopics, message: Mapping[str, Any]) -> dict[str, Any]:
        """The outcome of a command, as the trail has it."""
        with self._deciding:
            self._fail()
            if topics.commands not in {QUALIFICATION_COMMANDS, FEATURE_COMMANDS}:
                return self.services.order(topics, message)
            key = str(message[topics.id_field])
            told = {**message, "issued_at": datetime.now(UTC)}
            if topics.commands is QUALIFICATION_COMMANDS:
                result: CommandResult[Any] = self._registry.handle(command_of(told, key, 0), IN_ENGLISH, fits)
            else:
                command = Command(
                    id=key,
                    command_id=message["command_id"],
                    issued_by=message["issued_by"],
                    issued_at=told["issued_at"],
                    expected_revision=message.get("expected_revision"),
                )
                on = message["command"] == "enable"
                result = self._registry.set_feature(command, enabled=on, wording=IN_ENGLISH, fits=fits)
            return self._take(told, key, result)

    def announce(
        self,
        *,
        scoring_model_id: str,
        status: ScoringModelStatus,
        name: str | None,
        maximum: float | Literal["none"] | None,
    ) -> Announcement:
        """As client.scoring_models.announce()."""
        with self._deciding:
            self._fail()
            held = self._registry.scoring_model(scoring_model_id)
            if held is not None:
                name = held.name if name is None else name
                maximum = held.maximum if maximum is None else maximum
            highest = None if maximum == "none" else maximum
            change = ScoringModelChange(
                id=scoring_model_id, status=status, occurred_at=datetime.now(UTC), name=name, maximum=highest
            )
            told = {"scoring_model_id": scoring_model_id, "status": status, "occurred_at": change.occurred_at}
            self._take(told, scoring_model_id, self._registry.observe_scoring_model(change, IN_ENGLISH))
            entry = self._registry.scoring_model(scoring_model_id)
            assert isinstance(entry, ScoringModelEntry)
            return Announcement(told, entry)

    def _fail(self) -> None:
        if (failure := self.failure) is not None:
            self.failure = None
            raise failure

    def _take(self, message: Mapping[str, Any], key: str, result: CommandResult[Any]) -> dict[str, Any]:
        self._registry = self._registry.after(result)
        origin: Any = {"event_id": str(uuid.uuid4()), "topic": "commands", "partition": 0, "offset": 0}
        told: Any = message
        event = model_outcome(told, result, decided_at=datetime.now(UTC), origin=origin)
        value = msgspec.json.encode(event)
        entries = [one for one in result.stored if one.key == getattr(result.entry, "key", None)]
        self._project([(RULES, one.key, encode_stored(one)) for one in entries] + [(TRAIL, key, value)])
        outcome: dict[str, Any] = json.loads(value)
        return outcome

    def _project(self, written: list[tuple[str, str, bytes]]) -> None:
        stored = self._projection.stored()
        assert stored is not None
        records, after = [], dict(stored.next)
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        for topic, key, value in written:
            records.append(Record(topic, 0, after[topic, 0], now_ms, key.encode(), value, ()))
            after[topic, 0] += 1
        moved = {place: offset for place, offset in after.items() if offset != stored.next[place]}
        self._projection.apply(records, before=stored.next, after=moved)


class DecidingClient(CommandClient):
    """Sends commands to such a worker."""

    def __init__(self, worker: DecidingWorker) -> None:
        super().__init__(NOWHERE, topic_prefix="", issued_by="nobody", timeout=1)
        self._worker = worker

    @override
    def send(
        self, topics: CommandTopics, key: str, fields: Mapping[str, Any], expected_revision: int | None = None
    ) -> Outcome:
        """The outcome, at once."""
        message = {
            topics.id_field: key,
            **fields,
            "command_id": self._command_id or str(uuid.uuid4()),
            "issued_by": self._issued_by,
        }
        if expected_revision is not None:
            message["expected_revision"] = expected_revision
        event = self._worker.order(topics, message)
        return Outcome(event["outcome"] == "accepted", event["message"], tuple(event["warnings"]), event)

    @override
    def _wait_until_visible(self, kind: str, definition_id: str, revision: int, *, absent: bool) -> None:
        """It is."""
