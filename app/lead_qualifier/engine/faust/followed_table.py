"""A Faust GlobalTable whose data comes from the records as the consumer fetches them.

Faust itself may drop what it has fetched while its flow is suspended, and its recovery of a table can end in a wait
for ten seconds and more. So the consumer's thread fills the table as it advances in the table's topic, and what Faust
delivers is passed over. Faust still gives the topic to every worker and starts the table.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import faust
import msgspec
import structlog
from faust.stores.memory import Store
from typing_extensions import override
from yarl import URL

log = structlog.get_logger(__name__)


class Versioned(Protocol):
    """An entry as it stands on the topic."""

    @property
    def key(self) -> str:
        """The key it is stored under."""

    @property
    def revision(self) -> int:
        """The revision of its last change. All entries of a topic share one sequence of revisions."""


E = TypeVar("E", bound=Versioned)
S = TypeVar("S")


class FollowedTable(faust.GlobalTable, Generic[E, S]):
    """Holds the newest entry of each key, and one immutable snapshot made of them, which processors read.

    Of two records for one key the higher revision counts, whatever their order: a command processor that was frozen may
    have written late. Nothing is ever written to the topic through the table.
    """

    def __init__(
        self,
        app: faust.App,
        topic: str,
        *,
        decode: Callable[[bytes], E | None],
        snapshot: Callable[[Mapping[str, E]], S],
        changed: Callable[[], None],
    ) -> None:
        """`topic`: the full name. `decode` raises msgspec.DecodeError for what is not an entry, and returns None
        for an entry that only its writer needs. `changed` is called after each new snapshot that may be used.
        """
        changelog = app.topic(
            topic, key_serializer="raw", value_serializer="raw", partitions=1, compacting=True, acks=False
        )
        super().__init__(
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
        self._decode_entry = decode
        self._make_snapshot = snapshot
        self._on_change = changed
        self._newest_written: dict[str, int] = {}
        self._lock = threading.Lock()
        self._snapshot = snapshot({})
        self._revision = 0
        self._followed_to = 0
        self._end: int | None = None
        # Faust makes it when it is asked for first, and here two threads ask: one of them would fill a lost copy
        self._data = self._new_store()

    # --- Faust

    @override
    def _changelog_topic_name(self) -> str:
        # Faust's assignor asks for it, knows only the default one, and fails silently with another
        return str(self.changelog_topic.get_topic_name())

    @override
    def _new_store(self) -> Store[str, E]:
        # Faust's own would bind to the event loop of the first thread to ask, which is the consumer's
        return Store(URL("memory://"), self.app, self, table_name=self.name, key_type=None, value_type=None)

    @override
    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Ignore what Faust delivers: `follow` has seen it already, and also what Faust has dropped."""

    # --- the consumer's thread

    def follow(self, records: Sequence[Any], position: int) -> None:
        """Take records as fetched, and the consumer's position after them."""
        changed = False
        with self._lock:
            for record in records:
                changed = self._take(record) or changed
            if changed:
                entries = dict(self.data.items())
                self._revision = max((entry.revision for entry in entries.values()), default=0)
                self._snapshot = self._make_snapshot(entries)
            behind = not self.caught_up
            self._followed_to = max(self._followed_to, position)
        if changed or (behind and self.caught_up):
            log.info(
                "criteria_known",
                topic=self.name,
                revision=self._revision,
                entries=len(self.data),
                caught_up=self.caught_up,
            )
            self._on_change()

    def _take(self, record: Any) -> bool:
        try:
            entry = self._decode_entry(record.value or b"")
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            log.error("foreign_record_in_criteria", topic=record.topic, offset=record.offset, reason=str(error))
            return False
        if entry is None:
            return False
        self._newest_written[entry.key] = entry.revision
        held = self.data.get(entry.key)
        if held is not None and held.revision >= entry.revision:
            return False
        self.data[entry.key] = entry
        return True

    # --- any thread

    def expect(self, end: int) -> None:
        """The end of the topic at start: until it is reached the table is not complete."""
        self._end = end

    @property
    def caught_up(self) -> bool:
        """True once the end is reached that the topic had at start."""
        return self._end is not None and self._followed_to >= self._end

    @property
    def revision(self) -> int:
        """Revision of the newest snapshot: the highest of its entries."""
        return self._revision

    def current(self) -> S | None:
        """The newest snapshot, the same object while nothing changes; None while the table is not caught up."""
        return self._snapshot if self.caught_up else None

    def outdated(self, entries: Iterable[E]) -> list[E]:
        """The entries to write again: the topic holds an older revision of them, or none."""
        with self._lock:
            return [entry for entry in entries if self._newest_written.get(entry.key, -1) < entry.revision]
