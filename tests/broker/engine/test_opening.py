"""Opening partitions: what the topics, the group and the state must say before one is decided."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from app.engine.application import Input
from app.engine.opening import Opener
from app.engine.partition import Partition
from app.engine.position import Position
from tests.broker.engine.bed import Bed
from tests.broker.engine.sums import Sums, application

pytestmark = pytest.mark.broker

MANY = 256


def test_hundreds_of_partitions_open_for_the_first_time_in_a_few_seconds(bed: Bed) -> None:
    """Asked one after the other what the group has read of them, they would take fifty milliseconds each."""
    inputs = tuple(Input(f"{topic}-many") for topic in bed.topics.inputs)
    few = application(bed.topics, Sums(bed.topics.out))
    app = replace(few, inputs=inputs, changelog=f"{few.changelog}-many", partitions=MANY)
    bed.create(*app.topics, app.changelog, partitions=MANY)
    opener = Opener({"bootstrap.servers": bed.bootstrap}, group_id=bed.topics.group)
    for topic in (*app.topics, app.changelog):
        bed.wait_until_known(topic, MANY)
    opener.check_partition_counts([app])
    found: list[Position] = []
    begun = time.monotonic()
    opener.restore(
        [Partition(app, number) for number in range(MANY)],
        ready=lambda partitions: found.extend(opener.positions(partitions)),
        abandoned=lambda: False,
    )
    assert time.monotonic() - begun < 4
    assert [position.next for position in found] == [dict.fromkeys(app.topics, 0)] * MANY
