"""Decides which record is handled next, and up to which offset all are finished. Knows neither Kafka nor handlers.

Records with the same key in the same partition form a queue, and only its first record is ever in progress. A queue
that waits for a retry delays nothing but itself.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto

from lead_qualifier.kafka.records import Record


class _Stage(Enum):
    OPEN = auto()
    DRAINING = auto()  # only records below the highest one that was started are still started, to close the gaps
    CLOSED = auto()  # outcomes no longer count


class PartitionState:
    """A partition from its assignment until it is revoked. What begins with an underscore is the Scheduler's."""

    def __init__(self, topic: str, number: int) -> None:
        """`topic`: as the broker names it."""
        self.topic = topic
        self.number = number
        self.paused = False
        self.committed = -1
        """The offset that was last sent to be committed; -1 before the first commit."""
        self.end = -1
        """The offset after the last known record; -1 while the end is unknown."""
        self.silent_since: float | None = None
        """When the partition last returned something; None while it is known to be read to its end."""
        self._position = -1
        self._unfinished: dict[int, None] = {}  # offsets in the order of arrival, which is ascending
        self._queues: dict[bytes | None, deque[PendingRecord]] = {}
        self._in_progress = 0
        self._highest_started = -1
        self._stage = _Stage.OPEN

    @property
    def name(self) -> str:
        """Such as lead-qualified-3, for logs."""
        return f"{self.topic}-{self.number}"

    @property
    def _committable(self) -> int:
        return next(iter(self._unfinished), self._position)

    def _may_start(self, offset: int) -> bool:
        return self._stage is _Stage.OPEN or (self._stage is _Stage.DRAINING and offset < self._highest_started)


@dataclass(slots=True, eq=False)
class PendingRecord:
    """A record that has been read and is not finished."""

    partition: PartitionState
    record: Record
    attempts: int = 0
    """How many attempts have failed, apart from those that do not count."""
    failures: int = 0
    """How many attempts have failed in any way."""
    rejected: str | None = None
    """Why the record must become a dead letter; None if it need not."""


class Scheduler:
    """Holds all pending records. Any thread may call it; handler threads call `take`."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._available = threading.Condition(self._lock)  # there may be a record to take
        self._released = threading.Condition(self._lock)  # a record is no longer in progress
        self._ready: deque[PendingRecord] = deque()
        self._delayed: list[tuple[float, int, PendingRecord]] = []
        self._sequence = 0
        self._stopped = False

    def add(self, partition: PartitionState, record: Record) -> None:
        """Add a record that was read. A record that was already added (the broker may repeat one) is ignored."""
        with self._lock:
            if partition._stage is not _Stage.OPEN or record.offset < partition._position:
                return
            partition._position = record.offset + 1
            partition._unfinished[record.offset] = None
            pending = PendingRecord(partition, record)
            queue = partition._queues.setdefault(record.key, deque())
            queue.append(pending)
            if len(queue) == 1:
                self._ready.append(pending)
                self._available.notify()

    def advance(self, partition: PartitionState, offset: int) -> None:
        """All records below this offset have been read: it is the end of the partition, or follows a gap."""
        with self._lock:
            partition._position = max(partition._position, offset)

    def next_offset(self, partition: PartitionState) -> int:
        """The offset to read next; -1 before the first record."""
        with self._lock:
            return partition._position

    def take(self) -> PendingRecord | None:
        """Wait for the next record to handle, and return it. None: the scheduler has stopped."""
        with self._lock:
            while not self._stopped:
                now = self._clock()
                while self._delayed and self._delayed[0][0] <= now:
                    self._ready.append(heapq.heappop(self._delayed)[2])
                while self._ready:
                    pending = self._ready.popleft()
                    partition, offset = pending.partition, pending.record.offset
                    if partition._may_start(offset):
                        partition._in_progress += 1
                        partition._highest_started = max(partition._highest_started, offset)
                        if self._ready:
                            self._available.notify()
                        return pending
                self._available.wait(self._delayed[0][0] - now if self._delayed else None)
            return None

    def finish(self, pending: PendingRecord) -> bool:
        """The record was handled or is a dead letter. False: its partition was lost in the meantime, and another
        consumer will handle the record again.
        """
        partition = pending.partition
        with self._lock:
            partition._in_progress -= 1
            self._released.notify_all()
            if partition._stage is _Stage.CLOSED:
                return False
            del partition._unfinished[pending.record.offset]
            queue = partition._queues[pending.record.key]
            queue.popleft()
            if queue:
                self._ready.append(queue[0])
                self._available.notify()
            else:
                del partition._queues[pending.record.key]
            return True

    def retry(self, pending: PendingRecord, seconds: float) -> None:
        """Offer the record again after this delay. Records with the same key wait."""
        with self._lock:
            pending.partition._in_progress -= 1
            self._sequence += 1
            heapq.heappush(self._delayed, (self._clock() + seconds, self._sequence, pending))
            self._released.notify_all()
            self._available.notify()  # a thread that waits for a later record would wait too long

    def drain(self, partitions: Iterable[PartitionState], seconds: float) -> bool:
        """Finish the records in progress and those below them, so that all of it can be committed. Start no others, and
        do not wait for retries. False: some did not finish in time.
        """
        draining = tuple(partitions)

        def drained() -> bool:
            return not any(partition._in_progress for partition in draining) and not any(
                pending.partition in draining and pending.partition._may_start(pending.record.offset)
                for pending in self._ready
            )

        with self._lock:
            for partition in draining:
                if partition._stage is _Stage.OPEN:
                    partition._stage = _Stage.DRAINING
            return self._released.wait_for(drained, seconds)

    def close(self, partitions: Iterable[PartitionState]) -> None:
        """Drop these partitions. The outcome of records still in progress no longer counts."""
        with self._lock:
            for partition in partitions:
                partition._stage = _Stage.CLOSED
                partition._queues.clear()
            self._ready = deque(one for one in self._ready if one.partition._stage is _Stage.OPEN)
            self._delayed = [entry for entry in self._delayed if entry[2].partition._stage is _Stage.OPEN]
            heapq.heapify(self._delayed)

    def unfinished(self, partition: PartitionState) -> int:
        """How many records of the partition have been read and are not finished."""
        with self._lock:
            return len(partition._unfinished)

    def committable(self, partition: PartitionState) -> int:
        """The offset that may be committed: the lowest unfinished one, or the next to read; -1 before the first."""
        with self._lock:
            return partition._committable

    def span(self, partition: PartitionState) -> int:
        """How many offsets there are from the lowest unfinished record to the next one to read."""
        with self._lock:
            return partition._position - partition._committable

    def stop(self) -> None:
        """Make every `take` return None."""
        with self._lock:
            self._stopped = True
            self._available.notify_all()
