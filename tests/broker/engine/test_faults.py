"""Faults that are not a worker's death: the broker's, the topics', the records'; and workers that come and go."""

from __future__ import annotations

import random
import subprocess
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
from tests.broker.engine.bed import Bed
from tests.support.raw_batches import ZSTD, RawProducer, RawRecord
from tests.support.raw_batches import batch as raw_batch

pytestmark = pytest.mark.broker


def test_two_workers_share_the_partitions_and_hand_them_over_under_load(bed: Bed) -> None:
    first = bed.worker()
    bed.logged(first, "partitions_opened")
    bed.send(200, per_second=400)
    second = bed.worker()
    bed.send(600, per_second=300)
    bed.logged(second, "partitions_opened")
    assert bed.stop(first) == 0
    bed.send(200, per_second=400)
    bed.wait_for(1000)
    bed.check()
    assert bed.stop(second) == 0


def test_holes_that_transactions_of_an_upstream_leave_are_no_gaps(bed: Bed) -> None:
    worker = bed.worker()
    bed.send(300, transactional=True)
    bed.wait_for(300)
    bed.check()
    assert bed.stop(worker) == 0
    follower = bed.worker()  # a restart finds its position among the holes
    bed.send(100, transactional=True)
    bed.wait_for(400)
    bed.check()
    assert bed.stop(follower) == 0


