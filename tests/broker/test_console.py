"""From a score to the console: workers, a real broker and the console's process, which is killed on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import NewTopic

from lead_qualifier.client.explanation import explain
from lead_qualifier.client.leads import LeadPresence, look_up
from lead_qualifier.client.rulebook import read_rulebook
from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.wording.on_pages import IN_ENGLISH_ON_PAGES
from tests.support.console_process import ConsoleProcess
from tests.support.installation import Installation
from tests.support.messages import apply, change, command, feature, model, score, scoring_model

pytestmark = pytest.mark.broker

LEADS = [f"L-{number}" for number in range(20)] + ["a/b", "Ünï ß"]


def told_by_the_command_line(kafka: Broker, one: Installation, lead_id: str) -> dict[str, Any]:
    """What `lead show` says of the models, and the qualifications."""
    found = look_up(kafka.connection, topic_prefix=one.prefix, state_prefix=one.prefix, lead_id=lead_id)
    if found.presence is not LeadPresence.HELD or found.lead is None:
        return {}
    rules = read_rulebook(kafka.connection, topic_prefix=one.prefix).rules
    return {
        "status_reason": found.lead.status_reason,
        "scores": {name: score.value for name, score in found.lead.scores.items()},
        "reasons": [IN_ENGLISH_ON_PAGES.sentence(one.reason) for one in explain(found.lead, rules, datetime.now(UTC))],
        "qualified_on": sorted(event["trigger"]["event_id"] for event in found.qualifications),
    }


def told_by_the_console(console: ConsoleProcess, lead_id: str) -> dict[str, Any]:
    if lead_id not in {one["lead_id"] for one in console.get("/leads", q=lead_id)["leads"]}:
        return {}
    lead, explained = console.lead(lead_id), console.lead(lead_id, "/explanation")
    return {
        "status_reason": lead["status_reason"],
        "scores": {one["scoring_model_id"]: one["score"] for one in lead["scores"]},
        "reasons": [one["reason"]["text"] for one in explained["models"]],
        "qualified_on": sorted(one["event_id"] for one in lead["timeline"] if "changes" in one),
    }


def test_the_console_tells_what_the_command_line_tells(
    kafka: Broker, install: Callable[..., Installation], tmp_path: Path
) -> None:
    one = install()
    one.start_worker().wait_ready()
    definition = model("enterprise", "all", {"engagement": 50})
    one.announce(scoring_model("engagement", "live"))
    one.order(feature("enable"), apply(definition), command("publish", "enterprise"))
    one.changes(*(change(lead_id, 1, attributes={"name": f"Name of {lead_id}"}) for lead_id in LEADS))
    one.scores(*(score(lead_id, "engagement", 40 + number, 2) for number, lead_id in enumerate(LEADS)))
    one.settle()

    def compare(console: ConsoleProcess) -> None:
        console.wait_up_to_date()
        for lead_id in LEADS:
            assert told_by_the_console(console, lead_id) == told_by_the_command_line(kafka, one, lead_id)

    console = ConsoleProcess(one._environment, tmp_path)
    compare(console)
    one.scores(*(score(lead_id, "engagement", 60 + number, 3) for number, lead_id in enumerate(LEADS)))
    console.kill()  # in the middle of it, or not: see the unit tests for each step
    one.settle()  # between topics there is no order
    one.erase("L-3", "L-15", "a/b")
    one.settle()

    console = ConsoleProcess(one._environment, tmp_path)
    compare(console)
    assert console.get("/leads", q="Name of L-3")["leads"] == []
    assert "projection_begins_again" not in console.log.read_text()
    figures = console.metrics()
    for figure in ("projection_rebuilds_total 0", "projection_lag_records 0", "database_connected 1", "ready 1"):
        assert f"lead_qualifier_{figure}.0\n" in figures
    assert 'lead_qualifier_console_requests_total{method="GET",route="/api/v1/leads/{lead_id}",status="200"}' in figures
    said = console.out.read_text() + console.log.read_text() + figures
    assert not [lead_id for lead_id in LEADS if f'"{lead_id}"' in said]

    # A topic that is deleted and created again has lost its records: so has the console.
    for worker in one.running():
        worker.terminate()
    topic = one.prefix + "lead-qualified"
    one.admin.delete_topics([topic])[topic].result(30)
    one.admin.create_topics([NewTopic(topic, one.partitions, 1)])[topic].result(30)
    console.wait_up_to_date()
    assert "was deleted and created again" in console.log.read_text()
    compare(console)
    assert told_by_the_console(console, "L-10")["qualified_on"] == []
    assert not console.get("/overview")["weeks"][-1]["complete"]
    assert console.terminate() == 0


def test_a_console_without_a_broker_says_so(tmp_path: Path) -> None:
    console = ConsoleProcess({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, tmp_path)
    assert console.get("/leads") == {"leads": []}
    while console.health()["status"] == "starting":
        pass
    assert console.health()["status"] == "waiting"
    assert json.dumps(console.health()["problem"]) != '""'
    assert console.terminate() == 0
