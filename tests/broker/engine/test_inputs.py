"""Inputs that change under a state: one that an earlier version did not read, and ends of others' transactions."""

from __future__ import annotations

import time

import msgspec
import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition

from app.engine.position import POSITION_KEY, Position
from tests.broker.engine.bed import Bed
from tests.broker.engine.sums import PARTITIONS

pytestmark = pytest.mark.broker


def positions(bed: Bed) -> dict[int, Position]:
    """The newest one of each partition that has one."""
    return {
        message.partition(): msgspec.json.decode(message.value(), type=Position)
        for message in bed.read(bed.topics.changelog)
        if message.key() == POSITION_KEY
    }


def committed(bed: Bed, topic: str) -> int:
    """Up to where the group has committed a topic, over all partitions."""
    asked = bed.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(bed.topics.group)])
    found = asked[bed.topics.group].result(10).topic_partitions
    return sum(max(0, tp.offset) for tp in found if tp.topic == topic)


def test_an_input_that_an_earlier_version_did_not_read_is_read_from_its_start(bed: Bed) -> None:
    known, added = bed.topics.inputs
    earlier = bed.worker("--inputs", "1")
    bed.send(100, topics=[known])
    bed.wait_for(100)
    assert bed.stop(earlier) == 0
    assert all(added not in position.next for position in positions(bed).values())
    bed.send(100, topics=[added])
    later = bed.worker()
    bed.wait_for(200)
    bed.send(60)
    bed.wait_for(260)
    bed.check()
    assert bed.stop(later) == 0
    assert {tuple(sorted(position.next)) for position in positions(bed).values()} == {(known, added)}


def test_an_input_that_the_position_does_not_know_is_read_from_where_the_group_has_committed_it(bed: Bed) -> None:
    known, added = bed.topics.inputs
    earlier = bed.worker("--inputs", "1")
    bed.send(100, topics=[known])
    bed.wait_for(100)
    assert bed.stop(earlier) == 0
    producer = Producer({"bootstrap.servers": bed.bootstrap, "partitioner": "murmur2_random"})
    for number in range(40):
        producer.produce(added, b'{"id": "read before", "add": 1}', f"k{number}")
    assert producer.flush(10) == 0
    consumer = Consumer({"bootstrap.servers": bed.bootstrap, "group.id": bed.topics.group})
    places = [TopicPartition(added, number) for number in range(PARTITIONS)]
    ends = [TopicPartition(p.topic, p.partition, consumer.get_watermark_offsets(p, timeout=10)[1]) for p in places]
    consumer.commit(offsets=ends, asynchronous=False)
    consumer.close()
    later = bed.worker()
    bed.logged(later, "partitions_opened")
    bed.send(60)
    bed.wait_for(160)
    bed.check()
    assert bed.stop(later) == 0


def test_a_position_moves_past_the_end_of_a_transaction_behind_which_nothing_comes(bed: Bed) -> None:
    """It would stand before the topic's first record once the records before it have expired, and seem to be lost."""
    worker = bed.worker()
    bed.send(40, topics=bed.topics.inputs[:1], transactional=True)
    bed.wait_for(40)
    topic = bed.topics.inputs[0]
    consumer = Consumer({"bootstrap.servers": bed.bootstrap, "group.id": "ends"})
    end = sum(
        consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1] for number in range(PARTITIONS)
    )
    consumer.close()
    deadline = time.monotonic() + 10
    while committed(bed, topic) < end:
        assert time.monotonic() < deadline, f"{committed(bed, topic)} of {end}"
        time.sleep(0.1)
    assert sum(position.next[topic] for position in positions(bed).values()) == end
    bed.check()
    assert bed.stop(worker) == 0
