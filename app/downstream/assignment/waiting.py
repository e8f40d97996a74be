"""Leads that wait, in lines: all in a line have the same candidates, so that where its first gets none, none gets one.

An index over the state, which alone is kept.
"""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heappop, heappush

Line = Hashable


class Waiting:
    """Leads by their place, which never changes while they wait."""

    def __init__(self) -> None:
        self._lines: dict[Line, dict[str, int]] = {}
        self._heaps: dict[Line, list[tuple[int, str]]] = {}
        self._line_of: dict[str, Line] = {}

    def __len__(self) -> int:
        return len(self._line_of)

    def put(self, lead_id: str, place: int, line: Line) -> None:
        """Have it wait in this line, and in no other."""
        self.remove(lead_id)
        self._lines.setdefault(line, {})[lead_id] = place
        heappush(self._heaps.setdefault(line, []), (place, lead_id))
        self._line_of[lead_id] = line

    def remove(self, lead_id: str) -> None:
        """It waits no longer."""
        line = self._line_of.pop(lead_id, None)
        if line is None:
            return
        del self._lines[line][lead_id]
        if not self._lines[line]:
            del self._lines[line], self._heaps[line]

    def lines(self) -> list[Line]:
        """Those in which somebody waits."""
        return list(self._lines)

    def first(self, line: Line) -> tuple[int, str] | None:
        """Who has waited longest in this line: place and lead."""
        heap = self._heaps.get(line)
        if heap is None:
            return None
        members = self._lines[line]
        while members.get(heap[0][1]) != heap[0][0]:
            heappop(heap)  # left meanwhile
        return heap[0]

    def merge_into(self, line: Line) -> None:
        """Have all wait in one line."""
        everybody = [(lead_id, place) for members in self._lines.values() for lead_id, place in members.items()]
        self._lines.clear()
        self._heaps.clear()
        self._line_of.clear()
        for lead_id, place in everybody:
            self.put(lead_id, place, line)
