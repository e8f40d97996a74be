"""Subscriptions of the consumer kit: the events that they read, and a thread in which one runs."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import confluent_kafka

from lead_qualifier.consumer import RetryPolicy, Subscription
from lead_qualifier.demo.broker.finder import Broker

TOPIC = "lead-qualified"
QUICK = RetryPolicy(attempts=4, first=0.05, longest=0.1)
#: A session that ends soon, where the broker is of the tests' making and allows it.
SESSION_MS = 6_000 if "KAFKA_BOOTSTRAP_SERVERS" in os.environ else 2_000
SHORT_SESSION = {"session.timeout.ms": SESSION_MS, "heartbeat.interval.ms": 500}


def send(kafka: Broker, prefix: str, events: list[tuple[str, str]], **transactional: str) -> confluent_kafka.Producer:
    producer = confluent_kafka.Producer(kafka.connection.confluent_producer(**transactional))
    if transactional:
        producer.init_transactions(30)
        producer.begin_transaction()
    for lead, event_id in events:
        value = json.dumps({"event_id": event_id, "lead_id": lead, "occurred_at": "2026-11-23T09:30:00Z"})
        producer.produce(prefix + TOPIC, value, lead)
    producer.flush()
    return producer


@contextmanager
def running(subscription: Subscription) -> Iterator[None]:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            subscription.run()
        except BaseException as error:  # noqa: BLE001  told in the thread of the test
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        subscription.stop()
        thread.join(60)
        for failure in failures:  # also where it is why the test failed
            raise failure
    assert not thread.is_alive()


def until(true: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
