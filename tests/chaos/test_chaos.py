"""The short part: a worker killed, one frozen past its session, the broker killed. `make chaos` does more."""

from __future__ import annotations

from pathlib import Path

import pytest

from lead_qualifier.demo.broker.errors import NotAvailable
from lead_qualifier.demo.broker.java import find_java, kafka_jars
from tests.chaos.plan import Fault, Kind, Phase, Plan
from tests.chaos.run import run
from tests.conftest import cannot_run_broker_tests
from tests.support.program import SHORT_SESSION

pytestmark = [pytest.mark.broker, pytest.mark.chaos]


def test_nothing_is_lost_or_done_twice_when_workers_and_the_broker_fail(tmp_path: Path) -> None:
    try:
        find_java(), kafka_jars(print)
    except NotAvailable as reason:
        cannot_run_broker_tests(str(reason))
    faults = (
        Fault(Kind.KILL, at=1, lasts=0.5, dice=0),
        Fault(Kind.FREEZE, at=2.5, lasts=SHORT_SESSION + 2, dice=1),
        Fault(Kind.BROKER_KILL, at=8, lasts=0.5, dice=0),
    )
    plan = Plan(seed=4, partitions=2, phases=(Phase(1, 4, 200, faults),))
    report = run(plan, tmp_path, print, session=SHORT_SESSION)
    print("\n".join(f"{name:<42}{figure:>12}" for name, figure in report.table()))
    assert not report.differences, "\n".join(report.differences[:20])
    assert report.qualified > 100
    assert report.dead_letters > 10
    told = report.chain.told
    assert {topic for topic, count in told.items() if count > 100} == {
        "journey-entry-requested",
        "lead-assigned",
        "lead-follow-up-overdue",
        "sequence-changed",
        "sequence-step-due",
    }
