"""What is not delivered is raised with its topic."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import confluent_kafka
import pytest
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed, NotDelivered
from lead_qualifier.kafka.producer import Producer

Report = Callable[[KafkaError | None, object], None]


class Client:
    """Reports on each record, by its key, when it is polled; holds one at a time."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.sent: list[dict[str, Any]] = []
        self._waiting: list[tuple[bytes, Report]] = []
        self.errors: dict[bytes, int] = {}
        self.silent = False

    def produce(self, topic: str, value: bytes, key: bytes, *, on_delivery: Report, **more: Any) -> None:
        if self._waiting:
            raise BufferError
        self.sent.append({"topic": topic, "key": key, "value": value, **more})
        self._waiting.append((key, on_delivery))

    def poll(self, seconds: float) -> None:
        if seconds:
            self.flush(seconds)

    def flush(self, _seconds: float) -> int:
        if not self.silent:
            for key, report in self._waiting:
                code = self.errors.get(key)
                report(None if code is None else KafkaError(code), None)
            self._waiting.clear()
        return len(self._waiting)


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> Producer:
    monkeypatch.setattr(confluent_kafka, "Producer", Client)
    return Producer(Connection(bootstrap_servers="a:1"))


def client_of(producer: Producer) -> Client:
    return cast("Client", producer._producer)


def test_records_are_sent_with_portable_headers_and_possible_times_and_wait_for_room(producer: Producer) -> None:
    producer.send("t", b"1", b"{}", headers=[("\udcff", b"x")], timestamp_ms=2**60)
    producer.send("t", b"2", None, partition=3, timestamp_ms=5)
    producer.flush()
    first, second = client_of(producer).sent
    assert (first["headers"], first["timestamp"], first["partition"]) == ([("dl_header_%FF", b"x")], 0, -1)
    assert (second["value"], second["timestamp"], second["partition"]) == (None, 5, 3)


def test_a_record_that_is_not_delivered_is_raised_once_with_its_topic(producer: Producer) -> None:
    client_of(producer).errors = {b"bad": KafkaError._MSG_TIMED_OUT}
    producer.send("t", b"good", b"")
    producer.send("t", b"bad", b"")
    with pytest.raises(NotDelivered) as failure:
        producer.flush()
    assert failure.value.topic == "t"
    assert "for t was not delivered" in str(failure.value)
    assert failure.value.args[0].code() == KafkaError._MSG_TIMED_OUT
    assert isinstance(failure.value, KafkaException)
    producer.flush()


def test_a_missing_right_is_raised_as_one(producer: Producer) -> None:
    client_of(producer).errors = {b"1": KafkaError.TOPIC_AUTHORIZATION_FAILED}
    producer.send("t", b"1", b"")
    with pytest.raises(NotAllowed) as refused:
        producer.flush()
    assert refused.value.rights == ("Write on topic t",)


def test_a_caller_that_asks_is_told_instead(producer: Producer) -> None:
    client_of(producer).errors = {b"bad": KafkaError.INVALID_RECORD}
    results: dict[bytes, KafkaError | None] = {}
    for key in (b"bad", b"good"):
        producer.send("t", key, b"", delivered=partial(results.__setitem__, key))
    producer.flush()
    assert results[b"good"] is None
    assert results[b"bad"] is not None


def test_what_is_still_on_its_way_at_the_end_has_failed(producer: Producer) -> None:
    client_of(producer).silent = True
    producer.send("t", b"1", b"")
    with pytest.raises(KafkaException, match="_MSG_TIMED_OUT"):
        producer.flush(0)


def test_a_record_that_another_thread_renews_the_client_under_is_reported_on(
    producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = client_of(producer)
    queue = former.produce

    def renewed_just_before(*args: Any, **more: Any) -> None:
        former.flush(1)  # there is nothing to wait for yet
        producer._producer = cast("confluent_kafka.Producer", Client({}))
        queue(*args, **more)

    monkeypatch.setattr(former, "produce", renewed_just_before)
    reports: list[KafkaError | None] = []
    producer.send("t", b"1", b"{}", delivered=reports.append)
    assert reports == [None]
