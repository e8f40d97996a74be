"""The order in which a service decided, from its changelog: what each cycle read, changed and had as time and revision.

No order between topics is promised, and waits depend on the clock. So the oracles take the order and the times that the
service itself recorded, and check what must follow from them, with each record once, whatever was killed meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.oracle.reading import Input

_POSITION = b"\xffposition"


@dataclass(frozen=True)
class Cycle:
    """A committed cycle of a partition: `now`, its clock (milliseconds since 1970), the `revision` of the rules, the
    records that it took by topic, and the keys whose state it wrote.
    """

    now: int
    revision: int
    records: Mapping[str, Sequence[Input]]
    changed: frozenset[bytes]


class OutOfStep(Exception):
    """A position went back, or over records that were never there to be decided."""


class Journal:
    """What an application has decided so far, by partition. `topics`: its inputs; `prefix`: before their names."""

    def __init__(self, changelog: str, topics: Sequence[str], prefix: str) -> None:
        self.changelog = changelog
        self.topics = tuple(topics)
        self.cycles: dict[int, list[Cycle]] = {}
        self._prefix = prefix
        self._read = 0
        self._changed: dict[int, set[bytes]] = {}
        self._next: dict[tuple[str, int], int] = {}

    def read(self, records: Mapping[str, Sequence[Input]]) -> None:
        """Read on; `records`: all there are by topic, those of the changelog and those of the inputs.

        Raises OutOfStep.
        """
        by_place: dict[tuple[str, int], list[Input]] = {}
        for topic in self.topics:
            for record in records[topic]:
                if record.offset >= self._next.get((topic, record.partition), 0):
                    by_place.setdefault((topic, record.partition), []).append(record)
        new = records[self.changelog][self._read :]
        self._read += len(new)
        for record in new:
            if record.key != _POSITION:
                self._changed.setdefault(record.partition, set()).add(record.key or b"")
                continue
            position = json.loads(record.value or b"{}")
            cycle = Cycle(
                position.get("clock", 0),
                position.get("revision", 0),
                dict(self._taken(record.partition, position["next"], by_place)),
                frozenset(self._changed.pop(record.partition, set())),
            )
            before = self.cycles.setdefault(record.partition, [])
            if before and cycle.now < before[-1].now:
                raise OutOfStep(f"{self.changelog}/{record.partition} went back in time at {record.offset}")
            before.append(cycle)

    def unprocessed(self, records: Mapping[str, Sequence[Input]]) -> int:
        """Of the records that there are, those that it has not decided."""
        return sum(
            record.offset >= self._next.get((topic, record.partition), 0)
            for topic in self.topics
            for record in records[topic]
        )

    def _taken(
        self, partition: int, positions: Mapping[str, int], by_place: Mapping[tuple[str, int], list[Input]]
    ) -> Iterator[tuple[str, list[Input]]]:
        for topic in self.topics:
            place, end = (topic, partition), positions.get(self._prefix + topic, 0)
            if end < self._next.get(place, 0):
                raise OutOfStep(f"{self.changelog}/{partition} went back to {end} of {topic}")
            self._next[place] = end
            waiting = by_place.get(place, [])
            taken = [record for record in waiting if record.offset < end]
            del waiting[: len(taken)]
            if taken:
                yield topic, taken
