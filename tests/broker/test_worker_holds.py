"""Leads that must meet their criteria for a while: the time runs on over crashes and rebalances, and is over once."""

from __future__ import annotations

import time

import pytest

from tests.broker.conftest import Install
from tests.support.installation import Installation
from tests.support.messages import apply, at, change, command, feature, model, score, scoring_model

pytestmark = pytest.mark.broker

LEADS = 300
HOLD_SECONDS = 4


@pytest.fixture
def here(install: Install) -> Installation:
    here = install()
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"), scoring_model("demographic", "live"))
    here.order(feature("enable"))
    return here


def held(seconds: int = HOLD_SECONDS, **more: object) -> dict[str, object]:
    return model("patient", "all", {"engagement": 70}, hold=f"{seconds}s", **more)


def wait_for_qualified(here: Installation, count: int, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while len(here.qualified()) < count and time.monotonic() < deadline:
        here.outs.read()
        time.sleep(0.05)


def test_a_hold_outlives_a_kill_and_a_takeover_and_qualifies_each_lead_once(here: Installation) -> None:
    here.start_worker().wait_ready()
    here.order(apply(held(seconds=20)), command("publish", "patient"))
    leads = [f"L-{number}" for number in range(LEADS)]
    here.scores(*(score(lead, "engagement", 80, 1) for lead in leads))
    here.settle()
    # some fall and stay down, one is closed, one erased
    here.scores(*(score(lead, "engagement", 10, 2) for lead in leads[:50]))
    here.changes(change(leads[60], 2, status="disqualified"))
    here.erase(leads[61])
    here.settle_and_check()
    here.workers[0].kill()
    here.outs.read()
    assert here.qualified() == [], "the machine is too slow for this test: the time was over before the kill"
    wait_for_qualified(here, LEADS - 52, 90)
    here.oracle.elapse()
    here.settle_and_check()
    assert len(here.qualified()) == LEADS - 52
    assert {event["trigger"]["topic"] for event in here.qualified()} == {"lead-score-changed"}
    assert {event["occurred_at"] for event in here.qualified()} == {at(1)}
    time.sleep(HOLD_SECONDS / 3)
    here.settle_and_check()


def test_a_sweep_begins_holds_too_and_names_the_publish_command(here: Installation) -> None:
    here.scores(*(score(f"L-{number}", "engagement", 80, 1) for number in range(20)))
    here.settle()
    publish = command("publish", "patient", 5)
    here.order(apply(held()), publish)
    wait_for_qualified(here, 20, HOLD_SECONDS + 30)
    here.oracle.elapse()
    here.settle_and_check()
    assert {(event["origin"], event["trigger"]["event_id"]) for event in here.qualified()} == {
        ("sweep", publish["command_id"])
    }


def test_a_stopped_model_qualifies_nobody_who_waited(here: Installation) -> None:
    here.order(apply(held(existing_leads="ignore")), command("publish", "patient"))
    here.scores(score("L-1", "engagement", 80, 1))
    here.settle()
    here.order(command("stop", "patient"))
    time.sleep(HOLD_SECONDS + 2)
    here.oracle.elapse()
    here.settle_and_check()
    assert here.qualified() == []
