"""When a worker that could not commit for a while must end, and when its trouble is over without another commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from unittest.mock import Mock

from lead_qualifier.engine import Engine, Limits, Observer
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.fault_points import no_fault_hook
from lead_qualifier.engine.fetch_buffer import FetchBuffer
from lead_qualifier.engine.group_metadata import Membership
from lead_qualifier.engine.ownership import Ownership
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.progress import Progress
from lead_qualifier.engine.restoration_loop import RestorationLoop
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.unit.engine.doubles import application

LIMIT = 0.05


def in_trouble(engine: Engine) -> None:
    """As after a transaction that would have moved the position to 5."""
    assignment = engine._ownership.assignment
    assert assignment is not None
    assert engine._ownership.reopen(assignment)
    engine._progress.failed("aborted", {("in", 0): 5})
    time.sleep(2 * LIMIT)


def opened_at(engine: Engine, offset: int) -> None:
    partition = Partition(engine.applications[0], 0, checkpoint=Checkpoint("g", {"in": offset}))
    engine._ownership._open["app", 0] = partition
    engine._progress.idle_at(engine._ownership.positions())


def engine() -> Engine:
    made = Engine(
        [application()],
        group_id="g",
        connection=Connection(bootstrap_servers="127.0.0.1:1"),
        failed=print,
        limits=Limits(stall_seconds=LIMIT),
    )
    made.assigned(Membership("g", 1, "m", None), [("in", 0)])
    made._threads = []
    return made


def test_an_idle_worker_goes_on_after_a_commit_that_succeeded() -> None:
    worker = engine()
    in_trouble(worker)
    opened_at(worker, 5)
    assert worker.problem() is None


def test_a_worker_whose_transactions_keep_failing_ends() -> None:
    worker = engine()
    for _ in range(2):
        in_trouble(worker)
        opened_at(worker, 4)
    problem = worker.problem()
    assert problem is not None
    assert "no transaction was committed" in IN_ENGLISH.sentence(problem)


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


def test_partitions_assigned_during_a_topic_check_are_opened() -> None:
    app, stopping = application(), threading.Event()
    ownership = Ownership([app], FetchBuffer(max_queued_records=1))
    event = ownership.restore_wanted = _SetJustTooLate(stopping.set)
    unused = Mock(spec=[])  # nothing is assigned
    RestorationLoop(
        [app],
        ownership,
        Progress(LIMIT),
        unused,
        unused,
        observer=Observer(),
        hook=no_fault_hook,
        stopping=stopping,
    ).run()
    assert event.seen == [False, True]
