"""Definitions of downstream services, each as it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.tables import definitions, has_tables
from lead_qualifier.definitions.entries import Entry, decode_entry, encode_for_workers
from lead_qualifier.kafka.records import Record


class DefinitionEntries:
    """Applies the topics of definitions, where the highest revision of an id counts."""

    def __init__(self, database: Database, kinds: Mapping[str, str]) -> None:
        """`kinds`: by the full name of its topic."""
        self.topics = tuple(kinds)
        self._database = database
        self._kinds = kinds

    def apply(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Hold each entry that is not older than the one that is held."""
        for record in records:
            entry = decode_or_none(decode_entry, record.value)
            if entry is not None:
                hold(self._database, connection, self._kinds[record.topic], entry)
        return False


def hold(database: Database, connection: Connection, kind: str, entry: Entry) -> None:
    """Hold the entry, unless a newer one is held."""
    row = {"kind": kind, "id": entry.id.encode(), "revision": entry.revision, "value": encode_for_workers(entry)}
    database.upsert(connection, definitions, [row], revision=definitions.c.revision)


class DefinitionReader:
    """Reads definitions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, kind: str) -> list[Entry]:
        """All of a kind, by id. Deleted ones are among them, and those whose only apply was refused."""
        with self._database.snapshot() as connection:
            return entries_in(connection, kind) if has_tables(connection) else []

    def one(self, kind: str, definition_id: str) -> Entry | None:
        """One of them; None if there is none."""
        with self._database.snapshot() as connection:
            if not has_tables(connection):
                return None
            found = select(definitions.c.value).where(
                definitions.c.kind == kind, definitions.c.id == definition_id.encode()
            )
            return decode_or_none(decode_entry, connection.execute(found).scalar())


def entries_in(connection: Connection, kind: str) -> list[Entry]:
    """All of a kind, by id."""
    found = select(definitions.c.value).where(definitions.c.kind == kind).order_by(definitions.c.id)
    decoded = (decode_or_none(decode_entry, value) for value in connection.execute(found).scalars())
    return [entry for entry in decoded if entry is not None]
