"""Up to which line the broker has the rows of an import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.client.lead_import import sending
from lead_qualifier.client.lead_import.sending import ImportSender
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed
from tests.unit.client.lead_import.given import rows_of

MAP = "lead_id: Id\nowner_id: Owner\nscores: {a: A}\n"


class Message:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def key(self) -> bytes:
        return self._key


class Producer:
    """Keeps what is sent until it is told to deliver it."""

    def __init__(self, *_: object, **__: object) -> None:
        self.waiting: list[tuple[bytes, Callable[..., None]]] = []
        self.fail: dict[bytes, KafkaError] = {}

    def send_batch(self, topic: str, messages: Sequence[dict[str, bytes]], delivered: Callable[..., None]) -> None:
        self.waiting += [(message["key"], delivered) for message in messages]

    def deliver(self, count: int | None = None) -> None:
        now, self.waiting = self.waiting[:count], self.waiting[len(self.waiting) if count is None else count :]
        for key, delivered in now:
            delivered(self.fail.get(key), Message(key))

    def flush(self, seconds: float | None = None) -> None:
        self.deliver()


@pytest.fixture
def refused() -> list[str]:
    """The leads with a record that the broker refused."""
    return []


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch, refused: list[str]) -> ImportSender:
    class Reader:
        def __init__(self, _connection: Connection) -> None:
            self.admin = self

        def partitions(self, _topic: str) -> None: ...

    monkeypatch.setattr(sending, "Producer", Producer)
    monkeypatch.setattr(sending, "TopicReader", Reader)
    monkeypatch.setattr(sending, "_ROWS", 2)
    return ImportSender(
        Connection(bootstrap_servers="nowhere:1"), topic_prefix="", refused=lambda key, why: refused.append(key)
    )


EXPORT = "Id,Owner,A\n" + "".join(f"L-{number},U,{number}\n" for number in range(7))


def test_the_next_line_is_the_first_that_is_not_certain(tmp_path: Path, sender: ImportSender) -> None:
    producer: Any = sender._producer
    reached: list[int] = []

    def moved(line: int, _rows: int) -> None:
        reached.append(line)
        producer.deliver(4)  # half of what two rows are: leads, then scores

    with rows_of(tmp_path, EXPORT, MAP) as rows:
        sent = sender.send(rows, moved)
    assert reached == [0, 4, 6]
    assert (sent.leads, sent.scores, sent.refused) == (7, 7, 0)


def test_what_arrives_out_of_order_is_not_certain(tmp_path: Path, sender: ImportSender) -> None:
    producer: Any = sender._producer
    reached: list[int] = []

    def moved(line: int, _rows: int) -> None:
        reached.append(line)
        producer.waiting.reverse()
        producer.deliver(4)

    with rows_of(tmp_path, EXPORT, MAP) as rows:
        sender.send(rows, moved)
    assert reached[0] == 0
    assert sender.next_line == 0  # everything: nothing is left to go on with


def test_a_record_that_the_broker_refuses_is_told_by_its_lead(
    tmp_path: Path, sender: ImportSender, refused: list[str]
) -> None:
    producer: Any = sender._producer
    producer.fail[b"L-3"] = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
    with rows_of(tmp_path, EXPORT, MAP) as rows:
        sent = sender.send(rows, lambda *_: None)
    assert (sent.leads, sent.scores, sent.refused) == (6, 6, 2)
    assert refused == ["L-3", "L-3"]


@pytest.mark.parametrize(
    ("code", "raised"),
    [(KafkaError._MSG_TIMED_OUT, KafkaException), (KafkaError.TOPIC_AUTHORIZATION_FAILED, NotAllowed)],
)
def test_an_import_ends_where_the_broker_is_away_or_forbids_it(
    tmp_path: Path, sender: ImportSender, code: int, raised: type[Exception]
) -> None:
    producer: Any = sender._producer
    producer.fail[b"L-5"] = KafkaError(code)
    with rows_of(tmp_path, EXPORT, MAP) as rows, pytest.raises(raised):
        sender.send(rows, lambda *_: producer.deliver())
    assert sender.next_line == 6
