"""A client is made again only if it gets no answer where another does."""

from __future__ import annotations

import threading
import time
from typing import cast

import confluent_kafka
import pytest
from confluent_kafka import KafkaException

from lead_qualifier.kafka import lost_brokers
from lead_qualifier.kafka.lost_brokers import SILENT_SECONDS, LostBrokers


class Client:
    """Answers, or does not, as it is told for each question."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)

    def list_topics(self, topic: str, timeout: float) -> None:
        if not self.answers.pop(0):
            raise KafkaException


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(lost_brokers, "time", clock)
    return clock


def test_a_consumer_is_asked_only_after_silence(clock: Clock) -> None:
    lost, client = LostBrokers("t"), Client(True, True)
    for _ in range(3):
        clock.now += SILENT_SECONDS - 1
        assert lost.remade(client, Client) is None
        lost.heard()
    assert len(client.answers) == 2
    clock.now += SILENT_SECONDS
    assert lost.remade(client, Client) is None
    assert lost.remade(client, Client) is None
    assert len(client.answers) == 1, "once"
    clock.now += SILENT_SECONDS
    assert lost.remade(client, Client) is None
    assert not client.answers


def test_a_producer_is_asked_only_after_a_record_that_nobody_took(clock: Clock) -> None:
    lost, client = LostBrokers(), Client(True)
    clock.now += 1_000_000
    assert lost.remade(client, Client) is None
    lost.suspect("t")
    assert lost.remade(client, Client) is None
    assert lost.remade(client, Client) is None
    assert not client.answers


def test_in_an_outage_a_producer_is_not_asked_for_each_record_that_nobody_took(clock: Clock) -> None:
    lost, client = LostBrokers(), Client(False, False)
    lost.suspect("t")
    assert lost.remade(client, lambda: Client(False)) is None
    for _ in range(3):
        lost.suspect("t")
        assert lost.remade(client, lambda: Client(False)) is None
    assert len(client.answers) == 1
    clock.now += SILENT_SECONDS
    assert lost.remade(client, lambda: Client(False)) is None
    assert not client.answers


def test_closing_a_consumer_that_is_lost_does_not_wait_for_ever() -> None:
    released = threading.Event()

    class Stuck:
        def close(self) -> None:
            released.wait(30)

    began = time.monotonic()
    lost_brokers.close(cast("confluent_kafka.Consumer", Stuck()), seconds=0.1)
    assert time.monotonic() - began < 10
    released.set()


def test_in_an_outage_nothing_is_replaced(clock: Clock) -> None:
    lost, client = LostBrokers("t"), Client(False, False, True)
    clock.now += SILENT_SECONDS
    assert lost.remade(client, lambda: Client(False)) is None
    assert len(client.answers) == 2
    assert lost.remade(client, lambda: Client(False)) is None
    assert len(client.answers) == 2, "not again at once"
    clock.now += SILENT_SECONDS
    assert lost.remade(client, lambda: Client(True)) is None, "the broker is back, and it finds it"
    assert not client.answers


def test_a_client_that_gets_no_answer_where_another_does_is_replaced(clock: Clock) -> None:
    lost, another = LostBrokers(), Client(True)
    lost.suspect("t")
    assert lost.remade(Client(False, False), lambda: another) is another
    assert lost.remade(another, Client) is None


def test_clients_of_librdkafka_that_reach_no_broker_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_CONNECTED_SECONDS", "_NEW_SECONDS"):
        monkeypatch.setattr(lost_brokers, name, 0.1)

    def make() -> confluent_kafka.Consumer:
        return confluent_kafka.Consumer({"bootstrap.servers": "127.0.0.1:1", "group.id": "g", "log_level": 0})

    lost, client = LostBrokers(), make()
    lost.suspect("t")
    assert lost.remade(client, make) is None
    client.close()
