"""The rules: qualification models, scoring models and features, each as it stands."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.client.rulebook import Rulebook
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.tables import has_tables, rules
from lead_qualifier.definitions.qualification_models.entries import decode_entry
from lead_qualifier.kafka.records import Record
from lead_qualifier.qualification.rules import UnknownLeads


class RuleEntries:
    """Applies `qualification-models`, where the highest revision of a key counts."""

    def __init__(self, database: Database, topic: str) -> None:
        self.topics = (topic,)
        self._database = database

    def apply(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Hold each entry that is not older than the one that is held."""
        rows = [
            {"key": entry.key.encode(), "revision": entry.revision, "value": record.value}
            for record in records
            if record.key is not None and (entry := decode_or_none(decode_entry, record.value)) is not None
        ]
        self._database.upsert(connection, rules, rows, revision=rules.c.revision)
        return False


class RulesReader:
    """Reads the rules. `unknown_leads`: the workers' setting."""

    def __init__(self, database: Database, *, unknown_leads: UnknownLeads) -> None:
        self._database = database
        self._unknown_leads = unknown_leads

    def rulebook(self) -> Rulebook:
        """All rules as they stand; none while there is no projection."""
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return Rulebook({}, self._unknown_leads)
            return rulebook_in(connection, self._unknown_leads)

    def revision_of(self, key: str) -> int:
        """The revision of one entry; 0 if it is not held. See `model_key` and the like."""
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return 0
            return connection.execute(select(rules.c.revision).where(rules.c.key == key.encode())).scalar() or 0


def rulebook_in(connection: Connection, unknown_leads: UnknownLeads) -> Rulebook:
    """The rules that this snapshot holds. Entries of a newer form than ours are left out."""
    values = connection.execute(select(rules.c.value)).scalars()
    entries = (decode_or_none(decode_entry, value) for value in values)
    return Rulebook({entry.key: entry for entry in entries if entry is not None}, unknown_leads)
