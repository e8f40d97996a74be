"""Which keys of a partition want to be looked at, and when: an index over the state, which alone is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import TypeVar

import msgspec

Timer = tuple[int, bytes]
"""A time (milliseconds since 1970, of the wall clock) and the key to look at from then on."""


#: The heap is built again without superseded entries once it holds this many more than twice the number of keys.
_SUPERSEDED = 64

S = TypeVar("S")


def timers_in(
    entries: Mapping[bytes, bytes], mark: bytes, decode: Callable[[bytes], S], times: Callable[[S], Iterable[int]]
) -> Iterator[Timer]:
    """What a partition's entries wait for, for `Processor.timers`.

    Only entries that hold `mark` are decoded, which spares the millions that wait for nothing; it may stand in one that
    waits for nothing, too. `times`: those that a state waits for (milliseconds since 1970).
    """
    for key, value in entries.items():
        if mark in value:
            try:
                state = decode(value)
            except (msgspec.DecodeError, ValueError, RecursionError):
                continue  # no state of ours; it is reported where such are looked for
            for due_ms in times(state):
                yield due_ms, key


class Timers:
    """One entry per key, its earliest time: whoever looks at a key then asks its state for what comes next.

    A time that has come is told again with every cycle until a committed one has looked at its key.
    """

    def __init__(self, timers: Iterable[Timer] = ()) -> None:
        self._next: dict[bytes, int] = {}
        for due_ms, key in timers:
            if due_ms < self._next.get(key, due_ms + 1):
                self._next[key] = due_ms
        self._heap = [(due_ms, key) for key, due_ms in self._next.items()]
        heapify(self._heap)
        self._due: dict[bytes, None] = {}

    def __len__(self) -> int:
        """Entries that are kept, those included whose key has an earlier one by now."""
        return len(self._heap) + len(self._due)

    def add(self, timers: Iterable[Timer]) -> None:
        """Look at these keys too. One that no longer needs it by then is looked at in vain."""
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
        """Keys whose time has come, at most `limit`, those that have waited longest first."""
        heap, earliest = self._heap, self._next
        while heap and heap[0][0] <= now_ms:
            due_ms, key = heappop(heap)
            if earliest.get(key) == due_ms:
                del earliest[key]
                self._due[key] = None
        return list(islice(self._due, limit))

    def done(self, keys: Iterable[bytes], following: Iterable[Timer] = ()) -> None:
        """These have been looked at, and what came of it is committed. `following`: what their states wait for now."""
        for key in keys:
            self._due.pop(key, None)
        self.add(following)
