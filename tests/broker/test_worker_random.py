"""Random workloads against the oracle, lead by lead: 0 missing, 0 twice, 0 extra."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.broker.conftest import Install
from tests.support import messages
from tests.support.installation import Installation
from tests.support.messages import apply, command, feature, model
from tests.support.models import MODELS
from tests.support.workload import SCORING_MODELS, Record, Workload

pytestmark = pytest.mark.broker


def send(installation: Installation, topic: str, records: Iterable[Record]) -> None:
    for key, value in records:
        installation.send_bytes(topic, key, value)
    installation.settle()


def test_a_random_life_of_models_and_leads_comes_out_as_foretold(install: Install) -> None:
    here = install(prefix="random")  # a prefix is taken as it stands, without separator
    load = Workload(20261124, 300)
    here.start_worker().wait_ready()

    # before anything is live: recorded all the same
    send(here, "lead-score-changed", load.scores(800))
    send(here, "lead-changed", load.changes(150))
    here.check()
    assert not here.qualified()

    here.announce(*(messages.scoring_model(name, "live") for name in SCORING_MODELS))
    here.order(feature("enable"))
    for definition in MODELS:
        here.order(apply(definition, load.minutes), command("publish", definition["id"], load.minutes))
    here.check()
    assert {event["origin"] for event in here.qualified()} == {"sweep"}

    for _ in range(2):
        send(here, "lead-score-changed", load.scores(1500))
        send(here, "lead-changed", load.changes(300))
    here.check()

    # a scoring model stops: what names it is degraded
    here.announce(messages.scoring_model("intent", "stopped", 1))
    send(here, "lead-score-changed", load.scores(1000))
    here.announce(messages.scoring_model("intent", "live", 2))
    send(here, "lead-changed", load.changes(150))

    # stop, edit, publish
    here.order(command("stop", "enterprise"), command("stop", "anybody"))
    send(here, "lead-score-changed", load.scores(500))
    edited = model("enterprise", "any", {"engagement": 40, "intent": 40.5}, existing_leads="evaluate")
    here.order(
        apply(edited), command("publish", "enterprise", load.minutes), command("publish", "anybody", load.minutes)
    )
    send(here, "lead-score-changed", load.scores(500))
    send(here, "lead-changed", load.changes(150))

    # lead management off and on: recorded meanwhile, nothing swept afterwards
    here.order(feature("disable"))
    send(here, "lead-score-changed", load.scores(500))
    send(here, "lead-changed", load.changes(150))
    here.order(feature("enable"))
    send(here, "lead-score-changed", load.scores(1000))
    here.check()

    # merged, into chains and circles; what then comes for one of a family goes over to the others
    for _ in range(3):
        send(here, "lead-merged", load.merges(60))
        send(here, "lead-score-changed", load.scores(500, among=load.one_of_each_family()))
        send(here, "lead-changed", load.changes(100))
    here.check()
    handed_over = here.workers[0].metric("lead_qualifier_handovers_total", result="taken_over")
    print(f"{handed_over:.0f} hand-overs")
    assert handed_over > 300

    # erased, and afterwards afresh
    gone = load.forget(30)
    here.erase(*gone)
    here.settle_and_check()
    send(here, "lead-score-changed", load.scores(600, among=load.one_of_each_family(gone)))
    here.check()

    numbers = [event["qualification_number"] for event in here.qualified()]
    print(f"{len(numbers)} qualifications up to number {max(numbers)}, {len(here.oracle.dead)} dead letters")
    assert len(numbers) > 500
    assert max(numbers) > 2
    evidence = [one for event in here.qualified() for one in event["criteria"]]
    assert any(one["met"] for one in evidence if "grades" in one)
    decided = here.oracle.outcomes
    assert min(decided["aging", "criteria_not_met"], decided["aging", "qualified"]) > 0
    assert here.outcomes() == here.oracle.outcomes
    assert {outcome for _, outcome in here.oracle.outcomes} == {
        "stale_score",
        "lead_management_off",
        "model_not_live",
        "lead_not_open",
        "not_in_audience",
        "criteria_not_met",
        "already_qualified",
        "cooling_down",
        "qualified",
    }
