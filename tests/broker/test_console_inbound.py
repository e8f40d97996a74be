"""Events that come in over HTTP: through the console's process and a real broker to a worker's decision."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.client.leads import LeadPresence, look_up
from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.engine.partitioning import partition_of
from tests.support.command_line import CommandLine
from tests.support.console_process import ConsoleProcess
from tests.support.subscriptions import until

pytestmark = pytest.mark.broker

PARTITIONS = 4
LEADS = [f"L-{number}" for number in range(20)] + ["a/b", "Ünï ß"]
BATCH = {"content-type": "application/cloudevents-batch+json"}
MODEL = {
    "id": "enterprise",
    "name": "Enterprise",
    "match": "all",
    "criteria": [{"scoring_model": "engagement", "threshold": 50}],
    "actions": {"status_reason": "marketing_qualified", "sales_ready": True},
}


def event(topic: str, number: int = 0, **data: Any) -> dict[str, Any]:
    subject = data.get("lead_id", data.get("scoring_model_id"))
    event_id = f"{topic}/{subject}/{number}"
    data |= {"event_id": event_id, "occurred_at": datetime.now(UTC).isoformat()}
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/engine",
        "type": f"lead-qualifier.{topic}",
        "data": data,
    }


@pytest.fixture
def line(kafka: Broker, tmp_path: Path) -> Iterator[CommandLine]:
    made = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=PARTITIONS)
    yield made
    made.close()


def test_events_over_http_are_decided_like_all_others(kafka: Broker, line: CommandLine, tmp_path: Path) -> None:
    line.start_worker().wait_ready()
    console = ConsoleProcess(line.environment, tmp_path)

    def send(*events: dict[str, Any], status: int = 202) -> list[dict[str, Any]]:
        answer = console.client.post("/api/v1/events", content=json.dumps(events).encode(), headers=BATCH)
        assert answer.status_code == status, answer.text
        return list(answer.json()["events"])

    def marked(lead_id: str) -> bool | None:
        found = look_up(kafka.connection, topic_prefix=line.prefix, state_prefix=line.prefix, lead_id=lead_id)
        if found.presence is not LeadPresence.HELD or found.lead is None:
            return None
        return found.lead.sales_ready

    send(event("scoring-model-changed", scoring_model_id="engagement", name="Engagement", status="live"))
    line.run("feature", "enable", "lead-management").fine()
    line.run("model", "apply", "-", "--publish", stdin=json.dumps(MODEL).encode()).fine()

    scores = [event("lead-score-changed", lead_id=one, scoring_model_id="engagement", score=90) for one in LEADS]
    wrong = event("lead-score-changed", lead_id="L-0", scoring_model_id="engagement", score="90")
    assert {one["status"] for one in send(*scores, wrong, status=422)} == {"not_sent", "invalid"}
    for _ in range(2):  # the second time, they change nothing
        positions = send(*scores)
        assert [one["partition"] for one in positions] == [partition_of(one.encode(), PARTITIONS) for one in LEADS]
    assert {one["offset"] for one in positions if one["partition"] == 0} & {0, 1} == set()
    until(lambda: all(marked(one) for one in LEADS))

    assert console.client.delete("/api/v1/leads/a%2Fb").status_code == 202
    until(lambda: marked("a/b") is None)
    until(lambda: console.client.get("/api/v1/leads/a%2Fb").status_code == 404)

    # No service has made this topic, and the broker is not to make it with settings of its own.
    answer = console.client.post(
        "/api/v1/events", json=[event("activity-completed", lead_id="L-0", kind="reply")], headers=BATCH
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "topic_missing")
    assert console.terminate() == 0
    said = console.out.read_text() + console.log.read_text()
    assert "a/b" not in said
    assert "L-0" not in said
