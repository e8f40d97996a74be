"""Applies records to the console's tables, and measures what that takes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

from bench.console_records import NAME_ATTRIBUTES, PARTITIONS, TOPICS
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.kafka.records import PartitionId, Record

#: As many as the console takes from Kafka at once.
_BATCH = 5_000


class Projecting:
    """Begins the projection again in a database. `seconds`: what applying has taken, `cpu` and `wall`."""

    def __init__(self, database: Database) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._projection = Projection(database, TOPICS, name_attributes=NAME_ATTRIBUTES)
        self._next: dict[PartitionId, int] = {(topic, one): 0 for topic in TOPICS.all for one in range(PARTITIONS)}
        self._projection.begin_again(None, {}, self._next)

    def apply(self, records: Iterable[Record]) -> None:
        """Apply records, which are made meanwhile."""
        remaining = iter(records)
        while batch := list(islice(remaining, _BATCH)):
            after = {(one.topic, one.partition): one.offset + 1 for one in batch}
            begun = self._begin()
            self._projection.apply(batch, before=self._next, after=after)
            self._end(begun)
            self._next.update(after)

    def caught_up(self) -> None:
        """Make the indexes for lists."""
        begun = self._begin()
        self._projection.caught_up(0)
        self._end(begun)

    @staticmethod
    def _begin() -> dict[str, float]:
        return {"cpu": time.process_time(), "wall": time.perf_counter()}

    def _end(self, begun: dict[str, float]) -> None:
        now = self._begin()
        for name, at in begun.items():
            self.seconds[name] += now[name] - at
