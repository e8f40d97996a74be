"""Which events were handled: what comes twice is left out."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Protocol

REMEMBERED = 100_000
"""How many events of each partition are remembered, if nobody says otherwise."""
_PRUNE_EVERY = 1_000


class Seen(Protocol):
    """Remembers handled events. Called from several threads.

    One of your own may keep them where the handler keeps its effects, in the same transaction: then each event has its
    effect exactly once.
    """

    def holds(self, topic: str, partition: int, identity: str) -> bool:
        """Was it handled? What raises here counts as a fault of the attempt: it is tried again."""

    def add(self, topic: str, partition: int, identity: str) -> None:
        """It was handled. Adding it again changes nothing."""


class MemorySeen:
    """The newest events of each partition, as long as the process lives: about 200 bytes each."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._lock = threading.Lock()
        self._places: dict[tuple[str, int], OrderedDict[str, None]] = {}

    def holds(self, topic: str, partition: int, identity: str) -> bool:
        """Is it among those remembered?"""
        with self._lock:
            return identity in self._places.get((topic, partition), ())

    def add(self, topic: str, partition: int, identity: str) -> None:
        """Remember it, and forget the oldest of the partition where there are too many."""
        with self._lock:
            place = self._places.setdefault((topic, partition), OrderedDict())
            place[identity] = None
            if len(place) > self._remembered:
                place.popitem(last=False)


class SqliteSeen:
    """The newest events of each partition in a file: they survive kill -9, and members on this machine may share it.

    What a power failure takes of the last moments is handled again, no more.
    """

    def __init__(self, file: Path | str, remembered: int = REMEMBERED) -> None:
        """The file is made where there is none; its folder must be there. Raises sqlite3.Error."""
        self._remembered = remembered
        self._lock = threading.Lock()
        self._added: dict[tuple[str, int], int] = {}
        self._database = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, "
            "partition INTEGER NOT NULL, identity TEXT NOT NULL, UNIQUE (topic, partition, identity))"
        )

    def __enter__(self) -> SqliteSeen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def holds(self, topic: str, partition: int, identity: str) -> bool:
        """Is it among those remembered?"""
        with self._lock:
            found = self._database.execute(
                "SELECT 1 FROM seen WHERE topic = ? AND partition = ? AND identity = ?", (topic, partition, identity)
            )
            return found.fetchone() is not None

    def add(self, topic: str, partition: int, identity: str) -> None:
        """Write it down; now and then forget those beyond `remembered`."""
        with self._lock:
            self._database.execute(
                "INSERT OR IGNORE INTO seen (topic, partition, identity) VALUES (?, ?, ?)", (topic, partition, identity)
            )
            place = (topic, partition)
            self._added[place] = self._added.get(place, 0) + 1
            if self._added[place] >= min(_PRUNE_EVERY, self._remembered):
                self._added[place] = 0
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
