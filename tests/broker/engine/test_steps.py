"""A worker dies, or freezes until others have taken over, between any two steps; the outputs are exact all the same.

Each scenario mostly waits (for session timeouts, for a dead owner's transaction), so several run beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from lead_qualifier.engine import FaultPoint
from tests.broker.engine.bed import Bed

pytestmark = pytest.mark.broker

_BESIDE = 4
_LOAD = 400

#: The steps that every cycle passes, from the look at the changelog to the results being state.
_DEATHS = [
    FaultPoint.OPEN_BEGUN,
    FaultPoint.OPEN_RESTORED,
    FaultPoint.OPEN_DONE,
    FaultPoint.CYCLE_TAKEN,
    FaultPoint.CYCLE_DECIDED,
    FaultPoint.TRANSACTION_BEGUN,
    FaultPoint.TRANSACTION_PRODUCED,
    FaultPoint.TRANSACTION_FLUSHED,
    FaultPoint.TRANSACTION_OFFSETS,
    FaultPoint.TRANSACTION_COMMITTED,
    FaultPoint.CYCLE_APPLIED,
]
_FREEZES = [
    FaultPoint.OPEN_RESTORED,
    FaultPoint.CYCLE_TAKEN,
    FaultPoint.TRANSACTION_BEGUN,
    FaultPoint.TRANSACTION_PRODUCED,
    FaultPoint.TRANSACTION_FLUSHED,
    FaultPoint.TRANSACTION_OFFSETS,
    FaultPoint.TRANSACTION_COMMITTED,
]


def _die(bed: Bed, step: FaultPoint) -> None:
    """The first worker kills itself the second time it comes to the step (the first, if opening); another follows."""
    bed.send(_LOAD // 2)
    opening = step.value.startswith("open")
    doomed = bed.worker(at={f"{step}|{1 if opening else 2}": "kill"})
    bed.logged(doomed, "fault" if opening else "partitions_opened")
    bed.send(_LOAD // 2, per_second=400)
    assert doomed.wait(60) == -9
    heir = bed.worker()
    bed.wait_for(_LOAD)
    bed.check()
    assert bed.stop(heir) == 0


def _freeze(bed: Bed, step: FaultPoint) -> None:
    """The first worker freezes at the step until another has taken over and gone on; then it thaws."""
    bed.send(_LOAD // 4)
    opening = step.value.startswith("open")
    zombie = bed.worker(at={f"{step}|{1 if opening else 2}": "freeze"})
    if not opening:
        bed.logged(zombie, "partitions_opened")
    bed.send(_LOAD // 4, per_second=200)
    bed.frozen(zombie)
    heir = bed.worker()
    bed.send(_LOAD // 4)
    bed.wait_for(3 * _LOAD // 4)
    bed.thaw(zombie)
    bed.send(_LOAD // 4, per_second=100)
    bed.wait_for(_LOAD)
    bed.check()
    assert bed.stop(zombie) == 0
    assert bed.stop(heir) == 0


@pytest.fixture(scope="module")
def scenarios(make_bed: Callable[[str], Bed]) -> Iterator[dict[str, Future[None]]]:
    with ThreadPoolExecutor(_BESIDE) as pool:
        plan = [("die", _die, step) for step in _DEATHS] + [("freeze", _freeze, step) for step in _FREEZES]
        futures = {
            f"{what}-{step}": pool.submit(_run, make_bed, f"{what}-{step}", run, step) for what, run, step in plan
        }
        yield futures
        for future in futures.values():
            future.cancel()


def _run(make_bed: Callable[[str], Bed], name: str, run: Callable[[Bed, FaultPoint], None], step: FaultPoint) -> None:
    bed = make_bed(name)
    try:
        run(bed, step)
    finally:
        bed.close()


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
