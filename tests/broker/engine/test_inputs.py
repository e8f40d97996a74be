"""Inputs that change under a state: one that an earlier version did not read, and ends of others' transactions."""

from __future__ import annotations

import json
import threading
import time

import msgspec
import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition

from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from tests.broker.engine.bed import Bed
from tests.broker.engine.sums import PARTITIONS, Running

pytestmark = pytest.mark.broker


def positions(bed: Bed) -> dict[int, Checkpoint]:
    """The newest one of each partition that has one."""
    return {
        message.partition(): msgspec.json.decode(message.value(), type=Checkpoint)
        for message in bed.read(bed.topics.changelog)
        if message.key() == CHECKPOINT_KEY
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


def order(bed: Bed) -> dict[str, list[int]]:
    """By key, the numbers of the records in the order in which they were decided."""
    decided: dict[str, list[int]] = {}
    for message in bed.read(bed.topics.out):
        running = msgspec.json.decode(message.value(), type=Running)
        decided.setdefault(running.key, []).append(int(running.id))
    return decided


def test_what_follows_from_another_topics_records_is_decided_after_them(bed: Bed) -> None:
    first, second = bed.topics.inputs
    bed.send(10_000, topics=[first], padding=3_000)  # more than is fetched at once
    causes = len(bed.sent)
    bed.send(40, topics=[second])
    worker = bed.worker("--in-order")
    bed.wait_for(10_040)
    bed.check()
    for key, decided in order(bed).items():
        assert [number for number in decided if number >= causes] == decided[-1:], f"{key}: an effect before its causes"
    assert bed.stop(worker) == 0


def test_a_topic_that_never_rests_does_not_hold_up_those_that_wait_for_it(bed: Bed) -> None:
    first, second = bed.topics.inputs
    worker = bed.worker("--in-order")
    bed.logged(worker, "partitions_opened")
    stop = threading.Event()

    def flood() -> None:
        producer = Producer({"bootstrap.servers": bed.bootstrap, "partitioner": "murmur2_random", "linger.ms": 0})
        number = 0
        while not stop.is_set():
            producer.produce(first, json.dumps({"id": str(10**9 + number), "add": 0}), f"k{number % 40}")
            number += 1
            producer.poll(0.001)
        assert producer.flush(10) == 0

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        time.sleep(1)
        bed.send(40, topics=[second])
        deadline = time.monotonic() + 15
        while not {int(number) for number in bed.sent} <= {n for numbers in order(bed).values() for n in numbers}:
            assert time.monotonic() < deadline, "they wait for ever"
            time.sleep(0.2)
    finally:
        stop.set()
        flooding.join()
    assert bed.stop(worker) == 0