def test_a_broker_that_dies_in_mid_commit_leaves_nothing_in_doubt(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    kafka = make_kafka()
    bed = Bed(kafka.bootstrap_servers, "restart", tmp_path)
    try:
        worker = bed.worker(at={"transaction.offsets|2": "pause:4"})
        bed.logged(worker, "partitions_opened")
        bed.send(200, per_second=400)
        bed.logged(worker, "fault")
        kafka.kill()
        time.sleep(5)  # the commit begins, and finds nobody
        kafka.restart()
        bed.send(200)
        bed.wait_for(400, within=120)
        bed.check()
        assert bed.stop(worker) == 0
    finally:
        bed.close()


def test_a_record_whose_results_are_too_large_becomes_a_dead_letter(bed: Bed) -> None:
    worker = bed.worker("--max-record-bytes", "2000")
    bed.send(50)
    producer = Producer({"bootstrap.servers": bed.bootstrap, "partitioner": "murmur2_random"})
    producer.produce(bed.topics.inputs[0], b'{"id": "999999", "add": 1}', b"k" * 3000)
    producer.flush(10)
    bed.send(50)
    bed.wait_for(100)
    letters = _dead_letters(bed, 1)
    assert [m.value() for m in letters] == [b'{"id": "999999", "add": 1}']
    reason = dict(letters[0].headers())["dl_reason"].decode()
    assert "needs" in reason
    assert "takes 2000" in reason
    assert "cut to fit" in reason  # the key alone is larger than the limit
    assert len(letters[0].key()) < 2000
    assert bed.stop(worker) == 0


def test_a_record_whose_results_the_broker_refuses_is_found_and_becomes_a_dead_letter(bed: Bed) -> None:
    """The delivery fails, so the transaction is aborted, again and again: one record at a time finds the culprit."""
    _lower_limit(bed, 700)
    worker = bed.worker()
    bed.logged(worker, "partitions_opened")
    bed.send(3)
    producer = Producer({"bootstrap.servers": bed.bootstrap, "partitioner": "murmur2_random"})
    large = random.Random(1).randbytes(1200).hex()  # compression cannot hide its size
    producer.produce(bed.topics.inputs[0], b'{"id": "999999", "add": 1}', large)
    producer.flush(10)
    bed.send(3)
    letters = _dead_letters(bed, 1)
    assert [m.value() for m in letters] == [b'{"id": "999999", "add": 1}']
    assert "the broker refused" in dict(letters[0].headers())["dl_reason"].decode()
    bed.wait_for(6)
    assert bed.stop(worker) == 0


def test_a_refused_record_is_found_among_thousands(bed: Bed) -> None:
    """Much is on its way when the refusal comes: nothing can be queued any more, and other calls fail for that."""
    _lower_limit(bed, 40_000)
    bed.send(1500, keys=1500)
    producer = Producer({"bootstrap.servers": bed.bootstrap, "partitioner": "murmur2_random"})
    large = random.Random(1).randbytes(40_000).hex()
    producer.produce(bed.topics.inputs[0], b'{"id": "999999", "add": 1}', large)
    producer.flush(10)
    bed.send(1500, keys=1500)
    worker = bed.worker()
    assert [m.value() for m in _dead_letters(bed, 1)] == [b'{"id": "999999", "add": 1}']
    bed.wait_for(3000)
    assert bed.stop(worker) == 0


def test_a_record_that_the_program_fails_on_becomes_a_dead_letter_and_its_key_goes_on(bed: Bed) -> None:
    worker = bed.worker("--fail-on", "7", "--fail-on", "8")
    bed.send(100)
    bed.wait_for(98)
    bed.check(rejected=["7", "8"])
    assert bed.stop(worker) == 0


def test_a_worker_whose_clock_is_ahead_goes_by_the_broker_s_time(bed: Bed) -> None:
    worker = bed.worker("--clock-ahead", "86400")
    bed.send(100)
    bed.wait_for(100)
    bed.check()
    assert bed.logged(worker, "clock_differs_from_broker")["seconds_ahead"] in range(86_390, 86_410)
    assert bed.stop(worker) == 0
    assert all(abs(position.clock / 1000 - time.time()) < 600 for position in _positions(bed).values())


def test_a_position_whose_clock_is_ahead_of_its_record_s_time_is_put_back(bed: Bed) -> None:
    worker = bed.worker()
    bed.send(40)
    bed.wait_for(40)
    assert bed.stop(worker) == 0
    producer = Producer({"bootstrap.servers": bed.bootstrap})
    for partition, position in _positions(bed).items():
        ahead = msgspec.structs.replace(position, clock=position.clock + 86_400_000)
        producer.produce(bed.topics.changelog, encode(ahead), CHECKPOINT_KEY, partition=partition)
    assert producer.flush(10) == 0
    heir = bed.worker()
    assert bed.logged(heir, "checkpoint_clock_put_back")["seconds"] > 86_000
    bed.send(40)
    bed.wait_for(80)
    assert bed.stop(heir) == 0
    bed.check()
    assert all(abs(position.clock / 1000 - time.time()) < 600 for position in _positions(bed).values())


def test_a_batch_that_expands_to_more_than_memory_should_hold_is_one_dead_letter(bed: Bed) -> None:
    worker = bed.worker()
    bed.send(20)
    huge = RawRecord(key=b"k0", value=b'{"id": "999999", "add": 1, "padding": "' + b"." * 140_000_000 + b'"}')
    batch = raw_batch(huge, compression=ZSTD, compress=lambda content: bytes(cramjam.zstd.compress(content)))
    assert len(batch) < 20_000
    offset = RawProducer(bed.bootstrap).send(bed.topics.inputs[0], 0, batch)
    bed.send(20)
    bed.wait_for(40)
    (letter,) = _dead_letters(bed, 1)
    headers = dict(letter.headers())
    assert (headers["dl_partition"], headers["dl_offset"]) == (b"0", str(offset).encode())
    assert b"expands to more than 134217728 bytes" in headers["dl_reason"]
    assert bed.stop(worker) == 0


def test_a_key_on_the_wrong_partition_becomes_a_dead_letter(bed: Bed) -> None:
    worker = bed.worker()
    producer = Producer({"bootstrap.servers": bed.bootstrap})
    for partition in range(4):
        producer.produce(bed.topics.inputs[0], b'{"id": "5", "add": 1}', b"one-key", partition=partition)
    producer.flush(10)
    bed.wait_for(1)
    letters = _dead_letters(bed, 3)
    assert all("wrong partitioner" in dict(m.headers())["dl_reason"].decode() for m in letters)
    assert bed.stop(worker) == 0


@pytest.mark.parametrize("records", [0, 200])
def test_an_input_created_again_stops_the_worker_however_much_it_holds(bed: Bed, records: int) -> None:
    """With more records than were read of the former one, the position lies inside and would skip the first of them."""
    topic = bed.topics.inputs[0]
    worker = bed.worker()
    bed.send(40)
    bed.wait_for(40)
    assert bed.stop(worker) == 0
    bed.delete(topic)
    bed.create_again(topic)
    bed.send(records, topics=[topic])
    _stops_for_another_topic(bed, bed.worker(), topic)


@pytest.mark.parametrize("records", [0, 200])
def test_an_input_created_again_under_a_running_worker_stops_it(bed: Bed, records: int) -> None:
    topic = bed.topics.inputs[0]
    worker = bed.worker()
    bed.send(40)
    bed.wait_for(40)
    bed.delete(topic)
    bed.create_again(topic)
    bed.send(records, topics=[topic])
    _stops_for_another_topic(bed, worker, topic)
    _stops_for_another_topic(bed, bed.worker(), topic)  # nobody goes on by mistake


def test_an_input_truncated_under_a_running_worker_stops_it_and_whoever_comes_later(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    """As after an unclean election of a leader. Once new records have filled the gap, no offset tells of it."""
    kafka = make_kafka()
    bed = Bed(kafka.bootstrap_servers, "cut", tmp_path)
    try:
        topic = bed.topics.inputs[0]
        worker = bed.worker()
        bed.send(80)
        bed.wait_for(80)
        kafka.kill()
        for log in kafka.folder.glob(f"data/{topic}-*/0*"):
            log.unlink()
        kafka.restart()
        assert worker.wait(60) == 70
        bed.send(200, topics=[topic])
        for stopped in (worker, bed.worker()):
            assert stopped.wait(60) == 70
            reason = bed.logged(stopped, "failed")["reason"]
            assert f"{topic}-" in reason
            assert "was truncated" in reason
            assert "the consumer was set back to 0" in reason
            assert "topics repair" in reason
    finally:
        bed.close()


def test_state_created_again_under_a_running_worker_stops_it_and_the_next(bed: Bed) -> None:
    """What it writes meanwhile looks like a state, and is only the part that has changed since."""
    worker = bed.worker()
    bed.send(40)
    bed.wait_for(40)
    bed.delete(bed.topics.changelog)
    bed.create_again(bed.topics.changelog)
    bed.send(20)
    assert worker.wait(60) == 70
    stopped = bed.worker()
    assert stopped.wait(60) == 70
    assert "topics repair" in bed.logged(stopped, "failed")["reason"]


def test_state_that_is_gone_while_offsets_exist_stops_the_worker(bed: Bed) -> None:
    worker = bed.worker()
    bed.send(40)
    bed.wait_for(40)
    assert bed.stop(worker) == 0
    bed.delete(bed.topics.changelog)
    bed.create_again(bed.topics.changelog)
    stopped = bed.worker()
    assert stopped.wait(60) == 70
    assert "the state is gone" in bed.logged(stopped, "failed")["reason"]


def test_a_wrong_partition_count_stops_the_worker_and_names_the_topic(bed: Bed) -> None:
    bed.delete(bed.topics.inputs[1])
    bed.create_again(bed.topics.inputs[1], partitions=3)
    stopped = bed.worker()
    assert stopped.wait(60) == 70
    assert f"{bed.topics.inputs[1]} has 3 partitions, expected 4" in bed.logged(stopped, "failed")["reason"]


def test_newer_rules_sweep_every_key_once_even_if_the_worker_freezes_or_dies_on_the_way(bed: Bed) -> None:
    """A sweep's cycles move no offsets; they are fenced all the same."""
    rules = bed.folder / "rules"
    rules.write_text("0")
    zombie = bed.worker("--rules", str(rules), at={"sweep.chunk|1": "freeze"})
    bed.send(200, keys=60)
    bed.wait_for(200)
    rules.write_text("1")
    bed.frozen(zombie)
    heir = bed.worker("--rules", str(rules))
    bed.wait_for(260)
    bed.thaw(zombie)  # it has the results of the very sweep that its successor has made by now
    bed.logged(zombie, "transaction_aborted")
    assert bed.stop(heir) == 0
    assert bed.stop(zombie) == 0
    rules.write_text("2")
    doomed = bed.worker("--rules", str(rules), at={"sweep.chunk|1": "kill"})
    assert doomed.wait(60) == -9
    last = bed.worker("--rules", str(rules))
    bed.wait_for(320)
    assert bed.stop(last) == 0
    bed.check(sweeps=2)


def _lower_limit(bed: Bed, size: int) -> None:
    """Nobody tells the worker."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, bed.topics.out)
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    resource.add_incremental_config(entry)
    for future in bed.admin.incremental_alter_configs([resource]).values():
        future.result(10)


def _stops_for_another_topic(bed: Bed, worker: subprocess.Popen[bytes], topic: str) -> None:
    assert worker.wait(60) == 70
    reason = bed.logged(worker, "failed")["reason"]
    assert topic in reason
    assert "deleted and created again" in reason
    assert "topics repair" in reason


def _dead_letters(bed: Bed, count: int) -> list[Any]:
    deadline = time.monotonic() + 60
    while True:
        letters = bed.read(bed.topics.dead_letters)
        if len(letters) >= count or time.monotonic() > deadline:
            assert len(letters) == count
            return letters
        time.sleep(0.3)


def _positions(bed: Bed) -> dict[int, Checkpoint]:
    """The newest of each partition."""
    return {
        message.partition(): decode(message.value())
        for message in bed.read(bed.topics.changelog)
        if message.key() == CHECKPOINT_KEY
    }
