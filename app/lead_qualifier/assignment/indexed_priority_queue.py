"""A priority queue of keys whose priorities may change."""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
"""Priorities: any values that can be compared."""

#: The heap is rebuilt once its outdated entries outnumber the keys by this many.
_SLACK = 16


class IndexedPriorityQueue(Generic[K, V]):
    """Returns the key with the lowest value. Its size depends on the keys alone, however often their values change."""

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._heap: list[tuple[Any, int, K]] = []
        self._serial = count()  # so that keys need not be comparable

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        """The key's value, or None."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Add the key with this value, or change its value."""
        if self._values.get(key) == value:
            return
        self._values[key] = value
        heappush(self._heap, (value, next(self._serial), key))
        if len(self._heap) > 2 * len(self._values) + _SLACK:
            self._heap = [(held, next(self._serial), one) for one, held in self._values.items()]
            heapify(self._heap)

    def discard(self, key: K) -> None:
        """Remove the key, if it is there."""
        self._values.pop(key, None)

    def clear(self) -> None:
        """Remove all keys."""
        self._values.clear()
        self._heap.clear()

    def first(self) -> tuple[V, K] | None:
        """The lowest value and its key, or None."""
        heap = self._heap
        while heap:
            value, _, key = heap[0]
            if self._values.get(key) == value:
                return value, key
            heappop(heap)
        return None
