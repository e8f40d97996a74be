"""Following partitions: what librdkafka gives, and reading past what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_NOT_AVAILABLE, KafkaError, KafkaException

from lead_qualifier.kafka import reader as module
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed, RawFetchFailed, ReadIncomplete
from lead_qualifier.kafka.raw import RawRecords
from lead_qualifier.kafka.reader import PartitionTail
from lead_qualifier.kafka.records import Record


class Message:
    """One of confluent-kafka, as far as it is used."""

    def __init__(self, offset: int, *, error: int | None = None, number: int = 0, timed: bool = True) -> None:
        self._offset, self._error, self._number, self._timed = offset, error, number, timed

    def error(self) -> KafkaError | None:
        return None if self._error is None else KafkaError(self._error)

    def topic(self) -> str:
        return "t"

    def partition(self) -> int:
        return self._number

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return b"k"

    def value(self) -> bytes:
        return b"%d" % self._offset

    def headers(self) -> list[tuple[str, bytes]]:
        return [("h", b"")]

    def timestamp(self) -> tuple[int, int]:
        return (TIMESTAMP_CREATE_TIME, 5) if self._timed else (TIMESTAMP_NOT_AVAILABLE, -1)


class Broker:
    """Both ways to read: `messages` by librdkafka, one list for each call; `raw` by bytes, which may be an error."""

    def __init__(self) -> None:
        self.messages: list[list[Message]] = []
        self.raw: RawRecords | RawFetchFailed = RawRecords([], 0)
        self.asked: list[tuple[str, int]] = []

    # -- as a consumer

    def assign(self, _partitions: Sequence[Any]) -> None: ...

    def poll(self, _seconds: float) -> Message | None:
        return self.messages[0].pop(0) if self.messages and self.messages[0] else None

    def consume(self, _count: int, _seconds: float) -> list[Message]:
        return self.messages.pop(0) if self.messages else []

    # -- as a reader by bytes

    def headers(self, message: Message) -> list[tuple[str, bytes]]:
        return message.headers()

    def read_past(self, _consumer: object, partition: tuple[str, int], _offset: int) -> RawRecords:
        self.asked.append(partition)
        if isinstance(self.raw, RawFetchFailed):
            raise self.raw
        return self.raw

    def close(self) -> None: ...


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(module, "confluent_kafka", SimpleNamespace(Consumer=lambda config: broker))
    monkeypatch.setattr(module, "RawReader", lambda connection, *, committed: broker)
    return broker


def tail(**start: int) -> PartitionTail:
    return PartitionTail(Connection(bootstrap_servers="a:1"), {("t", int(name[1:])): at for name, at in start.items()})


def test_records_and_ends_move_the_position(broker: Broker) -> None:
    broker.messages = [[Message(3), Message(4, timed=False)], [Message(7, error=KafkaError._PARTITION_EOF)]]
    with tail(p0=3) as one:
        first, second = one.take(0)
        assert first == Record("t", 0, 3, 5, b"k", b"3", [("h", b"")])
        assert second.timestamp_ms == 0
        assert one.position == {("t", 0): 5}
        assert one.take(0) == []
        assert one.position == {("t", 0): 7}, "behind a transaction's marker"


def test_what_librdkafka_cannot_decode_is_read_by_its_bytes(broker: Broker) -> None:
    broker.messages = [[Message(0), Message(1, error=KafkaError._BAD_MSG)], [Message(1), Message(2), Message(3)]]
    broker.raw = RawRecords([Record("t", 0, 1, 9, b"k", b"raw", (), "why"), Record("t", 0, 2, 9, None, b"", ())], 3)
    with tail(p0=0) as one:
        assert [(record.offset, record.value, record.unreadable) for record in one.take(0)] == [
            (0, b"0", None),
            (1, b"raw", "why"),
            (2, b"", None),
        ]
        assert [record.offset for record in one.take(0)] == [3], "what was read by its bytes comes no second time"


def test_silent_partitions_are_read_by_their_bytes(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENT_SECONDS", -1.0)
    broker.messages = [[Message(0, error=KafkaError._PARTITION_EOF, number=1)]]
    with tail(p0=0, p1=0) as one:
        one.take(0)
        assert broker.asked == []
        broker.raw = RawRecords([Record("t", 0, 0, 9, b"k", b"raw", ())], 1)
        assert [(record.partition, record.value) for record in one.take(0)] == [(0, b"raw")]
        assert broker.asked == [("t", 0)]


def test_trouble_is_told_with_the_topic(broker: Broker) -> None:
    with tail(p0=0) as one:
        broker.messages = [[Message(0, error=KafkaError.GROUP_AUTHORIZATION_FAILED)]]
        assert one.take(0) == [], "nothing is asked of the group"
        broker.messages = [[Message(0, error=KafkaError.TOPIC_AUTHORIZATION_FAILED)]]
        with pytest.raises(NotAllowed, match="Read on topic t"):
            one.take(0)
        broker.messages = [[Message(0, error=KafkaError.UNKNOWN_TOPIC_OR_PART)]]
        with pytest.raises(KafkaException):
            one.take(0)
        broker.messages = [[Message(0, error=KafkaError._BAD_COMPRESSION)]]
        broker.raw = RawFetchFailed("t", 0, 0, "closed")
        with pytest.raises(ReadIncomplete, match="t-0 cannot be read on from offset 0: closed"):
            one.take(0)
