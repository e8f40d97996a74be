"""Which record is handled next, and up to where all are finished. Knows neither Kafka nor handlers.

Records of one key of one partition are a lane: only its first is ever under way. A lane that waits to be tried again
holds up nothing but itself.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from lead_qualifier.consumer.event import Arrival


class _Stage(Enum):
    OPEN = auto()
    DRAINING = auto()  # nothing begins beyond what has begun, so that no hole stays below it
    CLOSED = auto()  # nothing counts any more


class PartitionState:
    """One partition that we have, from its assignment to its end."""

    def __init__(self, topic: str, number: int) -> None:
        self.topic = topic
        self.number = number
        self.paused = False
        self.committed = -1
        """What was last sent to be committed; -1: nothing yet."""
        self._position = -1
        self._unfinished: dict[int, None] = {}  # in the order of arrival, which is that of offsets
        self._lanes: dict[bytes | None, deque[Item]] = {}
        self._under_way = 0
        self._begun = -1  # the highest offset that was taken
        self._stage = _Stage.OPEN

    @property
    def position(self) -> int:
        """What may be committed: the lowest unfinished offset, or the end of what has come; -1 before the first."""
        return next(iter(self._unfinished), self._position)

    def may_begin(self, offset: int) -> bool:
        """Is a record of it to be handled now?"""
        return self._stage is _Stage.OPEN or (self._stage is _Stage.DRAINING and offset < self._begun)

    @property
    def span(self) -> int:
        """How far the lowest unfinished offset is behind what has come."""
        return self._position - self.position


@dataclass(slots=True, eq=False)
class Item:
    """A record on its way."""

    share: PartitionState
    record: Arrival
    attempts: int = 0
    """How often the handler was called for it in vain, as far as that counts."""
    failures: int = 0
    """How often it failed in any way."""
    rejected: str | None = field(default=None)
    """Why it is to be a dead letter, if it is."""


class Scheduler:
    """All records on their way. Any thread may call; `take` is for those that handle records."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._more = threading.Condition(self._lock)  # there may be something to take
        self._less = threading.Condition(self._lock)  # something that was under way is not any more
        self._ready: deque[Item] = deque()
        self._waiting: list[tuple[float, int, Item]] = []
        self._number = 0
        self._stopped = False

    def add(self, share: PartitionState, record: Arrival) -> None:
        """A record has come. What came before (a broker may repeat) is not taken twice."""
        with self._lock:
            if share._stage is not _Stage.OPEN or record.offset < share._position:
                return
            share._position = record.offset + 1
            share._unfinished[record.offset] = None
            item = Item(share, record)
            lane = share._lanes.setdefault(record.key, deque())
            lane.append(item)
            if len(lane) == 1:
                self._ready.append(item)
                self._more.notify()

    def reached(self, share: PartitionState, offset: int) -> None:
        """There is no record below this offset that has not come: the end of the partition for now."""
        with self._lock:
            share._position = max(share._position, offset)

    def expected(self, share: PartitionState) -> int:
        """The offset after all that has come; -1 before the first."""
        with self._lock:
            return share._position

    def take(self) -> Item | None:
        """The next to handle; waits for one. None: there will be none, stop."""
        with self._lock:
            while not self._stopped:
                now = self._clock()
                while self._waiting and self._waiting[0][0] <= now:
                    self._ready.append(heapq.heappop(self._waiting)[2])
                while self._ready:
                    item = self._ready.popleft()
                    if item.share.may_begin(item.record.offset):
                        item.share._under_way += 1
                        item.share._begun = max(item.share._begun, item.record.offset)
                        if self._ready:
                            self._more.notify()
                        return item
                self._more.wait(self._waiting[0][0] - now if self._waiting else None)
            return None

    def finish(self, item: Item) -> bool:
        """It is handled, or a dead letter. False: its partition was lost meanwhile, another member handles it again."""
        share = item.share
        with self._lock:
            share._under_way -= 1
            self._less.notify_all()
            if share._stage is _Stage.CLOSED:
                return False
            del share._unfinished[item.record.offset]
            lane = share._lanes[item.record.key]
            lane.popleft()
            if lane:
                self._ready.append(lane[0])
                self._more.notify()
            else:
                del share._lanes[item.record.key]
            return True

    def later(self, item: Item, seconds: float) -> None:
        """It is tried again after so long; what has its key waits."""
        with self._lock:
            item.share._under_way -= 1
            self._number += 1
            heapq.heappush(self._waiting, (self._clock() + seconds, self._number, item))
            self._less.notify_all()
            self._more.notify()  # who waits for a later one waits too long

    def drain(self, shares: Iterable[PartitionState], seconds: float) -> bool:
        """Finish of these what is under way and what lies below it, so that all of it can be committed; begin no other.
        What waits to be tried again is not waited for. False: some did not finish in time.
        """
        kept = tuple(shares)

        def drained() -> bool:
            return not any(share._under_way for share in kept) and not any(
                item.share in kept and item.share.may_begin(item.record.offset) for item in self._ready
            )

        with self._lock:
            for share in kept:
                if share._stage is _Stage.OPEN:
                    share._stage = _Stage.DRAINING
            return self._less.wait_for(drained, seconds)

    def close(self, shares: Iterable[PartitionState]) -> None:
        """These are not ours any more: what is under way of them does not count."""
        with self._lock:
            for share in shares:
                share._stage = _Stage.CLOSED
                share._lanes.clear()
            self._ready = deque(item for item in self._ready if item.share._stage is _Stage.OPEN)
            self._waiting = [entry for entry in self._waiting if entry[2].share._stage is _Stage.OPEN]
            heapq.heapify(self._waiting)

    def unfinished(self, share: PartitionState) -> int:
        """How many records of it have come and are not finished."""
        with self._lock:
            return len(share._unfinished)

    def position(self, share: PartitionState) -> int:
        """What may be committed of it; see Share.position."""
        with self._lock:
            return share.position

    def span(self, share: PartitionState) -> int:
        """How many offsets lie between the lowest unfinished record and what has come."""
        with self._lock:
            return share.span

    def stop(self) -> None:
        """Every `take` ends with None."""
        with self._lock:
            self._stopped = True
            self._more.notify_all()
