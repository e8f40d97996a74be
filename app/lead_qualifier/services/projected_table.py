"""Rules as every worker of a service holds them: a Faust GlobalTable over the topic that the one decider of commands
projects to, and the snapshot built from its records.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import faust
import msgspec
import structlog

log = structlog.get_logger(__name__)


class Projected(Protocol):
    """An entry as it stands on the topic."""

    @property
    def key(self) -> str:
        """The key it is stored under."""

    @property
    def revision(self) -> int:
        """That of its last change, in one order over all entries of the topic."""


E = TypeVar("E", bound=Projected)
S = TypeVar("S")


class ProjectedTable(Generic[E, S]):
    """Follows a projected topic and keeps one immutable snapshot of what it says.

    The GlobalTable makes Faust give the topic to every worker. The snapshot is taken from the records as the consumer
    fetches them, in its thread: Faust may drop what it has fetched while its flow is suspended. Of two records for one
    key the higher revision counts, whatever their order: a command decider that was frozen may have written late.
    """

    def __init__(
        self,
        topic: str,
        *,
        decode: Callable[[bytes], E | None],
        snapshot: Callable[[Mapping[str, E]], S],
        changed: Callable[[], None],
    ) -> None:
        """`topic`: the full name. `decode` raises msgspec.DecodeError for what is no entry, and returns None for one
        that nobody but its writer needs. `changed` is told of each new snapshot that may be used.
        """
        self.topic = topic
        self._decode = decode
        self._make = snapshot
        self._changed = changed
        self._entries: dict[str, E] = {}
        self._newest_written: dict[str, int] = {}
        self._lock = threading.Lock()
        self._snapshot = snapshot({})
        self._revision = 0
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
        """Revision of the newest snapshot: the highest of its entries."""
        return self._revision

    def current(self) -> S | None:
        """The newest snapshot, the same object while nothing changes; None while the table is not caught up."""
        return self._snapshot if self.caught_up else None

    def follow(self, records: Sequence[Any], position: int) -> None:
        """Take records as fetched, and the consumer's position after them."""
        changed = False
        with self._lock:
            for record in records:
                changed = self._take(record) or changed
            if changed:
                self._revision = max((entry.revision for entry in self._entries.values()), default=0)
                self._snapshot = self._make(self._entries)
            behind = not self.caught_up
            self._position = max(self._position, position)
        if changed or (behind and self.caught_up):
            log.info(
                "criteria_known",
                topic=self.topic,
                revision=self._revision,
                entries=len(self._entries),
                caught_up=self.caught_up,
            )
            self._changed()

    def outdated(self, entries: Iterable[E]) -> list[E]:
        """Which of these entries the topic holds in an older revision, or not at all: they must be projected again."""
        with self._lock:
            return [entry for entry in entries if self._newest_written.get(entry.key, -1) < entry.revision]

    def entries(self) -> Mapping[str, E]:
        """What the topic holds, by key, each in its highest revision."""
        with self._lock:
            return dict(self._entries)

    def _take(self, record: Any) -> bool:
        try:
            entry = self._decode(record.value or b"")
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            log.error("foreign_record_in_criteria", topic=record.topic, offset=record.offset, reason=str(error))
            return False
        if entry is None:
            return False
        self._newest_written[entry.key] = entry.revision
        held = self._entries.get(entry.key)
        if held is not None and held.revision >= entry.revision:
            return False
        self._entries[entry.key] = entry
        return True


class _Table(faust.GlobalTable):
    """Faust's assignor asks a global table for its changelog's name and knows only the default one; with another it
    fails silently.
    """

    def _changelog_topic_name(self) -> str:
        return str(self.changelog_topic.get_topic_name())


def declare(app: faust.App, topic: str) -> faust.GlobalTable:
    """The GlobalTable itself; its only writer is the command decider's projection, never Faust."""
    changelog = app.topic(
        topic, key_serializer="raw", value_serializer="raw", partitions=1, compacting=True, acks=False
    )
    table = _Table(
        app,
        name=topic,
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
