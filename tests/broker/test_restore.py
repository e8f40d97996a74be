"""A restore of a few thousand leads: exactly what stands in the changelog, newest states only, erased ones gone."""

from __future__ import annotations

import uuid

import pytest

from bench import restore
from bench.topics import Topics
from lead_qualifier.demo.broker.finder import Broker

pytestmark = pytest.mark.broker

PARTITIONS = 3


def test_what_was_written_is_what_is_restored(kafka: Broker) -> None:
    prefix = f"restore{uuid.uuid4().hex[:8]}."
    topics = Topics(kafka.connection, prefix, partitions=PARTITIONS)
    topics.create()
    try:
        held = restore.write(kafka.connection, prefix, 20_000, partitions=PARTITIONS)
        assert 19_000 < len(held) < 20_000
        opened = restore.restore(kafka.connection, prefix, partitions=PARTITIONS)
        assert sorted(partition.number for partition in opened) == list(range(PARTITIONS))
        assert {key: value for partition in opened for key, value in partition.store.items()} == held
        assert {partition.number: partition.checkpoint.clock for partition in opened if partition.checkpoint} == {
            number: number for number in range(PARTITIONS)
        }
        measured = restore.measure(kafka.connection, prefix, partitions=PARTITIONS)
        assert measured.leads == len(held)
    finally:
        topics.remove()
