"""A draft beside a live version, in its shadow and in its place, while three workers decide under load."""

from __future__ import annotations

import time
from collections import Counter
from threading import Event, Thread
from typing import Any

import pytest

from tests.broker.conftest import Install
from tests.support.installation import Installation
from tests.support.load import AS_USERS, Load
from tests.support.messages import apply, command, encode, feature, model, score, scoring_model
from tests.support.workload import SCORING_MODELS, Workload

pytestmark = pytest.mark.broker

SWAPS = 6
PER_SECOND = 1500


def three_workers(install: Install) -> Installation:
    """Each has partitions; lead management is on, all scoring models are live."""
    here = install(partitions=6, **AS_USERS)
    here.start_worker().wait_ready()
    for worker in [here.start_worker(), here.start_worker()]:
        worker.wait_ready()
    deadline = time.monotonic() + 30
    while not all(worker.metric("lead_qualifier_open_partitions") for worker in here.running()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    here.announce(*(scoring_model(name, "live") for name in SCORING_MODELS))
    here.order(feature("enable"))
    return here


def swapped(version: int) -> dict[str, Any]:
    """What is to be version `version`: its threshold says which one it is."""
    return model("swap", "all", {"engagement": version}, existing_leads="ignore")


class UniqueLeads:
    """Sends one score for each of ever new leads: whichever version decides it, it qualifies."""

    def __init__(self, here: Installation) -> None:
        self._here = here
        self._stop = Event()
        self._thread = Thread(target=self._run)
        self.sent = 0

    def __enter__(self) -> UniqueLeads:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        tick = 0.02
        while not self._stop.is_set():
            began = time.monotonic()
            for _ in range(int(PER_SECOND * tick)):
                lead_id = f"unique-{self.sent}"
                value = encode(score(lead_id, "engagement", 99, 0))
                self._here.send_bytes("lead-score-changed", lead_id.encode(), value)
                self.sent += 1
            self._stop.wait(max(0.0, tick - (time.monotonic() - began)))


def test_each_event_is_decided_by_exactly_one_version_while_versions_take_each_others_place(install: Install) -> None:
    here = three_workers(install)
    here.order(apply(swapped(1)), command("publish", "swap"))
    with UniqueLeads(here) as load:
        time.sleep(1)
        for version in range(2, SWAPS + 2):
            draft = apply(swapped(version), draft=True)
            replace = command("publish", "swap", replace=True)
            here.send("qualification-commands", draft, replace)
            assert here.outcome(draft["command_id"])["reason"] == "applied"
            outcome = here.outcome(replace["command_id"])
            assert (outcome["outcome"], outcome["version"]) == ("accepted", version)
            time.sleep(0.7)
    wait_decided(here, load.sent)

    events = here.qualified()
    leads = Counter(event["lead_id"] for event in events)
    assert [lead_id for lead_id, count in leads.items() if count > 1] == [], "decided by two versions"
    assert len(leads) == load.sent, "decided by none"
    mixed = [one for one in events if one["criteria"][0]["threshold"] != one["qualification_model_version"]]
    assert mixed == [], "half of one version and half of another"
    by_version = Counter(event["qualification_model_version"] for event in events)
    assert sorted(by_version) == list(range(1, SWAPS + 2)), "each version has its time"
    for partition in range(here.partitions):
        its = [event for event in events if event["trigger"]["partition"] == partition]
        in_order = sorted(its, key=lambda event: event["trigger"]["offset"])
        versions = [event["qualification_model_version"] for event in in_order]
        assert versions == sorted(versions), "a partition went back to an older version"
    assert here.outcomes() == {("swap", "qualified"): load.sent}
    shares = [worker.metric("lead_qualifier_outcomes_total", outcome="qualified") for worker in here.running()]
    assert all(shares), "three workers took part"
    print(
        f"{load.sent} scores, {SWAPS} replacements; by version {dict(sorted(by_version.items()))}, by worker {shares}"
    )


def wait_decided(here: Installation, count: int) -> None:
    here.flush()
    deadline = time.monotonic() + 60
    while here.lag() or len(here.outs.records["lead-qualified"]) < count:
        assert time.monotonic() < deadline, f"{len(here.outs.records['lead-qualified'])} of {count}"
        here.outs.read()
        time.sleep(0.05)


def test_a_draft_in_shadow_is_counted_under_load_and_changes_nothing_until_it_takes_over(install: Install) -> None:
    here = three_workers(install)
    live = model("led", "all", {"engagement": 70, "demographic": 50})
    draft = model("led", "any", {"engagement": 85, "intent": 60})
    shadow = command("shadow", "led", enabled=True)
    orders = here.order(apply(live), command("publish", "led"), apply(draft, draft=True), shadow)
    assert [order["outcome"] for order in orders] == ["accepted"] * 4
    workload = Workload(11, 600)
    with Load(here, workload, per_second=PER_SECOND) as load:
        time.sleep(4)
    here.settle_and_check()
    assert here.shadows() == here.oracle.shadow
    assert here.outcomes() == here.oracle.outcomes
    counted = here.shadows()
    assert {difference for _, difference in counted} == {"both", "neither", "newly_qualifying", "no_longer_qualifying"}
    assert {event["qualification_model_version"] for event in here.qualified()} == {1}
    print(f"{load.sent} records; in shadow {dict(counted)}")

    here.order(command("shadow", "led", enabled=False))
    with Load(here, workload, per_second=PER_SECOND):
        time.sleep(1)
    here.settle_and_check()
    assert here.shadows() == counted, "counted no longer"

    # takes over, and what it would have made of the leads that are known already comes true
    (replaced,) = here.order(command("publish", "led", workload.minutes, replace=True))
    assert (replaced["outcome"], replaced["version"]) == ("accepted", 2)
    assert replaced["definition"]["criteria"] == draft["criteria"]
    here.settle_and_check()
    assert {(event["qualification_model_version"], event["origin"]) for event in here.qualified()} == {
        (1, "live"),
        (2, "sweep"),
    }
