"""The rules: qualification models, scoring models and features, each as it stands."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.tables import rules
from lead_qualifier.definitions.qualification_models.entries import decode_entry
from lead_qualifier.kafka.records import Record


class RuleEntries:
    """Applies `qualification-models`, where the highest revision of a key counts."""

    def __init__(self, database: Database, topic: str) -> None:
        self.topics = (topic,)
        self._database = database

    def apply(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Hold each entry that is not older than the one that is held."""
        for record in records:
            if record.key is None or (entry := decode_or_none(decode_entry, record.value)) is None:
                continue
            key = entry.key.encode()
            held = connection.execute(select(rules.c.revision).where(rules.c.key == key)).scalar()
            if held is None or held <= entry.revision:
                row = {"key": key, "revision": entry.revision, "value": record.value}
                self._database.upsert(connection, rules, [row])
        return False
