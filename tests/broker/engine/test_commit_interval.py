"""Few records wait for others to share their transaction; nothing else waits."""

from __future__ import annotations

import time

import pytest

from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY
from tests.support.engine_harness import EngineHarness

pytestmark = pytest.mark.broker

#: Seconds that no test would wait.
_VERY_LONG = "100"


def transactions(harness: EngineHarness) -> int:
    """How many there were, if all records have one key: each ends with a checkpoint in its partition."""
    return sum(message.key() == CHECKPOINT_KEY for message in harness.read(harness.topics.changelog))


def test_few_records_share_a_transaction(harness: EngineHarness) -> None:
    harness.logged(harness.worker("--commit-interval", "1"), "partitions_opened")
    begun = time.monotonic()
    harness.send(60, keys=1, topics=harness.topics.inputs[:1], per_second=20)
    harness.wait_for(60)
    took = time.monotonic() - begun
    harness.check()
    assert transactions(harness) <= took + 1


def test_many_records_do_not_wait(harness: EngineHarness) -> None:
    harness.logged(harness.worker("--commit-interval", _VERY_LONG), "partitions_opened")
    harness.send(6_000)
    harness.wait_for(5_000, within=60)


def test_a_stop_does_not_wait_and_loses_nothing(harness: EngineHarness) -> None:
    first = harness.worker("--commit-interval", _VERY_LONG)
    harness.logged(first, "partitions_opened")
    harness.send(20)
    time.sleep(1)
    assert harness.outputs() == []
    assert harness.stop(first) == 0
    harness.worker()
    harness.wait_for(20)
    harness.check()


def test_a_rebalance_does_not_wait_and_loses_nothing(harness: EngineHarness) -> None:
    first = harness.worker("--commit-interval", _VERY_LONG)
    harness.logged(first, "partitions_opened")
    harness.send(20)
    time.sleep(1)
    second = harness.worker("--commit-interval", "0.1")
    harness.logged(second, "partitions_opened", within=50)
    assert harness.stop(first) == 0
    harness.wait_for(20)
    harness.check()
