"""Reads the rules of each time from the audit trail, and definitions that it lacks from elsewhere."""

from __future__ import annotations

from functools import cache

from lead_qualifier.client.rulebook import read_rulebook
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import Record, bad_header_name
from lead_qualifier.maintenance.errors import CannotRebuild
from lead_qualifier.maintenance.rebuild.timeline import Audited, Timeline, newest_revision, timeline
from lead_qualifier.messages.decode import BadMessage, decode_model_command
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.messages.topics import QUALIFICATION_COMMANDS, QUALIFICATION_MODEL_CHANGED
from lead_qualifier.qualification.models import InvalidModel, QualificationModel
from lead_qualifier.qualification.rules import UnknownLeads


def read_timeline(
    connection: Connection, reader: TopicReader, *, topic_prefix: str, unknown_leads: UnknownLeads
) -> Timeline:
    """The rules after each change. Raises CannotRebuild, TopicMissing, NotAllowed, ReadIncomplete, KafkaException."""
    book = read_rulebook(connection, topic_prefix=topic_prefix)
    name = QUALIFICATION_MODEL_CHANGED.full_name(topic_prefix)
    events = [(record.timestamp_ms, record.value or b"") for record in reader.read_topic(name)]
    recorded, current = newest_revision(events), book.rules().revision
    if recorded < current:
        raise CannotRebuild(
            f"{name} has the rules up to revision {recorded}, but they are at revision {current}: part of it is gone "
            "(was the topic deleted and created again?), and with it the rules that leads were decided by. Restore it; "
            "the state cannot be rebuilt without it"
        )

    @cache
    def commands() -> dict[int, Record]:
        topic = QUALIFICATION_COMMANDS.full_name(topic_prefix)
        return {record.offset: record for record in reader.read_topic(topic)}

    def elsewhere(event: Audited) -> QualificationModel | None:
        """The definition of an event that does not carry it, since an older version wrote it."""
        if event.command == "apply":
            record = commands().get(event.origin.offset)
            return None if record is None else _applied(record)
        entry = book.model(event.qualification_model_id or "")
        return None if entry is None or entry.version != event.version else entry.published

    return timeline(events, elsewhere=elsewhere, unknown_leads=unknown_leads)


def _applied(record: Record) -> QualificationModel | None:
    try:
        if bad_header_name(record.headers) is not None:
            return None
        command = decode_model_command(record.key, record.value, record.headers)
        return model_of(command["definition"]) if command["command"] == "apply" else None
    except (BadMessage, InvalidModel):
        return None  # then it was not accepted
