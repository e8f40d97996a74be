"""The downstream services in place of Kafka: they decide what the console orders by the real rules, and project it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from lead_qualifier.client.definitions import CommandTopics
from lead_qualifier.console.api.definition_kinds import KINDS, kind_of
from lead_qualifier.console.read_model.assignment_reader import AssignmentReader
from lead_qualifier.console.read_model.audit_trail import AuditTrails
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.definition_entries import DefinitionReader, hold
from lead_qualifier.definitions.outcomes import command_of, definition_outcome
from lead_qualifier.definitions.registry import DefinitionRegistry
from lead_qualifier.kafka.records import Record
from lead_qualifier.messages.definitions import decode_definition_command
from lead_qualifier.wording.sentences import IN_ENGLISH


class DecidingServices:
    """Hold the definitions that a database has, and go on from there. `sent`: how many commands came."""

    def __init__(self, database: Database) -> None:
        self.sent = 0
        self._database = database
        self._registries: dict[str, DefinitionRegistry] = {}

    def order(self, topics: CommandTopics, message: Mapping[str, Any]) -> dict[str, Any]:
        """The outcome of a command, as the trail has it."""
        self.sent += 1
        key = str(message[topics.id_field])
        sent = json.dumps({**message, "issued_at": datetime.now(UTC).isoformat()}).encode()
        told = decode_definition_command(key.encode(), sent)
        name = next(one for one in KINDS if topics.commands.name.startswith(one))
        registry = self._registry(name)
        kind = kind_of(name, AssignmentReader(self._database))
        result = registry.handle(command_of(told, key, 0), kind, IN_ENGLISH, lambda _: True)
        self._registries[name] = registry.after(result)
        event = definition_outcome(
            name,
            told,
            result,
            decided_at=datetime.now(UTC),
            origin={"event_id": told["command_id"], "topic": topics.commands.name, "partition": 0, "offset": 0},
        )
        value = msgspec.json.encode(event)
        record = Record(topics.changed.name, 0, 1000 + self.sent, int(time.time() * 1000), key.encode(), value, ())
        with self._database.transaction() as connection:
            AuditTrails(topics.changed.name).apply(connection, [record])
            if result.entry is not None:
                hold(self._database, connection, name, result.entry)
        return {"warnings": [], **json.loads(value)}

    def _registry(self, kind: str) -> DefinitionRegistry:
        if kind not in self._registries:
            held = DefinitionReader(self._database).all(kind)
            self._registries[kind] = DefinitionRegistry({entry.id: entry for entry in held})
        return self._registries[kind]
