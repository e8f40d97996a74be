"""How long nothing was committed, by partition: a reader of committed records that notes when each partition's came."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from tests.chaos.background_thread import BackgroundThread


class Pauses:
    """Watches a topic to which each partition's worker writes with every commit. Times are monotonic seconds."""

    def __init__(self, bootstrap: str, topic: str, partitions: int, *, client: Mapping[str, Any]) -> None:
        """`client`: further settings of librdkafka."""
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"{topic}-watcher",  # never joined
                "isolation.level": "read_committed",
                "auto.offset.reset": "latest",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 50,
                **client,
            }
        )
        self._consumer.assign([TopicPartition(topic, number) for number in range(partitions)])
        self._seen: dict[int, list[float]] = defaultdict(list)
        self._thread = BackgroundThread("pauses", self._run)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._thread.end()
        self._consumer.close()

    def longest(self, since: float, until: float) -> list[float]:
        """The longest time without a commit of each partition that had commits before and after, in order (seconds).

        Counted are those that overlap with the time from `since` to `until`, whole.
        """
        found = []
        for seen in self._seen.values():
            gaps = [after - before for before, after in pairwise(seen) if after > since and before < until]
            if gaps:
                found.append(max(gaps))
        return sorted(found)

    def _run(self, ending: threading.Event) -> None:
        while not ending.is_set():
            for message in self._consumer.consume(500, 0.1):
                if message.error() is None:  # a broker that is away is what is watched here
                    self._seen[message.partition() or 0].append(time.monotonic())
