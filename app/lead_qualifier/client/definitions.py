"""Definitions of each kind: the topics that they, their commands and their audit trail are on, and how they stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lead_qualifier.assignment.state import DEFINITION, HeldDefinition, decode_state
from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.definitions.entries import Entry, decode_entry, newest_by_key
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import Record
from lead_qualifier.messages import topics
from lead_qualifier.messages.topics import QUALIFICATION_COMMANDS, QUALIFICATION_MODEL_CHANGED, Topic

QUALIFICATION_MODEL = "model"
WORKER = "lead-qualifier worker"
#: The kind whose service keeps definitions in its own state, among all else that it decides by.
_IN_STATE = "assignment"
PROJECTED_KINDS = frozenset(topics.KINDS) - {_IN_STATE}
"""Kinds whose current definitions are written to a topic of their own just after each command is committed."""


@dataclass(frozen=True, slots=True)
class CommandTopics:
    """Where commands go and their outcomes come from.

    `id_field`: the field of both that holds what they are about. `service`: the program that handles the commands.
    """

    commands: Topic
    changed: Topic
    id_field: str
    service: str


def topics_of(kind: str) -> CommandTopics:
    """The topics of a kind, by its word on the command line: `model`, `journey` and so on."""
    if kind == QUALIFICATION_MODEL:
        return CommandTopics(QUALIFICATION_COMMANDS, QUALIFICATION_MODEL_CHANGED, "qualification_model_id", WORKER)
    return CommandTopics(
        topics.commands(kind), topics.definition_changed(kind), "definition_id", "lead-qualifier downstream"
    )


def read_definitions(reader: TopicReader, kind: str, *, topic_prefix: str) -> list[Entry]:
    """All definitions of a kind except deleted ones, by id. Raises TopicMissing, NotAllowed, ReadIncomplete,
    KafkaException.
    """
    topic = topics.ASSIGNMENT_STATE if kind == _IN_STATE else topics.definitions(kind)
    return current_definitions(kind, reader.read_topic(topic.full_name(topic_prefix)))


def current_definitions(kind: str, records: Iterable[Record]) -> list[Entry]:
    """The same of the records of the kind's topic, oldest first."""
    decode = _from_state if kind == _IN_STATE else _projected
    newest = newest_by_key(entry for record in records if (entry := decode(record)) is not None)
    return [entry for _, entry in sorted(newest.items()) if entry.status != "deleted"]


def _projected(record: Record) -> Entry | None:
    return decode_or_none(decode_entry, record.value)


def _from_state(record: Record) -> Entry | None:
    if not (record.key or b"").startswith(DEFINITION):
        return None
    state = decode_or_none(decode_state, record.value)
    return state.entry if isinstance(state, HeldDefinition) else None
