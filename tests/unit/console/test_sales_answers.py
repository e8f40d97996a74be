"""What somebody says in the place of sales goes to Kafka as a CRM sends it, and stands on the lead's timeline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from lead_qualifier.console.access.people import Role
from lead_qualifier.console.api.sales_forms import SalesAnswered
from tests.support.console_server import ConsoleServer

WHERE = "/api/v1/leads/L-1001/sales-response"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleServer]:
    with ConsoleServer(tmp_path_factory.mktemp("console"), roles=[Role.ADMINISTRATOR]) as running:
        yield running


def test_a_rejection_is_sent_with_the_seller_and_shown(client: httpx.Client, server: ConsoleServer) -> None:
    said = client.post(WHERE, json={"response": "rejected", "reason": "no budget"}, headers={"Idempotency-Key": "a-1"})
    assert said.status_code == 202
    record = server.topics.records[-1]
    assert (record.topic.name, record.key) == ("lead-sales-response", b"L-1001")
    sent = json.loads(record.value or b"")
    assert sent == said.json()
    assert (sent["event_id"], sent["response"], sent["reason"], sent["seller_id"]) == (
        "a-1",
        "rejected",
        "no budget",
        "S-1",
    )
    newest = client.get("/api/v1/leads/L-1001").json()["timeline"][0]
    assert (newest["kind"], newest["reason"], newest["owner_id"]) == ("sales_rejected", "no budget", "S-1")


def test_an_answer_that_is_sent_again_is_one(client: httpx.Client, server: ConsoleServer) -> None:
    def post(key: str, reason: str = "late") -> httpx.Response:
        return client.post(WHERE, json={"response": "rejected", "reason": reason}, headers={"Idempotency-Key": key})

    def sent() -> list[Any]:
        return [json.loads(one.value or b"") for one in server.topics.records[before:]]

    before = len(server.topics.records)
    with ThreadPoolExecutor() as threads:
        first, second = threads.map(post, ["b-1"] * 2)
    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (202, post("b-1").json())
    assert sent() == [first.json()]
    other = post("b-1", reason="no budget")
    assert (other.status_code, other.json()["code"], len(sent())) == (409, "idempotency_key_used", 1)
    server.resources.sales_answers._recent._answers.clear()  # as after a restart, or in another process
    assert (post("b-1").json(), len(sent())) == (first.json(), 1)


def test_an_answer_that_may_have_arrived_goes_again_as_it_was(client: httpx.Client, server: ConsoleServer) -> None:
    server.topics.away = 0
    sending: dict[str, Any] = {"json": {"response": "rejected"}, "headers": {"Idempotency-Key": "c-1"}}
    assert client.post(WHERE, **sending).status_code == 503
    server.topics.away = None
    (tried,) = [one.tried for one in server.resources.sales_answers._recent._answers.values() if one.sent is None]
    assert SalesAnswered.model_validate(client.post(WHERE, **sending).json()) == tried


@pytest.mark.parametrize(
    "said",
    [{}, {"response": "perhaps"}, {"response": "rejected", "reason": ""}, {"response": "accepted", "model": "m"}],
)
def test_what_is_no_answer_is_not_sent(said: dict[str, str], client: httpx.Client, server: ConsoleServer) -> None:
    before = len(server.topics.records)
    assert client.post(WHERE, json=said).status_code == 400
    assert client.post(WHERE.replace("L-1001", "L-gone"), json={"response": "accepted"}).status_code == 404
    assert len(server.topics.records) == before


def test_a_broker_that_is_away_is_told(client: httpx.Client, server: ConsoleServer) -> None:
    server.topics.away = 0
    answer = client.post(WHERE, json={"response": "accepted"})
    server.topics.away = None
    assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MARKETER, Role.OPERATOR])
def test_other_roles_do_not_answer_for_sales(role: Role, tmp_path_factory: pytest.TempPathFactory) -> None:
    with ConsoleServer(tmp_path_factory.mktemp("other"), roles=[role]) as server, server.client() as client:
        answer = client.post(WHERE, json={"response": "accepted"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        assert server.topics.records == []
