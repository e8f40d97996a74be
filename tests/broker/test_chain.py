"""From score to salesperson: workers and all downstream services on one broker, while processes of both are killed."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.downstream import Downstream
from tests.support.messages import change, encode, score
from tests.support.schemas import breaches
from tests.support.topic_reader import TopicReader

pytestmark = pytest.mark.broker

LEADS = [f"L-{number}" for number in range(240)]
SELLERS = [f"S-{number}" for number in range(4)]
MODEL = """\
id: enterprise
match: all
criteria: [{scoring_model: engagement, threshold: 50}]
actions: {status_reason: marketing_qualified, sales_ready: true}
"""
JOURNEY: dict[str, Any] = {"id": "welcome", "trigger": {"changed": "sales_ready", "to": True}}
ASSIGNMENT: dict[str, Any] = {
    "id": "sales",
    "segments": [{"id": "all", "priority": 1, "rules": [{"id": "any", "sellers": {"ids": SELLERS}}]}],
}
SEQUENCE: dict[str, Any] = {
    "id": "contact",
    "connect": {"on": "lead-assigned", "wait": "2s"},
    "steps": [
        {"id": "hello", "kind": "automated_email", "template": "hello"},
        {"id": "breathe", "kind": "wait", "for": "3s"},
        {"id": "call", "kind": "phone_call", "subject": "Call"},
    ],
}
FOLLOW_UP: dict[str, Any] = {"id": "soon", "stages": [{"on": "lead-assigned", "within": "4s"}]}
OUT = (
    "lead-qualified",
    "journey-entry-requested",
    "lead-assigned",
    "sequence-step-due",
    "sequence-changed",
    "lead-follow-up-overdue",
    "downstream-dead-letters",
)
STATES = ("journey-state", "assignment-lead-state", "sequence-state", "follow-up-state")


@pytest.fixture
def chain(kafka: Broker, tmp_path: Path) -> Iterator[Downstream]:
    made = Downstream(CommandLine(kafka.bootstrap_servers, tmp_path, partitions=4), "all", OUT)
    yield made
    made.close()


def _prepare(chain: Downstream) -> None:
    line = chain.line
    chain.qualify_by(MODEL)
    for seller in SELLERS:
        chain.announce_seller(seller)
    refused = line.folder / "refused.yaml"
    refused.write_text("id: x\nsegments: [{id: s, priority: 1, rules: [{id: r, sellers: {ids: [S-9]}}]}]\n")
    unknown = line.run("assignment", "apply", str(refused))
    assert unknown.code == 1
    assert "there is no seller S-9" in unknown.err
    for kind, definition in (
        ("journey", JOURNEY),
        ("assignment", ASSIGNMENT),
        ("sequence", SEQUENCE),
        ("follow-up", FOLLOW_UP),
    ):
        chain.publish(kind, definition)


def test_every_lead_goes_all_the_way_once_although_processes_are_killed(chain: Downstream) -> None:
    line, dice = chain.line, random.Random(7)
    worker = line.start_worker()
    worker.wait_ready()
    services = chain.start()
    _prepare(chain)
    for lead_id in LEADS:
        line.send("lead-changed", lead_id.encode(), encode(change(lead_id, 0, contact_id=f"C-{lead_id}")))
    chain.start()
    for number, lead_id in enumerate(LEADS):
        line.send("lead-score-changed", lead_id.encode(), encode(score(lead_id, "engagement", 80, 1)))
        if number == 80:
            services.kill()
            services = line.start_worker("downstream", "all")
        if number == 120:
            worker.kill()
            worker = line.start_worker()
        if number == 160:
            line.workers[2].kill()
            chain.start()
        time.sleep(dice.random() * 0.02)

    assert {one["lead_id"] for one in chain.wait_for("lead-qualified", len(LEADS), seconds=60)} == {*LEADS}
    entries = chain.wait_for("journey-entry-requested", len(LEADS), seconds=60)
    assert sorted(one["lead_id"] for one in entries) == sorted(LEADS)
    assert all(one["contact_id"] == f"C-{one['lead_id']}" for one in entries)
    given = chain.wait_for("lead-assigned", len(LEADS), seconds=60)
    assert sorted(one["lead_id"] for one in given) == sorted(LEADS)
    assert sorted(one["decision_number"] for one in given) == list(range(1, len(LEADS) + 1))
    in_order = sorted(given, key=lambda one: one["decision_number"])
    turns = [one["owner"]["id"] for one in in_order]
    assert Counter(turns) == dict.fromkeys(SELLERS, len(LEADS) // len(SELLERS))  # round robin, fair to the last
    assert turns[: len(SELLERS)] * (len(LEADS) // len(SELLERS)) == turns
    steps = chain.wait_for("sequence-step-due", 2 * len(LEADS), seconds=60)
    assert Counter((one["lead_id"], one["step_id"]) for one in steps) == {
        (lead_id, step): 1 for lead_id in LEADS for step in ("hello", "call")
    }
    owners = {one["lead_id"]: one["owner"]["id"] for one in given}
    assert all(one["owner_id"] == owners[one["lead_id"]] for one in steps)
    overdue = chain.wait_for("lead-follow-up-overdue", len(LEADS), seconds=60)
    assert sorted(one["lead_id"] for one in overdue) == sorted(LEADS)
    assert all(one["owner_id"] == owners[one["lead_id"]] for one in overdue)
    assert chain.events("downstream-dead-letters") == []
    assert chain._reader is not None
    assert breaches([record for records in chain._reader.records.values() for record in records]) == []


def test_of_leads_erased_while_their_qualification_or_assignment_was_on_its_way_nothing_comes(
    chain: Downstream,
) -> None:
    line = chain.line
    line.start_worker().wait_ready()
    services = chain.start()
    _prepare(chain)
    services.terminate()
    qualified, assigned, kept = (LEADS[at : at + 3] for at in (0, 3, 6))
    for lead_id in LEADS[:9]:
        line.send("lead-changed", lead_id.encode(), encode(change(lead_id, 0, contact_id=f"C-{lead_id}")))
    for lead_id in LEADS[:9]:
        line.send("lead-score-changed", lead_id.encode(), encode(score(lead_id, "engagement", 80, 1)))
    assert {one["lead_id"] for one in chain.wait_for("lead-qualified", 9)} == {*LEADS[:9]}
    for lead_id in qualified:
        line.send("lead-changed", lead_id.encode(), None)
    assignment = line.start_worker("downstream", "assignment")
    assert {one["lead_id"] for one in chain.wait_for("lead-assigned", 6)} == {*assigned, *kept}
    for lead_id in assigned:
        line.send("lead-changed", lead_id.encode(), None)
    chain.start()
    for topic, count in (("journey-entry-requested", 3), ("sequence-step-due", 6), ("lead-follow-up-overdue", 3)):
        assert {one["lead_id"] for one in chain.wait_for(topic, count, seconds=60)} == {*kept}
    assert {one["lead_id"] for one in chain.events("sequence-changed")} == {*kept}
    assert len(chain.events("lead-assigned")) == 6
    assignment.terminate()
    states = TopicReader(line.environment["KAFKA_BOOTSTRAP_SERVERS"], line.prefix, STATES)
    states.read()
    for topic in STATES:
        newest = {record.key: json.loads(record.value or b"{}") for record in states.records[topic]}
        for lead_id in (*qualified, *assigned):
            assert newest[lead_id.encode()].keys() == {"facts"}
            assert newest[lead_id.encode()]["facts"].keys() == {"erased"}
    states.close()
    assert chain.events("downstream-dead-letters") == []
