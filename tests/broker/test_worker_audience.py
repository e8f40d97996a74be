"""Audience and fast track on a real broker: changes evaluate leads once, over kills of workers, as foretold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.broker.conftest import Install
from tests.broker.test_rebuild import cli
from tests.support.messages import apply, at, change, command, feature, model, score, scoring_model

pytestmark = pytest.mark.broker

LEADS = 300
ORIGINS = ("live", "fast_track")
DACH = {"attribute": "country", "one_of": ["DE", "AT", "CH"]}
ASKS = {"attribute": "demo_requested", "equals": True}


def test_changes_bring_leads_in_and_raise_hands_exactly_once_while_workers_die(
    install: Install, tmp_path: Path
) -> None:
    here = install(partitions=4)
    here.start_worker().wait_ready()
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"))
    here.order(
        feature("enable"),
        apply(
            model("dach", "all", {"engagement": 70}, actions={"status_reason": "marketing_qualified"}, audience=DACH)
        ),
        command("publish", "dach"),
        apply(
            model("inbound", "all", {"engagement": 90}, actions={"sales_ready": True}, audience=DACH, fast_track=ASKS)
        ),
        command("publish", "inbound"),
    )
    leads = [f"L-{number}" for number in range(LEADS)]
    here.scores(*(score(lead, "engagement", 75 if number % 2 else 10, 1) for number, lead in enumerate(leads)))
    here.settle()
    assert not here.qualified()
    here.changes(
        *(
            change(lead, 2, attributes={"country": ("DE", "FR", "CH")[number % 3], "demo_requested": number % 5 == 0})
            for number, lead in enumerate(leads)
        )
    )
    here.workers[0].kill()
    here.start_worker()
    here.settle_and_check()
    by_origin = {origin: {one["lead_id"] for one in here.qualified() if one["origin"] == origin} for origin in ORIGINS}
    assert by_origin["live"] == {leads[number] for number in range(LEADS) if number % 2 and number % 3 != 1}
    assert by_origin["fast_track"] == {leads[number] for number in range(LEADS) if not number % 5 and number % 3 != 1}
    # somebody resets all by hand, in a record that tells of another request; then the request is made again
    here.changes(
        *(change(lead, 3, sales_ready=False, attributes={"demo_requested": False}) for lead in leads[::5]),
        *(change(lead, 4, sales_ready=True, attributes={"country": "AT"}) for lead in leads[5::10]),
        *(change(lead, 5, sales_ready=False, attributes={"demo_requested": True}) for lead in leads[5::10]),
        *(change(lead, 6, attributes={"demo_requested": True}) for lead in leads[::10]),
    )
    here.workers[1].kill()
    here.start_worker()
    here.settle_and_check()
    again = [event for event in here.qualified() if event["qualification_number"] == 2]
    assert {event["occurred_at"] for event in again} == {at(6)}
    assert {event["trigger"]["topic"] for event in here.qualified()} == {"lead-changed"}
    shown = cli(here, tmp_path).run("lead", "show", leads[1]).fine().out
    assert "outside the audience: country is FR, wanted DE, AT or CH" in shown
    assert "fast track not met: demo_requested is no, wanted yes" in shown
