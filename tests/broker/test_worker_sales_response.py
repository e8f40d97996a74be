"""What sales answers, on real workers: rejected leads are recycled exactly once though the worker dies over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lead_qualifier.engine.fault_points import FaultPoint
from tests.broker.conftest import Install
from tests.support.messages import apply, command, feature, model, sales_response, score, scoring_model

pytestmark = pytest.mark.broker

RESPONSES = "lead-sales-response"
LEADS = [f"L-{n}" for n in range(60)]


def test_rejected_leads_are_recycled_once_by_the_rules_of_their_model(install: Install, tmp_path: Path) -> None:
    here = install()
    once = tmp_path / "now"
    doomed = here.start_doomed_worker(FaultPoint.TRANSACTION_OFFSETS, once)
    doomed.wait_ready()
    here.announce(scoring_model("engagement", "live"))
    here.order(feature("enable"))
    rule = {"cool_down": "10m", "reasons": {"wrong_person": {"requalify": False}, "typo": {}}}
    here.order(
        apply(model("enterprise", "all", {"engagement": 50}, on_rejection=rule)), command("publish", "enterprise")
    )
    here.scores(*(score(lead, "engagement", 60, 1) for lead in LEADS))
    here.settle_and_check()
    assert len(here.qualified()) == len(LEADS)
    once.touch()
    reasons: list[dict[str, object]] = [{}, {"reason": "wrong_person"}, {"reason": "typo"}]
    for _ in range(2):  # each is told twice
        here.send(
            RESPONSES,
            *(sales_response(lead, "rejected", 5, **reasons[n % 3]) for n, lead in enumerate(LEADS[:45])),
            *(sales_response(lead, "accepted", 5) for lead in LEADS[45:]),
        )
    here.send_bytes(RESPONSES, b"L-1", b"{}")
    here.flush()
    assert doomed.process.wait(30) == -9
    here.start_worker().wait_ready()
    here.settle_and_check()
    assert len(here.oracle.dead) == 1
    for minutes, again in ((6, 15), (14, 15), (15, 30), (20, 30)):
        here.scores(*(score(lead, "engagement", 60, minutes) for lead in LEADS))
        here.settle_and_check()
        assert len(here.qualified()) == len(LEADS) + again, minutes
