"""Faults that are not a worker's death: the broker's, the topics', the records'; and workers that come and go."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cramjam
import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

from lead_qualifier.demo.broker.local_kafka import LocalKafka
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, decode, encode
from tests.support.engine_harness import EngineHarness
from tests.support.program import Process
from tests.support.raw_batches import ZSTD, RawProducer, RawRecord
from tests.support.raw_batches import batch as raw_batch

pytestmark = pytest.mark.broker


def test_two_workers_share_the_partitions_and_hand_them_over_under_load(harness: EngineHarness) -> None:
    first = harness.worker()
    harness.logged(first, "partitions_opened")
    harness.send(200, per_second=400)
    second = harness.worker()
    harness.send(600, per_second=300)
    harness.logged(second, "partitions_opened")
    assert harness.stop(first) == 0
    harness.send(200, per_second=400)
    harness.wait_for(1000)
    harness.check()
    assert harness.stop(second) == 0


def test_holes_that_transactions_of_an_upstream_leave_are_no_gaps(harness: EngineHarness) -> None:
    worker = harness.worker()
    harness.send(300, transactional=True)
    harness.wait_for(300)
    harness.check()
    assert harness.stop(worker) == 0
    follower = harness.worker()  # a restart finds its position among the holes
    harness.send(100, transactional=True)
    harness.wait_for(400)
    harness.check()
    assert harness.stop(follower) == 0


def test_a_broker_that_dies_in_mid_commit_leaves_nothing_in_doubt(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    kafka = make_kafka()
    harness = EngineHarness(kafka.bootstrap_servers, "restart", tmp_path)
    try:
        worker = harness.worker(at={"transaction.offsets|2": "freeze"})
        harness.logged(worker, "partitions_opened")
        harness.send(100)
        harness.wait_for(1)  # in a first transaction: on a busy machine one might take all that is sent
        harness.send(100)
        harness.frozen(worker)
        kafka.kill()
        harness.thaw(worker)
        time.sleep(0.5)  # the commit begins, and finds nobody
        kafka.restart()
        harness.send(200)
        harness.wait_for(400, within=120)
        harness.check()
        assert harness.stop(worker) == 0
    finally:
        harness.close()


def test_a_record_whose_results_are_too_large_becomes_a_dead_letter(harness: EngineHarness) -> None:
    worker = harness.worker("--max-record-bytes", "2000")
    harness.send(50)
    producer = Producer({"bootstrap.servers": harness.bootstrap, "partitioner": "murmur2_random"})
    producer.produce(harness.topics.inputs[0], b'{"id": "999999", "add": 1}', b"k" * 3000)
    producer.flush(10)
    harness.send(50)
    harness.wait_for(100)
    letters = _dead_letters(harness, 1)
    assert [m.value() for m in letters] == [b'{"id": "999999", "add": 1}']
    reason = dict(letters[0].headers())["dl_reason"].decode()
    assert "needs" in reason
    assert "takes 2000" in reason
    assert "cut to fit" in reason  # the key alone is larger than the limit
    assert len(letters[0].key()) < 2000
    assert harness.stop(worker) == 0


def test_a_record_whose_results_the_broker_refuses_is_found_and_becomes_a_dead_letter(harness: EngineHarness) -> None:
    """The delivery fails, so the transaction is aborted, again and again: one record at a time finds the culprit."""
    _lower_limit(harness, 700)
    worker = harness.worker()
    harness.logged(worker, "partitions_opened")
    harness.send(3)
    producer = Producer({"bootstrap.servers": harness.bootstrap, "partitioner": "murmur2_random"})
    large = random.Random(1).randbytes(1200).hex()  # compression cannot hide its size
    producer.produce(harness.topics.inputs[0], b'{"id": "999999", "add": 1}', large)
    producer.flush(10)
    harness.send(3)
    letters = _dead_letters(harness, 1)
    assert [m.value() for m in letters] == [b'{"id": "999999", "add": 1}']
    assert "the broker refused" in dict(letters[0].headers())["dl_reason"].decode()
    harness.wait_for(6)
    assert harness.stop(worker) == 0


def test_a_refused_record_is_found_among_thousands(harness: EngineHarness) -> None:
    """Much is on its way when the refusal comes: nothing can be queued any more, and other calls fail for that."""
    _lower_limit(harness, 40_000)
    harness.send(1500, keys=1500)
    producer = Producer({"bootstrap.servers": harness.bootstrap, "partitioner": "murmur2_random"})
    large = random.Random(1).randbytes(40_000).hex()
    producer.produce(harness.topics.inputs[0], b'{"id": "999999", "add": 1}', large)
    producer.flush(10)
    harness.send(1500, keys=1500)
    worker = harness.worker()
    assert [m.value() for m in _dead_letters(harness, 1)] == [b'{"id": "999999", "add": 1}']
    harness.wait_for(3000)
    assert harness.stop(worker) == 0


def test_a_record_that_the_program_fails_on_becomes_a_dead_letter_and_its_key_goes_on(harness: EngineHarness) -> None:
    worker = harness.worker("--fail-on", "7", "--fail-on", "8")
    harness.send(100)
    harness.wait_for(98)
    harness.check(rejected=["7", "8"])
    assert harness.stop(worker) == 0


def test_a_worker_whose_clock_is_ahead_goes_by_the_broker_s_time(harness: EngineHarness) -> None:
    worker = harness.worker("--clock-ahead", "86400")
    harness.send(100)
    harness.wait_for(100)
    harness.check()
    assert harness.logged(worker, "clock_differs_from_broker")["seconds_ahead"] in range(86_390, 86_410)
    assert harness.stop(worker) == 0
    assert all(abs(position.clock / 1000 - time.time()) < 600 for position in _positions(harness).values())


def test_a_position_whose_clock_is_ahead_of_its_record_s_time_is_put_back(harness: EngineHarness) -> None:
    worker = harness.worker()
    harness.send(40)
    harness.wait_for(40)
    assert harness.stop(worker) == 0
    producer = Producer({"bootstrap.servers": harness.bootstrap})
    for partition, position in _positions(harness).items():
        ahead = msgspec.structs.replace(position, clock=position.clock + 86_400_000)
        producer.produce(harness.topics.changelog, encode(ahead), CHECKPOINT_KEY, partition=partition)
    assert producer.flush(10) == 0
    heir = harness.worker()
    assert harness.logged(heir, "checkpoint_clock_put_back")["seconds"] > 86_000
    harness.send(40)
    harness.wait_for(80)
    assert harness.stop(heir) == 0
    harness.check()
    assert all(abs(position.clock / 1000 - time.time()) < 600 for position in _positions(harness).values())


def test_a_batch_that_expands_to_more_than_memory_should_hold_is_one_dead_letter(harness: EngineHarness) -> None:
    worker = harness.worker()
    harness.send(20)
    huge = RawRecord(key=b"k0", value=b'{"id": "999999", "add": 1, "padding": "' + b"." * 140_000_000 + b'"}')
    batch = raw_batch(huge, compression=ZSTD, compress=lambda content: bytes(cramjam.zstd.compress(content)))
    assert len(batch) < 20_000
    offset = RawProducer(harness.bootstrap).send(harness.topics.inputs[0], 0, batch)
    harness.send(20)
    harness.wait_for(40)
    (letter,) = _dead_letters(harness, 1)
    headers = dict(letter.headers())
    assert (headers["dl_partition"], headers["dl_offset"]) == (b"0", str(offset).encode())
    assert b"expands to more than 134217728 bytes" in headers["dl_reason"]
    assert harness.stop(worker) == 0


def test_a_key_on_the_wrong_partition_becomes_a_dead_letter(harness: EngineHarness) -> None:
    worker = harness.worker()
    producer = Producer({"bootstrap.servers": harness.bootstrap})
    for partition in range(4):
        producer.produce(harness.topics.inputs[0], b'{"id": "5", "add": 1}', b"one-key", partition=partition)
    producer.flush(10)
    harness.wait_for(1)
    letters = _dead_letters(harness, 3)
    assert all("wrong partitioner" in dict(m.headers())["dl_reason"].decode() for m in letters)
    assert harness.stop(worker) == 0


@pytest.mark.parametrize("records", [0, 200])
def test_an_input_created_again_stops_the_worker_however_much_it_holds(harness: EngineHarness, records: int) -> None:
    """With more records than were read of the former one, the position lies inside and would skip the first of them."""
    topic = harness.topics.inputs[0]
    worker = harness.worker()
    harness.send(40)
    harness.wait_for(40)
    assert harness.stop(worker) == 0
    harness.delete(topic)
    harness.create_again(topic)
    harness.send(records, topics=[topic])
    _stops_for_another_topic(harness, harness.worker(), topic)


@pytest.mark.parametrize("records", [0, 200])
def test_an_input_created_again_under_a_running_worker_stops_it(harness: EngineHarness, records: int) -> None:
    topic = harness.topics.inputs[0]
    worker = harness.worker()
    harness.send(40)
    harness.wait_for(40)
    harness.delete(topic)
    harness.create_again(topic)
    harness.send(records, topics=[topic])
    _stops_for_another_topic(harness, worker, topic)
    _stops_for_another_topic(harness, harness.worker(), topic)  # nobody goes on by mistake


def test_an_input_truncated_under_a_running_worker_stops_it_and_whoever_comes_later(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    """As after an unclean election of a leader. Once new records have filled the gap, no offset tells of it."""
    kafka = make_kafka()
    harness = EngineHarness(kafka.bootstrap_servers, "cut", tmp_path)
    try:
        topic = harness.topics.inputs[0]
        worker = harness.worker(session=None)  # with a short one it is no longer a member when the broker is back
        harness.send(80)
        harness.wait_for(80)
        kafka.kill()
        for log in kafka.folder.glob(f"data/{topic}-*/0*"):
            log.unlink()
        kafka.restart()
        assert worker.wait(60) == 70
        harness.send(200, topics=[topic])
        for stopped in (worker, harness.worker()):
            assert stopped.wait(60) == 70
            reason = harness.logged(stopped, "failed")["reason"]
            assert f"{topic}-" in reason
            assert "was truncated" in reason
            assert "the consumer was set back to 0" in reason
            assert "topics repair" in reason
    finally:
        harness.close()


def test_state_created_again_under_a_running_worker_stops_it_and_the_next(harness: EngineHarness) -> None:
    """What it writes meanwhile looks like a state, and is only the part that has changed since."""
    worker = harness.worker()
    harness.send(40)
    harness.wait_for(40)
    harness.delete(harness.topics.changelog)
    harness.create_again(harness.topics.changelog)
    harness.send(20)
    assert worker.wait(60) == 70
    stopped = harness.worker()
    assert stopped.wait(60) == 70
    assert "topics repair" in harness.logged(stopped, "failed")["reason"]


def test_state_that_is_gone_while_offsets_exist_stops_the_worker(harness: EngineHarness) -> None:
    worker = harness.worker()
    harness.send(40)
    harness.wait_for(40)
    assert harness.stop(worker) == 0
    harness.delete(harness.topics.changelog)
    harness.create_again(harness.topics.changelog)
    stopped = harness.worker()
    assert stopped.wait(60) == 70
    assert "the state is gone" in harness.logged(stopped, "failed")["reason"]


def test_a_wrong_partition_count_stops_the_worker_and_names_the_topic(harness: EngineHarness) -> None:
    harness.delete(harness.topics.inputs[1])
    harness.create_again(harness.topics.inputs[1], partitions=3)
    stopped = harness.worker()
    assert stopped.wait(60) == 70
    assert f"{harness.topics.inputs[1]} has 3 partitions, expected 4" in harness.logged(stopped, "failed")["reason"]


def test_newer_rules_sweep_every_key_once_even_if_the_worker_freezes_or_dies_on_the_way(harness: EngineHarness) -> None:
    """A sweep's cycles move no offsets; they are fenced all the same."""
    rules = harness.folder / "rules"
    rules.write_text("0")
    zombie = harness.worker("--rules", str(rules), at={"sweep.chunk|1": "freeze"})
    harness.send(200, keys=60)
    harness.wait_for(200)
    rules.write_text("1")
    harness.frozen(zombie)
    heir = harness.worker("--rules", str(rules))
    harness.wait_for(260)
    harness.thaw(zombie)  # it has the results of the very sweep that its successor has made by now
    harness.logged(zombie, "transaction_aborted")
    assert harness.stop(heir) == 0
    assert harness.stop(zombie) == 0
    rules.write_text("2")
    doomed = harness.worker("--rules", str(rules), at={"sweep.chunk|1": "kill"})
    assert doomed.wait(60) == -9
    last = harness.worker("--rules", str(rules))
    harness.wait_for(320)
    assert harness.stop(last) == 0
    harness.check(sweeps=2)


def _lower_limit(harness: EngineHarness, size: int) -> None:
    """Nobody tells the worker."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, harness.topics.out)
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    resource.add_incremental_config(entry)
    for future in harness.admin.incremental_alter_configs([resource]).values():
        future.result(10)


def _stops_for_another_topic(harness: EngineHarness, worker: Process, topic: str) -> None:
    assert worker.wait(60) == 70
    reason = harness.logged(worker, "failed")["reason"]
    assert topic in reason
    assert "deleted and created again" in reason
    assert "topics repair" in reason


def _dead_letters(harness: EngineHarness, count: int) -> list[Any]:
    deadline = time.monotonic() + 60
    while True:
        letters = harness.read(harness.topics.dead_letters)
        if len(letters) >= count or time.monotonic() > deadline:
            assert len(letters) == count
            return letters
        time.sleep(0.3)


def _positions(harness: EngineHarness) -> dict[int, Checkpoint]:
    """The newest of each partition."""
    return {
        message.partition(): decode(message.value())
        for message in harness.read(harness.topics.changelog)
        if message.key() == CHECKPOINT_KEY
    }
