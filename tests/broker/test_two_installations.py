"""Two installations with one application id: the second is refused, the first does not notice."""

from __future__ import annotations

import time

import pytest

from tests.broker.conftest import Install
from tests.support.messages import score
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.broker


def test_whoever_starts_with_another_s_application_id_is_refused_with_both_named(install: Install) -> None:
    first, second = install(), install()
    worker = first.start_worker()
    worker.wait_ready()
    other = second.start_worker(application_id=first.application_id)
    reason = _refused(other)
    for one in (first, second):
        assert f"topic prefix '{one.prefix}'" in reason
    assert f"consumer group {first.application_id} serves another installation" in reason
    first.scores(score("ada", "engagement", 1, 1))
    first.settle_and_check()
    assert len(worker.events("partitions_assigned")) == 1, "it was not even disturbed"
    state = first.start_worker(state_prefix=f"{first.prefix}other.")
    reason = _refused(state)
    assert f"in {first.prefix}lead-state, this process would keep it in {first.prefix}other.lead-state" in reason
    assert worker.ready()


def test_of_two_that_start_at_once_none_waits_in_silence(install: Install) -> None:
    first, second = install(), install()
    both = [first.start_worker(), second.start_worker(application_id=first.application_id)]
    deadline = time.monotonic() + 90
    while all(worker.running for worker in both):
        assert time.monotonic() < deadline, second._logs()
        time.sleep(0.1)
    ended = next(worker for worker in both if not worker.running)
    assert ended.process.returncode == 1
    assert "serves another installation" in ended.log.read_text()


def _refused(worker: WorkerProcess) -> str:
    assert worker.process.wait(60) == 1
    return worker.log.read_text()
