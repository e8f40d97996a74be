"""Queues of fetched batches, from the consumer's thread to the cycle; a batch is accepted only if it follows the last.

Three threads meet here. The consumer's thread stamps each fetch with the consumer's own positions and applies seeks;
Faust's agent offers the batches; the cycle takes them. A batch counts only if it belongs to the current epoch (no seek
since) and starts at or before the position. So a stale batch after a seek is no loss, holes in the offsets are no gaps,
and what Faust has dropped is noticed and read again.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lead_qualifier.engine.partitioning import TopicPartition
from lead_qualifier.kafka.records import size_of

#: A cycle takes from a topic partition at most this many times: its share, and what others have left of theirs.
TAKEN_AT_ONCE = 2


class Batch(NamedTuple):
    """The records of one fetch from one topic partition: offsets `start` up to, not including, `end`."""

    topic: str
    partition: int
    epoch: int
    start: int
    end: int
    records: Sequence[Any]
    #: Of keys and values; None: not measured yet.
    bytes: int | None = None
    #: Of the largest record.
    largest: int = 0


def measured(batch: Batch) -> Batch:
    """The batch with its sizes."""
    if batch.bytes is not None:
        return batch
    sizes = [size_of(record) for record in batch.records]
    return batch._replace(bytes=sum(sizes), largest=max(sizes, default=0))


def split(batch: Batch, at: int) -> tuple[Batch, Batch]:
    """The first `at` records, at least one and not all, and the others."""
    first = batch.records[:at]
    cut = batch.records[at].offset
    in_first = sum(map(size_of, first))
    return (
        batch._replace(end=cut, records=first, bytes=in_first),
        batch._replace(start=cut, records=batch.records[at:], bytes=max(0, (batch.bytes or 0) - in_first)),
    )


@dataclass(slots=True)
class _Queue:
    opened: int  # the epoch in which it began: batches of earlier ones came before it
    epoch: int
    next: int  # where the queued batches end: the offset to accept next
    records_end: int  # where the last accepted record ends; what follows holds none (the end of a transaction)
    batches: deque[Batch] = field(default_factory=deque)
    records: int = 0
    bytes: int = 0
    rejected: int = 0  # batches in a row that did not follow `next`
    taken: deque[Any] = field(default_factory=lambda: deque(maxlen=TAKEN_AT_ONCE))  # the first record of each `take`


class FetchBuffer:
    """Bounded queues of accepted batches, one per open topic partition. All methods are safe from any thread."""

    def __init__(self, *, max_queued_records: int, max_queued_bytes: int = 256 * 1024 * 1024) -> None:
        self._max = max_queued_records
        self._max_bytes = max_queued_bytes
        self._queues: dict[TopicPartition, _Queue] = {}
        self._seeks: dict[TopicPartition, tuple[int, int]] = {}
        self._epochs = itertools.count(1)
        self._queued = 0
        self._queued_bytes = 0
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._woken = False
        self._waiting_since = 0.0  # when the first of what is queued came (monotonic); 0: it was here before
        #: Called, in any thread, when other records are wanted than before. It must not call back.
        self.wants_changed: Callable[[], None] = lambda: None
        #: Batches dropped because they did not follow what is queued, for tests.
        self.dropped = 0

    # --- engine: which topic partitions are open, and from where

    def open(self, positions: Mapping[TopicPartition, int]) -> None:
        """Accept records of these topic partitions from the given offsets on; the consumer is asked to seek there."""
        with self._lock:
            for tp, offset in positions.items():
                self._forget(tp)
                self._restart(tp, offset)
            self._wake()
            self.wants_changed()

    def close(self, tps: Iterable[TopicPartition] | None = None) -> None:
        """Drop what is queued and accept nothing more, of all topic partitions if none are named."""
        with self._lock:
            for tp in list(self._queues) if tps is None else list(tps):
                self._forget(tp)
            self._arrived.notify_all()
            self.wants_changed()

    # --- consumer's thread

    def take_seeks(self) -> dict[TopicPartition, tuple[int, int]]:
        """Seeks to apply now: topic partition -> (offset, epoch that begins with it)."""
        with self._lock:
            seeks, self._seeks = self._seeks, {}
            return seeks

    def wanted(self) -> list[TopicPartition]:
        """Open topic partitions that have room. One without a queued record always has room: what is queued of others
        may wait for it.
        """
        with self._lock:
            if self._queued >= self._max or self._queued_bytes >= self._max_bytes:
                return [tp for tp, queue in self._queues.items() if not queue.records]
            share = max(1, 2 * self._max // max(1, len(self._queues)))
            in_bytes = max(1, 2 * self._max_bytes // max(1, len(self._queues)))
            return [tp for tp, queue in self._queues.items() if queue.records < share and queue.bytes < in_bytes]

    def next_offset(self, tp: TopicPartition) -> tuple[int, int] | None:
        """(epoch, offset to accept next), or None if it is not open."""
        with self._lock:
            queue = self._queues.get(tp)
            return None if queue is None else (queue.epoch, queue.next)

    def read_again(self, tp: TopicPartition, epoch: int) -> None:
        """Batches of this epoch got lost on the way: seek back to the position."""
        with self._lock:
            queue = self._queues.get(tp)
            if queue is not None and queue.epoch == epoch:
                self._seek_back(tp, queue)

    def _seek_back(self, tp: TopicPartition, queue: _Queue) -> None:
        queue.epoch = next(self._epochs)
        self._seeks[tp] = (queue.next, queue.epoch)
        self.wants_changed()

    # --- Faust's agent

    def accept(self, batch: Batch) -> bool:
        """Queue a batch if it follows what is queued; True if it did."""
        tp = (batch.topic, batch.partition)
        with self._lock:
            queue = self._queues.get(tp)
            if queue is None or batch.epoch != queue.epoch:
                self.dropped += 1
                return False
            if batch.start > queue.next:
                self.dropped += 1
                queue.rejected += 1
                self._seek_back(tp, queue)
                return False
            if batch.end <= queue.next:
                return False
            records = batch.records
            if records and records[0].offset < queue.next:
                batch = batch._replace(records=[r for r in records if r.offset >= queue.next], bytes=None)
            queue.next = batch.end
            queue.rejected = 0
            if batch.records:
                queue.records_end = batch.records[-1].offset + 1
                batch = measured(batch)
                queue.batches.append(batch)
                if not self._queued:
                    self._waiting_since = time.monotonic()
                self._count(queue, batch, 1)
                self._arrived.notify_all()
            return True

    def gaps(self) -> list[TopicPartition]:
        """Topic partitions whose position the consumer has failed to reach several times: verify their position."""
        with self._lock:
            return [tp for tp, queue in self._queues.items() if queue.rejected >= 3]

    # --- cycle

    def wait(self, seconds: float) -> None:
        """Return when something has arrived, `wake` was called, or the time is over."""
        with self._arrived:
            if not self._woken and not self._queued:
                self._arrived.wait(seconds)
            self._woken = False

    def gather(self, seconds: float, enough: int, enough_bytes: int) -> None:
        """Return when the first of what is queued has waited for this long, when so many records or bytes are queued,
        when nothing is, or after `wake`.
        """
        with self._arrived:
            while self._queued and not self._woken and self._queued < enough and self._queued_bytes < enough_bytes:
                left = self._waiting_since + seconds - time.monotonic()
                if left <= 0:
                    break
                self._arrived.wait(left)
            self._woken = False

    def wake(self) -> None:
        """End a `wait` or `gather`: there is other work than new records."""
        with self._lock:
            self._wake()

    def pending(self, tp: TopicPartition) -> bool:
        """True if anything is queued."""
        with self._lock:
            queue = self._queues.get(tp)
            return queue is not None and bool(queue.batches)

    def passed(self, number: int, positions: Mapping[str, int]) -> dict[str, int]:
        """By topic, the offsets to move positions to that only transaction markers follow. `positions`: those of a
        partition, by topic.

        A position left there would be outside of the topic once its last records have expired.
        """
        with self._lock:
            return {
                topic: queue.next
                for topic, offset in positions.items()
                if (queue := self._queues.get((topic, number))) is not None and queue.records_end <= offset < queue.next
            }

    def reached(self, tp: TopicPartition, offset: int) -> bool:
        """True if everything before an offset has been accepted and taken."""
        with self._lock:
            queue = self._queues.get(tp)
            if queue is None or queue.next < offset:
                return False
            return not queue.batches or queue.batches[0].records[0].offset >= offset

    def take(
        self,
        tp: TopicPartition,
        limit: int,
        *,
        until: int | None = None,
        max_bytes: int = sys.maxsize,
        at_least_one: bool = True,
    ) -> list[Batch]:
        """Remove and return queued batches of at most `limit` records and `max_bytes`, before offset `until`. A longer
        batch is split. `at_least_one`: return the first record, however large.
        """
        taken: list[Batch] = []
        with self._lock:
            queue = self._queues.get(tp)
            if queue is None:
                return taken
            count = size = 0
            while queue.batches and count < limit and size < max_bytes:
                if until is not None and queue.batches[0].records[0].offset >= until:
                    break
                batch = queue.batches.popleft()
                self._count(queue, batch, -1)
                room = limit - count
                if until is not None and batch.end > until:
                    room = min(room, bisect_left(batch.records, until, key=lambda record: int(record.offset)))
                if (batch.bytes or 0) > max_bytes - size:
                    room = min(room, _fitting(batch.records, max_bytes - size))
                    if room == 0 and (taken or not at_least_one):
                        queue.batches.appendleft(batch)
                        self._count(queue, batch, 1)
                        break
                    room = max(1, room)
                if len(batch.records) > room:
                    batch, rest = split(batch, room)
                    queue.batches.appendleft(rest)
                    self._count(queue, rest, 1)
                count += len(batch.records)
                size += batch.bytes or 0
                taken.append(batch)
            if taken:
                queue.taken.append(taken[0].records[0])
        return taken

    def give_back(self, batches: Iterable[Batch]) -> None:
        """Put batches that were taken and not processed back in front, in their order."""
        with self._lock:
            for batch in reversed(list(batches)):
                queue = self._queues.get((batch.topic, batch.partition))
                if queue is not None and batch.epoch >= queue.opened:  # else it is read again, if it is ours at all
                    self._waiting_since = 0.0
                    queue.batches.appendleft(batch)
                    self._count(queue, batch, 1)

    def oldest(self, tp: TopicPartition, position: int) -> Any | None:
        """The first record that was accepted at or after an offset, the position; None if there is none."""
        with self._lock:
            if (queue := self._queues.get(tp)) is None:
                return None
            being_processed = (record for record in queue.taken if record.offset >= position)
            return next(being_processed, queue.batches[0].records[0] if queue.batches else None)

    @property
    def queued(self) -> int:
        """Records accepted and not yet taken."""
        return self._queued

    def _restart(self, tp: TopicPartition, offset: int) -> None:
        epoch = next(self._epochs)
        self._queues[tp] = _Queue(opened=epoch, epoch=epoch, next=offset, records_end=offset)
        self._seeks[tp] = (offset, epoch)

    def _forget(self, tp: TopicPartition) -> None:
        queue = self._queues.pop(tp, None)
        self._seeks.pop(tp, None)
        if queue is not None:
            self._queued -= queue.records
            self._queued_bytes -= queue.bytes

    def _count(self, queue: _Queue, batch: Batch, sign: int) -> None:
        records, size = sign * len(batch.records), sign * (batch.bytes or 0)
        queue.records += records
        queue.bytes += size
        self._queued += records
        self._queued_bytes += size

    def _wake(self) -> None:
        self._woken = True
        self._arrived.notify_all()


def _fitting(records: Sequence[Any], room: int) -> int:
    """How many of the first records have no more than `room` bytes together."""
    size = 0
    for number, record in enumerate(records):
        size += size_of(record)
        if size > room:
            return number
    return len(records)
