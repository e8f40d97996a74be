"""When a worker that could not commit for a while must end, and when its trouble is over without another commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.engine import Engine, Limits
from lead_qualifier.engine.group_metadata import Membership
from lead_qualifier.engine.partition import Partition
from tests.unit.engine.test_context import application

LIMIT = 0.05


def in_trouble(engine: Engine) -> None:
    """As after a transaction that would have moved the position to 5."""
    assert engine._assignment is not None
    engine._reopen(engine._assignment, fenced=False, unsettled={("in", 0): 5})
    time.sleep(2 * LIMIT)


def opened_at(engine: Engine, offset: int) -> None:
    partition = Partition(engine.applications[0], 0, checkpoint=Checkpoint("g", {"in": offset}))
    engine._open["app", 0] = partition
    engine._look_whether_trouble_is_over()


def engine() -> Engine:
    client = {"bootstrap.servers": "127.0.0.1:1"}
    made = Engine(
        [application()],
        group_id="g",
        client_config=client,
        producer_config=client,
        failed=print,
        limits=Limits(stall_seconds=LIMIT),
    )
    made.assigned(Membership("g", 1, "m", None), [("in", 0)])
    made._threads = []
    return made


def test_an_idle_worker_goes_on_when_a_commit_of_unknown_outcome_turns_out_to_have_succeeded() -> None:
    worker = engine()
    in_trouble(worker)
    opened_at(worker, 5)
    assert worker.problem() is None


def test_a_worker_whose_transactions_keep_failing_ends_although_nothing_is_queued_at_times() -> None:
    worker = engine()
    for _ in range(2):
        in_trouble(worker)
        opened_at(worker, 4)
    assert "no transaction was committed" in (worker.problem() or "")


class _SetJustTooLate(threading.Event):
    """Is set at the moment at which the first wait for it has ended in vain."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.seen: list[bool] = []
        self._then = then

    def wait(self, timeout: float | None = None) -> bool:
        self.seen.append(self.is_set())
        if len(self.seen) > 1:
            self._then()
        self.set()
        return self.seen[-1]


def test_partitions_that_are_assigned_while_topics_are_looked_at_are_opened_all_the_same() -> None:
    worker = engine()
    event = worker._to_open = _SetJustTooLate(worker._stopping.set)
    worker._run_opening()
    assert event.seen == [False, True]
