"""The timers of a partition: an index over its state, which alone is kept in Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import TypeVar

import msgspec

Timer = tuple[int, bytes]
"""When it is due (milliseconds since 1970, by the wall clock), and the key."""


#: The heap is built again without superseded entries once it holds this many more than twice the number of keys.
_SUPERSEDED = 64

S = TypeVar("S")


def timers_in(
    store: Mapping[bytes, bytes], mark: bytes, decode: Callable[[bytes], S], times: Callable[[S], Iterable[int]]
) -> Iterator[Timer]:
    """The timers of encoded states, for `Processor.timers`.

    Only states that contain `mark` are decoded, which spares the millions without a timer; a state without a timer may
    contain it, too. `times`: when the timers of a state are due (milliseconds since 1970).
    """
    for key, value in store.items():
        if mark in value:
            try:
                state = decode(value)
            except (msgspec.DecodeError, ValueError, RecursionError):
                continue  # `inspection` reports it
            for due_ms in times(state):
                yield due_ms, key


class Timers:
    """One timer per key, its earliest; once that has fired, the key's state says what comes next.

    A due timer is returned in every cycle until a cycle that has processed its key is committed.
    """

    def __init__(self, timers: Iterable[Timer] = ()) -> None:
        self._next: dict[bytes, int] = {}
        for due_ms, key in timers:
            if due_ms < self._next.get(key, due_ms + 1):
                self._next[key] = due_ms
        self._heap = [(due_ms, key) for key, due_ms in self._next.items()]
        heapify(self._heap)
        self._due: dict[bytes, int] = {}

    def __len__(self) -> int:
        """How many timers are kept, including those of keys that now have an earlier one."""
        return len(self._heap) + len(self._due)

    def add(self, timers: Iterable[Timer]) -> None:
        """Add timers. A timer that is no longer needed when it is due has no effect."""
        earliest, heap = self._next, self._heap
        for timer in timers:
            due_ms, key = timer
            held = earliest.get(key)
            if held is None or due_ms < held:
                earliest[key] = due_ms
                heappush(heap, timer)
        if len(heap) > 2 * len(earliest) + _SUPERSEDED:
            self._heap = [(due_ms, key) for key, due_ms in earliest.items()]
            heapify(self._heap)

    def due(self, now_ms: int, limit: int) -> list[bytes]:
        """Keys with a due timer, at most `limit`, those that have waited longest first."""
        heap, earliest = self._heap, self._next
        while heap and heap[0][0] <= now_ms:
            due_ms, key = heappop(heap)
            if earliest.get(key) == due_ms:
                del earliest[key]
                self._due[key] = due_ms
        return list(islice(self._due, limit))

    def oldest(self) -> int | None:
        """When the timer that fires next was or is due (milliseconds since 1970); None without one. Safe from any
        thread, which may find a timer that has just fired.
        """
        if (due := next(iter(self._due.copy().values()), None)) is not None:
            return due
        due_ms, key = next(iter(self._heap[:1]), (0, b""))
        return due_ms if self._next.get(key) == due_ms else None  # another one may be superseded

    def done(self, keys: Iterable[bytes], following: Iterable[Timer] = ()) -> None:
        """The timers of these keys have fired, and the cycle is committed. `following`: what their states wait for
        now.
        """
        for key in keys:
            self._due.pop(key, None)
        self.add(following)
