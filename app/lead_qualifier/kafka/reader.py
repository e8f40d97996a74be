"""Reads topics without a consumer group: from an offset to the current end, or continuously."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self, cast

import confluent_kafka
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, KafkaException, TopicPartition

from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import RawFetchFailed, ReadIncomplete, needing, partition_names
from lead_qualifier.kafka.lost_brokers import LostBrokers, abandon, close
from lead_qualifier.kafka.raw import SILENT_SECONDS, UNDECODABLE, RawReader
from lead_qualifier.kafka.records import PartitionId, Record

#: librdkafka wants a group's name even where nothing is asked of a group; nothing is ever committed under it.
_GROUP = "lead-qualifier-reader"
_AT_ONCE = 5_000
_POLL_SECONDS = 0.2


class TopicReader:
    """Reads what is committed in topics, from their first record to the last that is there when reading begins."""

    def __init__(self, connection: Connection, *, timeout: float = 60.0, committed: bool = True) -> None:
        """`timeout`: how long (seconds) to wait for new records, and for each answer of the broker.

        Not `committed`: reads everything, be its transaction open, aborted or committed.
        """
        self.admin = Admin(connection.confluent(), timeout=timeout)
        self._connection = connection
        self._timeout = timeout
        self._committed = committed

    def read_topic(self, topic: str) -> Iterator[Record]:
        """Every committed record of a topic, as `read`. Raises TopicMissing, and what `read` raises."""
        return self.read(self.admin.partitions(topic))

    def read(
        self, partitions: Sequence[PartitionId], start: Mapping[PartitionId, int] | None = None
    ) -> Iterator[Record]:
        """Every committed record from `start` (by default the first) to the end, in order within each partition.

        Waits for what an open transaction has written. A batch that no client can decode is one record without key,
        whose value is the bytes of the batch. Raises ReadIncomplete, NotAllowed, KafkaException.
        """
        begin = self.admin.first(partitions) if start is None else dict(start)
        ends = self.admin.ends(list(begin))
        waiting = {partition: begin[partition] for partition, end in ends.items() if end > begin[partition]}
        if not waiting:
            return
        with PartitionTail(self._connection, waiting, ends=ends, committed=self._committed) as tail:
            moved = time.monotonic()
            while any(tail.position[partition] < ends[partition] for partition in waiting):
                before = sum(tail.position.values())
                yield from tail.take(_POLL_SECONDS)
                if sum(tail.position.values()) > before:
                    moved = time.monotonic()  # however long the caller took for the records
                elif time.monotonic() > moved + self._timeout:
                    left = [partition for partition in waiting if tail.position[partition] < ends[partition]]
                    raise ReadIncomplete(
                        f"{partition_names(left)} could not be read to the end within {self._timeout:g} s: a "
                        "transaction may be open there; try again, and look at the broker if this persists"
                    )

    def newest_by_key(self, partitions: Sequence[PartitionId]) -> dict[bytes | None, Record]:
        """The newest record of each key; keys whose newest record has no value are absent. Raises as `read`."""
        newest: dict[bytes | None, Record] = {}
        for record in self.read(partitions):
            if record.value is None:
                newest.pop(record.key, None)
            else:
                newest[record.key] = record
        return newest


class PartitionTail:
    """Follows partitions from given offsets on."""

    def __init__(
        self,
        connection: Connection,
        start: Mapping[PartitionId, int],
        *,
        ends: Mapping[PartitionId, int] | None = None,
        committed: bool = True,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`ends`: offsets up to which there is something to read, where these are known. `settings`: by librdkafka's
        names.
        """
        self.position = dict(start)
        """By partition the offset to read next, also past what is no record."""
        self._config = _config(connection, committed=committed) | dict(settings or {})
        self._consumer = self._made()
        self._lost = LostBrokers(next((topic for topic, _ in start), None))
        self._raw = RawReader(connection, committed=committed)
        self._ends = ends
        self._at_end: set[PartitionId] = set()
        self._silent_since: float | None = None
        self._assign()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect."""
        self._raw.close()
        close(self._consumer)

    def take(self, seconds: float) -> list[Record]:
        """The next records, in order within each partition; waits up to `seconds` for the first.

        Raises ReadIncomplete, NotAllowed, KafkaException.
        """
        records: list[Record] = []
        by_bytes = self.poll(seconds, lambda partition, message: records.append(self._record(message, partition)))
        return records + by_bytes

    def poll(self, seconds: float, receive: Callable[[PartitionId, Any], None]) -> list[Record]:
        """As `take`, but `receive` gets confluent-kafka's messages. Returns what only their bytes could tell, which
        comes after those.

        Touch the headers of a message by RawReader only.
        """
        stuck: set[PartitionId] = set()
        if self._silent_since is None:
            self._silent_since = time.monotonic()  # not earlier: the caller may have taken long for the last records
        first = self._consumer.poll(seconds)  # consume() alone would wait for as many as it may give
        messages = [] if first is None else [first, *self._consumer.consume(_AT_ONCE, 0)]
        if messages:
            self._lost.heard()
        elif (remade := self._lost.remade(self._consumer, self._made)) is not None:
            abandon(self._consumer)
            self._consumer = remade
            self._assign()
        if not messages and time.monotonic() > self._silent_since + SILENT_SECONDS:
            stuck = self._unfinished()  # of some batches librdkafka says nothing, and fetches them for ever
        position, at_end = self.position, self._at_end
        for message in cast("list[Any]", messages):
            error = message.error()
            partition = (message.topic(), message.partition())
            if error is None:
                if (offset := message.offset()) >= position[partition]:  # else it was read by its bytes
                    receive(partition, message)
                    position[partition] = offset + 1
                    if at_end:
                        at_end.discard(partition)
            elif error.code() in UNDECODABLE:
                stuck.add(partition)
            elif error.code() == KafkaError._PARTITION_EOF:
                # an open transaction ends the readable part before the end; more comes when it is closed
                self.position[partition] = max(self.position[partition], message.offset())
                self._at_end.add(partition)
            elif error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:  # nothing is asked of the group
                with needing(f"Read on topic {message.topic()}"):
                    raise KafkaException(error)
        by_bytes = [record for partition in stuck for record in self._read_by_bytes(partition)]
        if messages or stuck:
            self._silent_since = None
        return by_bytes

    def _made(self) -> confluent_kafka.Consumer:
        return confluent_kafka.Consumer(self._config)

    def _assign(self) -> None:
        self._consumer.assign([TopicPartition(*partition, offset) for partition, offset in self.position.items()])

    def _unfinished(self) -> set[PartitionId]:
        """Where librdkafka ought to give something."""
        if self._ends is None:
            return self.position.keys() - self._at_end
        return {partition for partition, offset in self.position.items() if offset < self._ends[partition]}

    def _record(self, message: Any, partition: PartitionId) -> Record:
        kind, timestamp_ms = message.timestamp()
        return Record(
            *partition,
            message.offset(),
            0 if kind == TIMESTAMP_NOT_AVAILABLE else timestamp_ms,
            message.key(),
            message.value(),
            self._headers(message),
        )

    def _headers(self, message: Any) -> Sequence[tuple[str, bytes | None]]:
        try:
            return self._raw.headers(message)
        except RawFetchFailed as error:
            raise _incomplete(error) from error

    def _read_by_bytes(self, partition: PartitionId) -> list[Record]:
        try:
            found = self._raw.read_past(self._consumer, partition, self.position[partition])
        except RawFetchFailed as error:
            raise _incomplete(error) from error
        self.position[partition] = max(self.position[partition], found.end)
        return found.records


def _incomplete(error: RawFetchFailed) -> ReadIncomplete:
    return ReadIncomplete(f"{error}; try again, and look at the broker if this persists")


def _config(connection: Connection, *, committed: bool) -> dict[str, Any]:
    return connection.confluent(
        **{
            "group.id": _GROUP,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed" if committed else "read_uncommitted",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
            # a queue that ran full is filled on as soon as there is room: librdkafka would wait for a second
            "fetch.queue.backoff.ms": 10,
        }
    )
