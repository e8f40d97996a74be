"""Which keys of a partition want to be looked at, and when: an index over the state, which alone is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import TypeVar

import msgspec

Wake = tuple[int, bytes]
"""A time (milliseconds since 1970, of the wall clock) and the key to look at from then on."""


S = TypeVar("S")


def wakes_in(
    entries: Mapping[bytes, bytes], mark: bytes, decode: Callable[[bytes], S], times: Callable[[S], Iterable[int]]
) -> Iterator[Wake]:
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
    """A time that has come is told again with every cycle until a committed one has looked at its key."""

    def __init__(self, wakes: Iterable[Wake] = ()) -> None:
        self._heap = list(wakes)
        heapify(self._heap)
        self._due: dict[bytes, None] = {}

    def add(self, wakes: Iterable[Wake]) -> None:
        """Look at these keys too. One that no longer needs it by then is looked at in vain."""
        for wake in wakes:
            heappush(self._heap, wake)

    def due(self, now_ms: int, limit: int) -> list[bytes]:
        """Keys whose time has come, at most `limit`, those that have waited longest first."""
        heap = self._heap
        while heap and heap[0][0] <= now_ms:
            self._due[heappop(heap)[1]] = None
        return list(islice(self._due, limit))

    def done(self, keys: Iterable[bytes]) -> None:
        """These have been looked at, and what came of it is committed."""
        for key in keys:
            self._due.pop(key, None)
