"""Reads the rules of each time from the audit trail, and definitions that it lacks from elsewhere."""

from __future__ import annotations

from lead_qualifier.client.rulebook import Rulebook, read_rulebook
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
    commands = QUALIFICATION_COMMANDS.full_name(topic_prefix)
    return timeline(events, elsewhere=_Definitions(reader, commands, book).find, unknown_leads=unknown_leads)


class _Definitions:
    """Definitions that events do not carry, since an older version wrote them: from the commands, or from what is
    published now.
    """

    def __init__(self, reader: TopicReader, commands_topic: str, book: Rulebook) -> None:
        self._reader = reader
        self._topic = commands_topic
        self._book = book
        self._commands: dict[int, Record] | None = None

    def find(self, event: Audited) -> QualificationModel | None:
        """The definition that an apply or a publish was about."""
        if event.command == "apply":
            if self._commands is None:
                self._commands = {record.offset: record for record in self._reader.read_topic(self._topic)}
            record = self._commands.get(event.origin.offset)
            return None if record is None else _applied(record)
        entry = self._book.model(event.qualification_model_id or "")
        return None if entry is None or entry.version != event.version else entry.published


def _applied(record: Record) -> QualificationModel | None:
    try:
        if bad_header_name(record.headers) is not None:
            return None
        command = decode_model_command(record.key, record.value, record.headers)
        return model_of(command["definition"]) if command["command"] == "apply" else None
    except (BadMessage, InvalidModel):
        return None  # then it was not accepted
