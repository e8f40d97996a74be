"""What a broker says of a partition that has lost its oldest records."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.kafka.admin import Admin

pytestmark = pytest.mark.broker

BEGIN_MS = 1_790_000_000_000


@pytest.fixture
def topic(kafka: Broker) -> Iterator[str]:
    admin = Admin(kafka.connection.confluent())
    [name] = admin.create_topics([NewTopic(f"shortened-{uuid.uuid4().hex[:8]}", 2, 1)])
    yield name
    admin.client.delete_topics([name])[name].result(30)


def test_the_time_of_the_first_record_that_is_left(kafka: Broker, topic: str) -> None:
    admin = Admin(kafka.connection.confluent())
    producer = Producer(kafka.connection.confluent())
    for number in range(3):
        producer.produce(topic, b"x", partition=0, timestamp=BEGIN_MS + 1000 * number)
    producer.flush(30)
    partitions = admin.partitions(topic)

    def lose_until(offset: int) -> None:
        at = TopicPartition(topic, 0, offset)
        admin.client.delete_records([at])[at].result(30)

    assert admin.first_times(partitions) == {(topic, 0): BEGIN_MS}
    lose_until(2)
    assert admin.first(partitions) == {(topic, 0): 2, (topic, 1): 0}
    assert admin.first_times(partitions) == {(topic, 0): BEGIN_MS + 2000}
    lose_until(3)
    assert admin.first_times(partitions) == {}
