"""Remembers which events have been handled, so that a repeated one is skipped."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Protocol

REMEMBERED = 100_000
"""How many events of each partition are remembered by default."""
_PRUNE_EVERY = 1_000


class ProcessedEvents(Protocol):
    """Remembers handled events. Called from several threads.

    Write your own to store them where the handler stores its effects, in the same transaction: then each event takes
    effect exactly once.
    """

    def contains(self, topic: str, partition: int, identity: str) -> bool:
        """Whether the event was handled. An exception raised here counts as a failed attempt, which is retried."""

    def add(self, topic: str, partition: int, identity: str) -> None:
        """Remember that the event was handled. Adding it again changes nothing."""


class InMemoryProcessedEvents:
    """The newest events of each partition, as long as the process lives; about 200 bytes per event."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        """`remembered`: events per partition."""
        self._remembered = remembered
        self._lock = threading.Lock()
        self._partitions: dict[tuple[str, int], OrderedDict[str, None]] = {}

    def contains(self, topic: str, partition: int, identity: str) -> bool:
        """Whether the event is among those remembered."""
        with self._lock:
            return identity in self._partitions.get((topic, partition), ())

    def add(self, topic: str, partition: int, identity: str) -> None:
        """Remember the event, and forget the oldest one of the partition if there are too many."""
        with self._lock:
            events = self._partitions.setdefault((topic, partition), OrderedDict())
            events[identity] = None
            if len(events) > self._remembered:
                events.popitem(last=False)


class SqliteProcessedEvents:
    """The newest events of each partition in a file. It survives kill -9, and consumers on one machine may share it.

    After a power failure the events of the last moments may be handled again.
    """

    def __init__(self, file: Path | str, remembered: int = REMEMBERED) -> None:
        """Creates the file if it does not exist; its directory must. `remembered`: events per partition.
        Raises sqlite3.Error.
        """
        self._remembered = remembered
        self._lock = threading.Lock()
        self._added: dict[tuple[str, int], int] = {}
        self._database = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        # Files of older versions have this table, so its name stays.
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, "
            "partition INTEGER NOT NULL, identity TEXT NOT NULL, UNIQUE (topic, partition, identity))"
        )

    def __enter__(self) -> SqliteProcessedEvents:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def contains(self, topic: str, partition: int, identity: str) -> bool:
        """Whether the event is among those remembered."""
        with self._lock:
            found = self._database.execute(
                "SELECT 1 FROM seen WHERE topic = ? AND partition = ? AND identity = ?", (topic, partition, identity)
            )
            return found.fetchone() is not None

    def add(self, topic: str, partition: int, identity: str) -> None:
        """Remember the event, and from time to time delete those beyond `remembered`."""
        with self._lock:
            self._database.execute(
                "INSERT OR IGNORE INTO seen (topic, partition, identity) VALUES (?, ?, ?)", (topic, partition, identity)
            )
            key = (topic, partition)
            self._added[key] = self._added.get(key, 0) + 1
            if self._added[key] >= min(_PRUNE_EVERY, self._remembered):
                self._added[key] = 0
                self._prune(topic, partition)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _prune(self, topic: str, partition: int) -> None:
        self._database.execute(
            "DELETE FROM seen WHERE topic = ? AND partition = ? AND number <= (SELECT number FROM seen "
            "WHERE topic = ? AND partition = ? ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (topic, partition, topic, partition, self._remembered),
        )
