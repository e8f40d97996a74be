"""Reads topics from one end to the other, as of now, without a consumer group."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from lead_qualifier.kafka.connection import Connection, NotAllowed, is_forbidden, needing
from lead_qualifier.kafka.raw_reader import SILENT_SECONDS, UNDECODABLE, CannotRead, RawMessage, RawReader
from lead_qualifier.kafka.topic_ids import topic_ids

Place = tuple[str, int]
"""A topic, by its full name, and a partition of it."""

#: What is said of partitions that were created just now (the first is how librdkafka says it), or whose leader changes.
_NO_LEADER = frozenset(
    {
        KafkaError._NOENT,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
    }
)
_LEADER_SECONDS = 10.0
#: librdkafka wants a group's name even where nothing is asked of a group; nothing is ever committed under it.
GROUP = "lead-qualifier-reader"
_SPEC: Any = OffsetSpec  # typed in some versions, not in others
EARLIEST = _SPEC.earliest()
LATEST = _SPEC.latest()


class TopicMissing(Exception):
    """A topic does not exist; the message says how to create it."""

    def __init__(self, topic: str) -> None:
        super().__init__(
            f"the topic {topic} does not exist: create the topics first (lead-qualifier topics create, with "
            "--downstream those of the services), or set LEAD_QUALIFIER_TOPIC_PREFIX to what the workers use"
        )


class Unfinished(Exception):
    """A topic could not be read to its end in time."""


class TopicReader:
    """What is committed in topics, from their first record to the last there is when reading begins."""

    def __init__(self, connection: Connection, *, timeout: float = 60.0, committed: bool = True) -> None:
        """`timeout`: seconds that reading may go without anything new, and that the broker has for an answer.

        Not `committed`: what stands there, be its transaction open, aborted or committed.
        """
        self._config = reading(connection) | ({} if committed else {"isolation.level": "read_uncommitted"})
        self._timeout = timeout
        self._connection = connection
        self._committed = committed
        self._admin = AdminClient(connection.confluent())

    def partitions(self, topic: str) -> list[int]:
        """The partitions of a topic. Raises TopicMissing, NotAllowed."""
        found = self._admin.list_topics(topic, timeout=self._timeout).topics.get(topic)
        if found is not None and found.error is not None and is_forbidden(found.error):
            raise NotAllowed(f"Describe on topic {topic}")
        if found is None or found.error is not None or not found.partitions:
            raise TopicMissing(topic)
        return sorted(found.partitions)

    def existing(self, topics: Sequence[str]) -> set[str]:
        """Those of the topics that there are."""
        found = self._admin.list_topics(timeout=self._timeout).topics
        return {topic for topic in topics if topic in found and found[topic].partitions}

    def ids(self, topics: Sequence[str]) -> dict[str, str]:
        """The id of each topic that there is. Raises KafkaException."""
        return topic_ids(self._admin, topics, timeout=self._timeout)

    def places(self, topic: str) -> list[Place]:
        """All partitions of a topic, each with its topic. Raises TopicMissing."""
        return [(topic, partition) for partition in self.partitions(topic)]

    def first(self, places: Sequence[Place]) -> dict[Place, int]:
        """The offset of the first record that each still holds."""
        return self._offsets(dict.fromkeys(places, EARLIEST))

    def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """The offset after the last record of each, whether that is committed or not."""
        return self._offsets(dict.fromkeys(places, LATEST))

    def since(self, places: Sequence[Place], timestamp_ms: int) -> dict[Place, int]:
        """The offset of the first record of that time or later; the end where there is none."""
        found = self._offsets(dict.fromkeys(places, _SPEC.for_timestamp(timestamp_ms)))
        ends = self.ends([place for place, offset in found.items() if offset < 0])
        return {place: ends.get(place, offset) for place, offset in found.items()}

    def read(self, places: Sequence[Place], start: Mapping[Place, int] | None = None) -> Iterator[Any]:
        """Every committed record from `start` (by default the first) to the end, in order within each partition.

        Header names that are not UTF-8 have their bytes as surrogates. A batch that no client can decode is one record
        without key, whose value is the bytes of the batch.
        What a transaction has written that is still open is waited for. Raises Unfinished, NotAllowed, KafkaException.
        """
        begin = self.first(places) if start is None else dict(start)
        ends = self.ends(list(begin))
        waiting = {place: end for place, end in ends.items() if end > begin[place]}
        if not waiting:
            return
        consumer = confluent_kafka.Consumer(self._config)
        raw = RawReader(self._connection, committed=self._committed)
        try:
            consumer.assign([TopicPartition(*place, begin[place]) for place in waiting])
            yield from self._until(consumer, raw, waiting, {place: begin[place] for place in waiting})
        finally:
            raw.close()
            consumer.close()

    def _until(
        self, consumer: confluent_kafka.Consumer, raw: RawReader, waiting: dict[Place, int], at: dict[Place, int]
    ) -> Iterator[Any]:
        """`at`: the offset to read next, which moves."""
        moved = time.monotonic()
        silent_from = moved
        while waiting:
            messages = consumer.consume(5_000, 0.2)
            if not messages and time.monotonic() > moved + self._timeout:
                names = ", ".join(f"{topic}-{partition}" for topic, partition in sorted(waiting))
                raise Unfinished(
                    f"{names} could not be read to the end within {self._timeout:g} s: a transaction may be open "
                    "there; try again, and look at the broker if it stays so"
                )
            stuck = set(waiting) if not messages and time.monotonic() > silent_from + SILENT_SECONDS else set()
            for message in cast("list[Any]", messages):
                error = message.error()
                place = (message.topic(), message.partition())
                if error is None:
                    if message.offset() >= at[place]:  # else it was read by its bytes
                        _mend_headers(raw, message)
                        at[place] = message.offset() + 1
                        yield message
                elif error.code() in UNDECODABLE:
                    stuck.add(place)
                elif error.code() == KafkaError._PARTITION_EOF:
                    # An open transaction ends the readable part before the end; more comes when it is closed.
                    if message.offset() >= waiting.get(place, 0):
                        waiting.pop(place, None)
                else:
                    raise_read_error(message)
            for place in stuck & waiting.keys():
                found, end = _read_raw(raw, place, at[place])
                yield from found
                if end > at[place]:
                    at[place], moved = end, time.monotonic()
                    consumer.seek(TopicPartition(*place, end))
                    if end >= waiting[place]:
                        waiting.pop(place)
            if messages or stuck:
                silent_from = time.monotonic()
            if messages and not stuck:
                moved = time.monotonic()  # however long the caller took for them

    def _offsets(self, specs: Mapping[Place, Any]) -> dict[Place, int]:
        deadline = time.monotonic() + min(self._timeout, _LEADER_SECONDS)
        while True:
            try:
                return self._ask_offsets(specs)
            except KafkaException as error:
                if error.args[0].code() not in _NO_LEADER or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _ask_offsets(self, specs: Mapping[Place, Any]) -> dict[Place, int]:
        if not specs:
            return {}
        request = {TopicPartition(*place): spec for place, spec in specs.items()}
        futures = self._admin.list_offsets(request, request_timeout=self._timeout)
        offsets = {}
        try:
            for tp, future in futures.items():
                offsets[tp.topic, tp.partition] = int(future.result().offset)
        except KafkaException:
            for topic in {topic for topic, _ in specs}:
                self.partitions(topic)  # says it better: the topic is gone, or may not be seen
            raise
        return offsets


def _mend_headers(raw: RawReader, message: Any) -> None:
    try:
        raw.headers(message)
    except CannotRead as error:
        raise Unfinished(f"{error}; try again, and look at the broker if it stays so") from error


def _read_raw(raw: RawReader, place: Place, offset: int) -> tuple[list[RawMessage], int]:
    try:
        return raw.messages(*place, offset)
    except CannotRead as error:
        raise Unfinished(f"{error}; try again, and look at the broker if it stays so") from error


def raise_read_error(message: Any) -> None:
    """For a message that is an error: raises NotAllowed naming the topic, Unfinished, else KafkaException.

    Returns if it only says that the group may not be used: readers ask nothing of it.
    """
    error = message.error()
    if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
        return
    if error.code() in UNDECODABLE:
        raise Unfinished(
            f"{message.topic()}-{message.partition()} cannot be decoded at offset {message.offset()} "
            f"({error.str()}): if no consumer can read it, delete the records up to there (kafka-delete-records)"
        )
    with needing(f"Read on topic {message.topic()}"):
        raise KafkaException(error)


def reading(connection: Connection) -> dict[str, Any]:
    """Configuration of a consumer that is assigned partitions and reads what is committed."""
    return connection.confluent(
        **{
            "group.id": GROUP,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
            # a queue that ran full is filled on as soon as there is room: librdkafka would wait for a second
            "fetch.queue.backoff.ms": 10,
        }
    )
