"""Keys in the order of a value that each of them has and that may change."""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
"""What keys are ordered by: values that can be compared."""

#: Outdated entries of the heap are cleared away once they outnumber the keys by this many.
_SLACK = 16


class Earliest(Generic[K, V]):
    """Gives the key of the lowest value. Its size goes with the keys, however often their values change."""

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._heap: list[tuple[Any, int, K]] = []
        self._serial = count()  # keys themselves need not be comparable

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: K) -> bool:
        return key in self._values

    def get(self, key: K) -> V | None:
        """The value of a key, or None."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Order the key by this value from now on."""
        if self._values.get(key) == value:
            return
        self._values[key] = value
        heappush(self._heap, (value, next(self._serial), key))
        if len(self._heap) > 2 * len(self._values) + _SLACK:
            self._heap = [(held, next(self._serial), one) for one, held in self._values.items()]
            heapify(self._heap)

    def discard(self, key: K) -> None:
        """Forget the key."""
        self._values.pop(key, None)

    def clear(self) -> None:
        """Forget all keys."""
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
