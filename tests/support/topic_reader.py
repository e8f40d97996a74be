"""Reads topics to their very end, read committed, again and again.

Independent of the program's own reader on purpose: a fault of that one must show.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from tests.oracle.reading import Input
from tests.support.raw_batches import SENT_HEADERS

_END: Any = OffsetSpec.latest()
#: Said while a broker is away; the client connects again by itself.
_AWAY = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE}


class TopicReader:
    """Every record of some topics so far, in `records` by topic (without prefix), each partition in its order."""

    def __init__(
        self, bootstrap: str, prefix: str, topics: Sequence[str], *, client: Mapping[str, Any] | None = None
    ) -> None:
        """`client`: further settings of librdkafka."""
        self._admin_config = {"bootstrap.servers": bootstrap, **(client or {})}
        self._admin = AdminClient(self._admin_config)
        self._prefix = prefix
        self._config: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "group.id": f"{prefix}reader",  # never joined
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,
            "fetch.message.max.bytes": 20_000_000,
            **(client or {}),
        }
        self._consumer = Consumer(self._config)
        there = self._admin.list_topics(timeout=10).topics
        self._partitions = [
            TopicPartition(prefix + topic, number) for topic in topics for number in there[prefix + topic].partitions
        ]
        self._reached: dict[tuple[str, int], int] = {}
        self.records: dict[str, list[Input]] = {topic: [] for topic in topics}
        #: Headers of records, by topic, partition and offset, that the client library cannot give.
        self.known_headers: dict[tuple[str, int, int], tuple[tuple[str, bytes | None], ...]] = {}

    def ends(self) -> dict[tuple[str, int], int]:
        """Where each partition ends now, open transactions included."""
        return self._ends(IsolationLevel.READ_UNCOMMITTED)

    def stable_ends(self) -> dict[tuple[str, int], int]:
        """Up to where records are committed or aborted."""
        return self._ends(IsolationLevel.READ_COMMITTED)

    def _ends(self, isolation: IsolationLevel) -> dict[tuple[str, int], int]:
        deadline = time.monotonic() + 15
        while True:
            asked = self._admin.list_offsets(
                dict.fromkeys(self._partitions, _END), request_timeout=10, isolation_level=isolation
            )
            try:
                return {(tp.topic, tp.partition): future.result().offset for tp, future in asked.items()}
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                # A client asks a broker that was restarted, or a topic that was created again, as its predecessor.
                self._admin = AdminClient(self._admin_config)
                time.sleep(0.2)

    def read(self, timeout: float = 60, *, stable: bool = False) -> list[Input]:
        """Read on to the ends as they are now; returns what is new. `stable`: without waiting for open transactions."""
        deadline = time.monotonic() + timeout
        ends = self.stable_ends() if stable else self.ends()
        new: list[Input] = []
        behind = [place for place, end in ends.items() if self._reached.get(place, 0) < end]
        if not behind:
            return new
        # Only what is to be read, and only now: a client asks for what it is assigned again and again.
        self._consumer.assign([TopicPartition(*place, self._reached.get(place, 0)) for place in behind])
        while any(self._reached.get(place, 0) < ends[place] for place in behind):
            if time.monotonic() > deadline:
                raise AssertionError(f"not read to the end: at {self._reached}, ends {ends}")
            for got in self._consumer.consume(1000, 0.02):
                error = got.error()
                topic, partition, offset = str(got.topic()), int(got.partition() or 0), int(got.offset() or 0)
                if error is None:
                    name = topic.removeprefix(self._prefix)
                    headers: Any = self.known_headers.get((topic, partition, offset))
                    if headers is None:
                        headers = SENT_HEADERS.get((topic, got.value() or b""))
                    headers = tuple(got.headers() or ()) if headers is None else headers
                    kind, written_ms = got.timestamp()
                    record = Input(
                        name, partition, offset, got.key(), got.value(), headers, written_ms if kind else None
                    )
                    self.records[name].append(record)
                    new.append(record)
                    self._reached[topic, partition] = offset + 1
                elif error.code() == KafkaError._PARTITION_EOF:
                    self._reached[topic, partition] = max(self._reached.get((topic, partition), 0), offset)
                elif error.code() not in _AWAY:
                    raise AssertionError(str(error))
        self._consumer.unassign()
        return new

    def begin_anew(self, topic: str) -> None:
        """The topic was created again: its records are read from the start, behind those that there were."""
        for tp in self._partitions:
            if tp.topic == self._prefix + topic:
                self._reached.pop((tp.topic, tp.partition), None)
        self.known_headers = {
            place: known for place, known in self.known_headers.items() if place[0] != self._prefix + topic
        }
        # librdkafka takes no partition back whose leader epoch is lower than it was, and a new topic's begins at 0
        self._consumer.close()
        self._consumer = Consumer(self._config)

    def close(self) -> None:
        self._consumer.close()
