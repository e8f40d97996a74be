"""The definitions of downstream services as they stand, read from the topics that hold their current state."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lead_qualifier.assignment.state import DEFINITION, HeldDefinition, decode_state
from lead_qualifier.definitions.entries import Entry, decode_entry, newest_by_key
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import Record
from lead_qualifier.messages.downstream_topics import ASSIGNMENT_STATE, KINDS, definitions

#: The kind whose service keeps definitions in its own state, among all else that it decides by.
_IN_STATE = "assignment"
PROJECTED_KINDS = frozenset(KINDS) - {_IN_STATE}
"""Kinds whose current definitions are written to a topic of their own just after each command is committed."""


def read_definitions(reader: TopicReader, kind: str, *, topic_prefix: str) -> list[Entry]:
    """Every definition of a kind but deleted ones, by id. Raises TopicMissing, NotAllowed, ReadIncomplete,
    KafkaException.
    """
    topic = ASSIGNMENT_STATE if kind == _IN_STATE else definitions(kind)
    return current_definitions(kind, reader.read_topic(topic.full_name(topic_prefix)))


def current_definitions(kind: str, records: Iterable[Record]) -> list[Entry]:
    """The same of the records of the kind's topic, oldest first."""
    decode = _from_state if kind == _IN_STATE else _projected
    newest = newest_by_key(entry for record in records if (entry := decode(record)) is not None)
    return [entry for _, entry in sorted(newest.items()) if entry.status != "deleted"]


def _projected(record: Record) -> Entry | None:
    try:
        return decode_entry(record.value or b"")
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None  # no record of ours; the workers report it


def _from_state(record: Record) -> Entry | None:
    if not (record.key or b"").startswith(DEFINITION):
        return None
    try:
        state = decode_state(record.value or b"")
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return state.entry if isinstance(state, HeldDefinition) else None
