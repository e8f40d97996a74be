"""Events that come in over HTTP: through the console's process and a real broker to a worker's decision."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.engine.partitioning import partition_of
from tests.support.command_line import CommandLine
from tests.support.console_process import ConsoleProcess
from tests.support.console_server import WEBHOOK_KEY
from tests.support.dataverse import Organisation
from tests.support.dataverse_contexts import LEAD, changed, choice, context, reference
from tests.support.sink import RunningSink
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


class Place:
    """A worker, and a console through which everything comes to it."""

    def __init__(self, kafka: Broker, folder: Path) -> None:
        self.line = CommandLine(kafka.bootstrap_servers, folder, partitions=PARTITIONS)
        self.line.environment["LEAD_QUALIFIER_DATAVERSE_WEBHOOK_KEY"] = WEBHOOK_KEY
        self.line.start_worker().wait_ready()
        self.console = ConsoleProcess(self.line.environment, folder)
        self.send(event("scoring-model-changed", scoring_model_id="engagement", name="Engagement", status="live"))
        self.line.run("feature", "enable", "lead-management").fine()
        self.line.run("model", "apply", "-", "--publish", stdin=json.dumps(MODEL).encode()).fine()

    def send(self, *events: dict[str, Any], status: int = 202) -> list[dict[str, Any]]:
        answer = self.console.client.post("/api/v1/events", content=json.dumps(events).encode(), headers=BATCH)
        assert answer.status_code == status, answer.text
        return list(answer.json()["events"])

    def post(self, context: dict[str, Any]) -> None:
        """As Dataverse does."""
        address = f"{self.console.client.base_url}/api/v1/inbound/dataverse"
        answer = httpx.post(address, params={"code": WEBHOOK_KEY}, json=context, timeout=30)
        assert answer.status_code == 202, answer.text

    def held(self, lead_id: str) -> dict[str, Any] | None:
        """The lead, as the console shows it."""
        answer = self.console.client.get(f"/api/v1/leads/{quote(lead_id, safe='')}")
        return None if answer.status_code == 404 else dict(answer.json())

    def is_marked(self, lead_id: str) -> bool:
        return (lead := self.held(lead_id)) is not None and lead["sales_ready"]


@pytest.fixture(scope="module")
def place(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(kafka, tmp_path_factory.mktemp("inbound"))
    yield made
    made.line.close()
    assert made.console.terminate() == 0
    said = made.console.out.read_text() + made.console.log.read_text()
    assert not [one for one in ("a/b", "L-0", LEAD, WEBHOOK_KEY) if one in said]


def test_events_over_http_are_decided_like_all_others(place: Place) -> None:
    scores = [event("lead-score-changed", lead_id=one, scoring_model_id="engagement", score=90) for one in LEADS]
    wrong = event("lead-score-changed", lead_id="L-0", scoring_model_id="engagement", score="90")
    assert {one["status"] for one in place.send(*scores, wrong, status=422)} == {"not_sent", "invalid"}
    for _ in range(2):  # the second time, they change nothing
        positions = place.send(*scores)
        assert [one["partition"] for one in positions] == [partition_of(one.encode(), PARTITIONS) for one in LEADS]
    assert {one["offset"] for one in positions if one["partition"] == 0} & {0, 1} == set()
    until(lambda: all(map(place.is_marked, LEADS)))

    console = place.console.client
    assert console.delete("/api/v1/leads/a%2Fb").status_code == 202
    until(lambda: place.held("a/b") is None)

    # No service has made this topic, and the broker is not to make it with settings of its own.
    answer = console.post(
        "/api/v1/events", json=[event("activity-completed", lead_id="L-0", kind="reply")], headers=BATCH
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "topic_missing")


def test_from_dynamics_to_a_qualified_lead_in_dynamics(place: Place) -> None:
    org = Organisation()
    org.add(LEAD)
    form = {
        "id": "dynamics",
        "org": org.endpoint.url,
        "token_url": f"{org.endpoint.url}/token",
        "client_id": "app",
        "client_secret_env": "DYNAMICS_SECRET",
    }
    sink = RunningSink(place.line, "dataverse", form, {"DYNAMICS_SECRET": "s3cret&more"})
    sink.start()
    place.post(changed(LEAD, message="Create", statecode=choice(0), statuscode=choice(1), companyname="Contoso"))
    place.send(event("lead-score-changed", lead_id=LEAD, scoring_model_id="engagement", score=90))
    until(lambda: org.rows[LEAD] == {"statecode": 0, "statuscode": 823270000, "msdyncrm_salesready": True})

    # Dataverse tells what the sink has written, and the lead stays qualified once.
    at = datetime.now(UTC)
    place.post(changed(LEAD, at=at, statuscode=choice(823270000), msdyncrm_salesready=True))
    place.post(changed(LEAD, at=at, statecode=choice(1), statuscode=choice(3), companyname=None))
    until(lambda: (lead := place.held(LEAD)) is not None and lead["status"] == "qualified")
    lead = place.held(LEAD)
    assert lead is not None
    assert (lead["sales_ready"], lead["attributes"]) == (True, {})
    assert [one["qualification_number"] for one in lead["marks"]] == [1]
    place.post(context("Delete", LEAD, Target=reference(LEAD)))
    until(lambda: place.held(LEAD) is None)
    assert len(org.requests("PATCH")) == 1
    org.endpoint.stop()


def test_a_dead_letter_is_seen_and_sent_back_from_the_console(place: Place) -> None:
    client = place.console.client
    place.line.send("lead-score-changed", b"L-bad", b'{"lead_id": "L-bad", "score": "90"}')

    def letters() -> list[dict[str, Any]]:
        return list(client.get("/api/v1/dead-letters", params={"key": "L-bad"}).json()["dead_letters"])

    until(lambda: len(letters()) == 1)
    wanted = {"ids": [letters()[0]["id"]]}
    for status in ("sent", "replayed"):
        answer = client.post("/api/v1/dead-letters/replay", json=wanted)
        assert [one["status"] for one in answer.json()["dead_letters"]] == [status], answer.text
    until(lambda: len(letters()) == 2)  # it is as wrong as before
    assert client.delete("/api/v1/leads/L-bad").status_code == 202
    until(lambda: letters() == [])
