"""Opening partitions: what the topics, the group and the state must say before one is processed."""

from __future__ import annotations

import gzip
import time
from dataclasses import replace

import pytest
from confluent_kafka import Producer
from structlog.testing import capture_logs

from lead_qualifier.engine.application import Input
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.restoration import Restorer
from lead_qualifier.engine.state_verification import StateVerifier
from lead_qualifier.kafka import reader
from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.groups import member_hosts
from tests.support.engine_harness import EngineHarness
from tests.support.raw_batches import GZIP, RawProducer, RawRecord, batch
from tests.support.sums import Sums, application

pytestmark = pytest.mark.broker

MANY = 256


def test_hundreds_of_new_partitions_open_in_seconds(harness: EngineHarness) -> None:
    """Asked one after the other what the group has read of them, they would take fifty milliseconds each, or longer on
    a busy machine.
    """
    inputs = tuple(Input(f"{topic}-many") for topic in harness.topics.inputs)
    few = application(harness.topics, Sums(harness.topics.out))
    app = replace(few, inputs=inputs, changelog=f"{few.changelog}-many", partitions=MANY)
    harness.create(*app.topics, app.changelog, partitions=MANY)
    client = {"bootstrap.servers": harness.bootstrap}
    verifier = StateVerifier(client, group_id=harness.topics.group)
    for topic in (*app.topics, app.changelog):
        harness.wait_until_known(topic, MANY)
    verifier.check_partition_counts([app])
    member_hosts(Admin(client), harness.topics.group, timeout=10)  # waits for the coordinator of a broker just started
    found: list[Checkpoint] = []
    begun = time.monotonic()
    Restorer(Connection(bootstrap_servers=harness.bootstrap)).restore(
        [Partition(app, number) for number in range(MANY)],
        ready=lambda partitions: found.extend(verifier.verify(partitions)),
        abandoned=lambda: False,
    )
    assert time.monotonic() - begun < MANY * 0.05 / 2
    assert [position.next for position in found] == [dict.fromkeys(app.topics, 0)] * MANY


def test_a_changelog_that_librdkafka_cannot_decode(harness: EngineHarness) -> None:
    changelog = f"{harness.topics.changelog}-odd"
    app = replace(application(harness.topics, Sums(harness.topics.out)), changelog=changelog)
    harness.create(changelog, partitions=app.partitions)
    harness.wait_until_known(changelog, app.partitions)
    entries = [RawRecord(key=f"k{number}".encode(), value=b"1", headers=[(b"\xff", None)]) for number in range(4)]
    producer = RawProducer(harness.bootstrap)
    producer.send(changelog, 0, batch(entries[0]))
    producer.send(
        changelog,
        0,
        # two members, which Java and aiokafka read
        batch(*entries[1:3], compression=GZIP, compress=lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
    )
    producer.send(changelog, 0, batch(entries[3]))
    restorer = Restorer(Connection(bootstrap_servers=harness.bootstrap))
    partition = Partition(app, 0)
    done: list[Partition] = []
    restorer.restore([partition], ready=done.extend, abandoned=lambda: False)
    assert done == [partition]
    assert partition.restored_to == 4
    assert partition.store == {entry.key: b"1" for entry in entries}


def test_an_open_transaction_of_a_former_owner_is_waited_for(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """librdkafka says as little of it as of some batches that it cannot decode."""
    monkeypatch.setattr(reader, "SILENT_SECONDS", 0.3)
    app = application(harness.topics, Sums(harness.topics.out))
    harness.wait_until_known(app.changelog, app.partitions)
    owner = Producer({"bootstrap.servers": harness.bootstrap, "transactional.id": f"{harness.topics.prefix}owner"})
    owner.init_transactions(30)
    for key in ("settled", "open"):
        owner.begin_transaction()
        owner.produce(app.changelog, b"1", key, partition=0)
        assert owner.flush(30) == 0
        if key == "settled":
            owner.commit_transaction(30)
    begun = time.monotonic()
    still_open = True

    def abandoned() -> bool:
        nonlocal still_open
        if still_open and time.monotonic() > begun + 2:
            # the marker of what is settled is nothing that could not be decoded
            assert "decoded_by_bytes" not in [line["event"] for line in lines]
            owner.commit_transaction(30)
            still_open = False
        return False

    restorer = Restorer(Connection(bootstrap_servers=harness.bootstrap))
    # what is settled is copied, but for its marker
    partition = Partition(app, 0, store={b"settled": b"1"}, restored_to=1, verified_at=time.time())
    done: list[Partition] = []
    with capture_logs() as lines:
        restorer.restore([partition], ready=done.extend, abandoned=abandoned)
    assert done == [partition]
    assert not still_open
    assert partition.store == {b"settled": b"1", b"open": b"1"}
