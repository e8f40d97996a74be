"""Seeds stand for plans."""

from __future__ import annotations

import pytest

from tests.chaos.plan import LASTS, OF_A_CLUSTER, Kind, draw


@pytest.mark.parametrize("seed", range(20))
def test_a_seed_is_always_the_same_plan(seed: int) -> None:
    assert draw(seed, 30) == draw(seed, 30)
    assert draw(seed, 30) != draw(seed + 1, 30)


def test_every_kind_of_fault_comes_before_any_comes_again() -> None:
    drawn = [fault.kind for phase in draw(1, 2 * len(Kind), brokers=3).phases for fault in phase.faults]
    assert set(drawn[: len(Kind)]) == set(drawn[len(Kind) :]) == set(Kind) == set(LASTS)


def test_one_broker_has_no_faults_of_a_cluster_and_of_a_cluster_the_brokers_fail_first() -> None:
    alone = [fault.kind for phase in draw(1, len(Kind)).phases for fault in phase.faults]
    assert not set(alone) & set(OF_A_CLUSTER)
    first = [fault.kind for phase in draw(1, 5, brokers=3).phases for fault in phase.faults]
    assert set(first) == {Kind.BROKER_KILL, Kind.BROKER_FREEZE, *OF_A_CLUSTER}
