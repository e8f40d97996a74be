"""A worker dies, or freezes until others have taken over, between any two steps; the outputs are exact all the same.

Each scenario mostly waits (for session timeouts, for a dead owner's transaction), so several run beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from lead_qualifier.engine import FaultPoint
from tests.support.engine_harness import EngineHarness

pytestmark = pytest.mark.broker

_BESIDE = 4
_LOAD = 400

#: The steps that every cycle passes, from the look at the changelog to the results being state.
_DEATHS = [
    FaultPoint.OPEN_BEGUN,
    FaultPoint.OPEN_RESTORED,
    FaultPoint.OPEN_DONE,
    FaultPoint.CYCLE_SELECTED,
    FaultPoint.CYCLE_PROCESSED,
    FaultPoint.TRANSACTION_BEGUN,
    FaultPoint.TRANSACTION_PRODUCED,
    FaultPoint.TRANSACTION_FLUSHED,
    FaultPoint.TRANSACTION_OFFSETS,
    FaultPoint.TRANSACTION_COMMITTED,
    FaultPoint.CYCLE_APPLIED,
]
_FREEZES = [
    FaultPoint.OPEN_RESTORED,
    FaultPoint.CYCLE_SELECTED,
    FaultPoint.TRANSACTION_BEGUN,
    FaultPoint.TRANSACTION_PRODUCED,
    FaultPoint.TRANSACTION_FLUSHED,
    FaultPoint.TRANSACTION_OFFSETS,
    FaultPoint.TRANSACTION_COMMITTED,
]


def _die(harness: EngineHarness, step: FaultPoint) -> None:
    """The first worker kills itself the second time it comes to the step (the first, if opening); another follows."""
    harness.send(_LOAD // 2)
    opening = step.value.startswith("open")
    doomed = harness.worker(at={f"{step}|{1 if opening else 2}": "kill"})
    harness.logged(doomed, "fault" if opening else "partitions_opened")
    harness.send(_LOAD // 2, per_second=400)
    assert doomed.wait(60) == -9
    heir = harness.worker()
    harness.wait_for(_LOAD)
    harness.check()
    assert harness.stop(heir) == 0


def _freeze(harness: EngineHarness, step: FaultPoint) -> None:
    """The first worker freezes at the step until another has taken over and gone on; then it thaws."""
    harness.send(_LOAD // 4)
    opening = step.value.startswith("open")
    zombie = harness.worker(at={f"{step}|{1 if opening else 2}": "freeze"})
    if not opening:
        harness.logged(zombie, "partitions_opened")
    harness.send(_LOAD // 4, per_second=200)
    harness.frozen(zombie)
    heir = harness.worker()
    harness.send(_LOAD // 4)
    harness.wait_for(3 * _LOAD // 4)
    harness.thaw(zombie)
    harness.send(_LOAD // 4, per_second=100)
    harness.wait_for(_LOAD)
    harness.check()
    assert harness.stop(zombie) == 0
    assert harness.stop(heir) == 0


@pytest.fixture(scope="module")
def scenarios(make_harness: Callable[[str], EngineHarness]) -> Iterator[dict[str, Future[None]]]:
    with ThreadPoolExecutor(_BESIDE) as pool:
        plan = [("die", _die, step) for step in _DEATHS] + [("freeze", _freeze, step) for step in _FREEZES]
        futures = {
            f"{what}-{step}": pool.submit(_run, make_harness, f"{what}-{step}", run, step) for what, run, step in plan
        }
        yield futures
        for future in futures.values():
            future.cancel()


def _run(
    make_harness: Callable[[str], EngineHarness],
    name: str,
    run: Callable[[EngineHarness, FaultPoint], None],
    step: FaultPoint,
) -> None:
    harness = make_harness(name)
    try:
        run(harness, step)
    finally:
        harness.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("step", _DEATHS)
def test_nothing_is_lost_or_doubled_when_a_worker_dies_at(step: FaultPoint, scenarios: dict[str, Future[None]]) -> None:
    scenarios[f"die-{step}"].result()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("step", _FREEZES)
def test_nothing_is_lost_or_doubled_when_a_worker_freezes_past_a_rebalance_at(
    step: FaultPoint, scenarios: dict[str, Future[None]]
) -> None:
    scenarios[f"freeze-{step}"].result()
