"""The criteria as every worker holds them: a Faust GlobalTable over `qualification-models`, and the snapshot built from
its records.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import faust
import msgspec
import structlog

from app.contracts.topics import QUALIFICATION_MODELS
from app.qualification.entries import Answers, Entry, decode_entry
from app.qualification.rules import Rules, UnknownLeads
from app.qualification.snapshot import rules_from

log = structlog.get_logger("app.worker")


class CriteriaTable:
    """Follows `qualification-models` and keeps one immutable snapshot of the rules.

    The GlobalTable makes Faust give the topic to every worker. The snapshot is taken from the records as the consumer
    fetches them, in its thread: Faust may drop what it has fetched while its flow is suspended. Of two records for one
    key the higher revision counts, whatever their order: a command decider that was frozen may have written late.
    """

    def __init__(self, *, unknown_leads: UnknownLeads, changed: Callable[[], None]) -> None:
        self._unknown_leads = unknown_leads
        self._changed = changed
        self._entries: dict[str, Entry] = {}
        self._newest_written: dict[str, int] = {}
        self._lock = threading.Lock()
        self._rules = rules_from({}, unknown_leads)
        self._position = 0
        self._end: int | None = None

    def expect(self, end: int) -> None:
        """The end of the topic at start: until it is reached the rules are not known."""
        self._end = end

    @property
    def caught_up(self) -> bool:
        """Has the end that the topic had at start been reached?"""
        return self._end is not None and self._position >= self._end

    @property
    def revision(self) -> int:
        """Revision of the newest snapshot."""
        return self._rules.revision

    def rules(self) -> Rules | None:
        """The newest snapshot, or None while the table is not caught up."""
        return self._rules if self.caught_up else None

    def follow(self, records: Sequence[Any], position: int) -> None:
        """Take records as fetched, and the consumer's position after them."""
        changed = False
        with self._lock:
            for record in records:
                changed = self._take(record) or changed
            if changed:
                self._rules = rules_from(self._entries, self._unknown_leads)
            behind = not self.caught_up
            self._position = max(self._position, position)
        if changed or (behind and self.caught_up):
            log.info(
                "criteria_known",
                revision=self._rules.revision,
                models=len(self._rules.models),
                caught_up=self.caught_up,
            )
            self._changed()

    def outdated(self, entries: Iterable[Entry]) -> list[Entry]:
        """Which of these entries the topic holds in an older revision, or not at all: they must be projected again."""
        with self._lock:
            return [entry for entry in entries if self._newest_written.get(entry.key, -1) < entry.revision]

    def entries(self) -> Mapping[str, Entry]:
        """What the topic holds, by key, each in its highest revision."""
        with self._lock:
            return dict(self._entries)

    def _take(self, record: Any) -> bool:
        try:
            entry = decode_entry(record.value or b"")
        except msgspec.DecodeError as error:
            log.error("foreign_record_in_criteria", topic=record.topic, offset=record.offset, reason=str(error))
            return False
        if isinstance(entry, Answers):
            return False
        self._newest_written[entry.key] = entry.revision
        held = self._entries.get(entry.key)
        if held is not None and held.revision >= entry.revision:
            return False
        self._entries[entry.key] = entry
        return True


class _Criteria(faust.GlobalTable):
    """Faust's assignor asks a global table for its changelog's name and knows only the default one; with another it
    fails silently.
    """

    def _changelog_topic_name(self) -> str:
        return str(self.changelog_topic.get_topic_name())


def declare(app: faust.App, *, topic_prefix: str) -> faust.GlobalTable:
    """The GlobalTable itself; its only writer is the command decider's projection, never Faust."""
    name = QUALIFICATION_MODELS.full_name(topic_prefix)
    changelog = app.topic(name, key_serializer="raw", value_serializer="raw", partitions=1, compacting=True, acks=False)
    table = _Criteria(
        app,
        name=QUALIFICATION_MODELS.name,
        beacon=app.tables.beacon,
        changelog_topic=changelog,
        is_global=True,
        partitions=1,
        recovery_buffer_size=1,  # anything more leaves the last records waiting for the next ones
        standby_buffer_size=1,
        key_type=bytes,
        value_type=bytes,
    )
    app.tables.add(table)
    return table
