"""Inputs that change under a state: one that an earlier version did not read, and ends of others' transactions."""

from __future__ import annotations

import json
import threading
import time

import msgspec
import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition

from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from tests.support.engine_harness import EngineHarness
from tests.support.sums import PARTITIONS

pytestmark = pytest.mark.broker


def positions(harness: EngineHarness) -> dict[int, Checkpoint]:
    """The newest one of each partition that has one."""
    return {
        message.partition(): msgspec.json.decode(message.value(), type=Checkpoint)
        for message in harness.read(harness.topics.changelog)
        if message.key() == CHECKPOINT_KEY
    }


def committed(harness: EngineHarness, topic: str) -> int:
    """Up to where the group has committed a topic, over all partitions."""
    asked = harness.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(harness.topics.group)])
    found = asked[harness.topics.group].result(10).topic_partitions
    return sum(max(0, tp.offset) for tp in found if tp.topic == topic)


def test_an_input_that_an_earlier_version_did_not_read_is_read_from_its_start(harness: EngineHarness) -> None:
    known, added = harness.topics.inputs
    earlier = harness.worker("--inputs", "1")
    harness.send(100, topics=[known])
    harness.wait_for(100)
    assert harness.stop(earlier) == 0
    assert all(added not in position.next for position in positions(harness).values())
    harness.send(100, topics=[added])
    later = harness.worker()
    harness.wait_for(200)
    harness.send(60)
    harness.wait_for(260)
    harness.check()
    assert harness.stop(later) == 0
    assert {tuple(sorted(position.next)) for position in positions(harness).values()} == {(known, added)}


def test_an_input_that_the_position_does_not_know_is_read_from_where_the_group_has_committed_it(
    harness: EngineHarness,
) -> None:
    known, added = harness.topics.inputs
    earlier = harness.worker("--inputs", "1")
    harness.send(100, topics=[known])
    harness.wait_for(100)
    assert harness.stop(earlier) == 0
    producer = Producer({"bootstrap.servers": harness.bootstrap, "partitioner": "murmur2_random"})
    for number in range(40):
        producer.produce(added, b'{"id": "read before", "add": 1}', f"k{number}")
    assert producer.flush(10) == 0
    consumer = Consumer({"bootstrap.servers": harness.bootstrap, "group.id": harness.topics.group})
    places = [TopicPartition(added, number) for number in range(PARTITIONS)]
    ends = [TopicPartition(p.topic, p.partition, consumer.get_watermark_offsets(p, timeout=10)[1]) for p in places]
    consumer.commit(offsets=ends, asynchronous=False)
    consumer.close()
    later = harness.worker()
    harness.logged(later, "partitions_opened")
    harness.send(60)
    harness.wait_for(160)
    harness.check()
    assert harness.stop(later) == 0


def test_a_position_moves_past_the_end_of_a_transaction_behind_which_nothing_comes(harness: EngineHarness) -> None:
    """It would stand before the topic's first record once the records before it have expired, and seem to be lost."""
    worker = harness.worker()
    harness.send(40, topics=harness.topics.inputs[:1], transactional=True)
    harness.wait_for(40)
    topic = harness.topics.inputs[0]
    consumer = Consumer({"bootstrap.servers": harness.bootstrap, "group.id": "ends"})
    end = sum(
        consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1] for number in range(PARTITIONS)
    )
    consumer.close()
    deadline = time.monotonic() + 60
    while committed(harness, topic) < end:
        assert time.monotonic() < deadline, f"{committed(harness, topic)} of {end}"
        time.sleep(0.1)
    assert sum(position.next[topic] for position in positions(harness).values()) == end
    harness.check()
    assert harness.stop(worker) == 0


def order(harness: EngineHarness) -> dict[str, list[int]]:
    """By key, the numbers of the records in the order in which they were processed."""
    decided: dict[str, list[int]] = {}
    for running in harness.visible():
        decided.setdefault(running.key, []).append(int(running.id))
    return decided


def test_what_follows_from_another_topics_records_is_decided_after_them(harness: EngineHarness) -> None:
    first, second = harness.topics.inputs
    harness.send(10_000, topics=[first], padding=3_000)  # more than is fetched at once
    causes = len(harness.sent)
    harness.send(40, topics=[second])
    worker = harness.worker("--in-order")
    harness.wait_for(10_040)
    harness.check()
    for key, decided in order(harness).items():
        assert [number for number in decided if number >= causes] == decided[-1:], f"{key}: an effect before its causes"
    assert harness.stop(worker) == 0


def test_a_topic_that_never_rests_does_not_hold_up_those_that_wait_for_it(harness: EngineHarness) -> None:
    first, second = harness.topics.inputs
    worker = harness.worker("--in-order")
    harness.logged(worker, "partitions_opened")
    stop = threading.Event()

    def flood() -> None:
        producer = Producer({"bootstrap.servers": harness.bootstrap, "partitioner": "murmur2_random", "linger.ms": 0})
        number = 0
        while not stop.is_set():
            producer.produce(first, json.dumps({"id": str(10**9 + number), "add": 0}), f"k{number % 40}")
            number += 1
            producer.poll(0)
            stop.wait(0.001)
        assert producer.flush(10) == 0

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        time.sleep(1)
        harness.send(40, topics=[second])
        deadline = time.monotonic() + 60
        while not {int(number) for number in harness.sent} <= {
            n for numbers in order(harness).values() for n in numbers
        }:
            assert time.monotonic() < deadline, "they wait for ever"
            time.sleep(0.2)
    finally:
        stop.set()
        flooding.join()
    assert harness.stop(worker) == 0
