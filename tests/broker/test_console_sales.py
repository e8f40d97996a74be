"""A marketer's path by the console's API alone: from a model to a seller and back, with real services and a broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from lead_qualifier.demo.broker.finder import Broker
from tests.support.assigner_harness import definition, rule, segment
from tests.support.command_line import CommandLine
from tests.support.console_process import ConsoleProcess
from tests.support.messages import change, encode, model, new_id, score

pytestmark = pytest.mark.broker

LEAD = "L/1 ü"
WHERE = "/leads/L%2F1%20%C3%BC"


@pytest.fixture
def line(kafka: Broker, tmp_path: Path) -> Iterator[CommandLine]:
    made = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=2)
    yield made
    made.close()


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_lead_is_qualified_waits_gets_a_seller_and_is_rejected(line: CommandLine, tmp_path: Path) -> None:
    for worker in (line.start_worker(), line.start_worker("downstream", "assignment")):
        worker.wait_ready()
    console = ConsoleProcess(line.environment, tmp_path)

    def order(method: str, path: str, content: Any = None, **options: Any) -> dict[str, Any]:
        if content is not None:
            options["content"] = yaml.safe_dump(content).encode()
        answer = console.client.request(method, f"/api/v1{path}", **options)
        assert answer.status_code < 300, answer.text
        return dict(answer.json())

    def seller(maximum: int) -> None:
        told: dict[str, Any] = {"event_id": new_id(), "seller_id": "S-1", "occurred_at": datetime.now(UTC).isoformat()}
        told |= {"time_zone": "UTC", "capacity": {"max": maximum}}
        line.send("seller-changed", b"S-1", encode(told))

    order("PUT", "/feature", json={"lead_management": True})
    order("PUT", "/scoring-models/engagement", json={"status": "live"})
    order("PUT", "/models/enterprise", model("enterprise", "all", {"engagement": 50}))
    order("POST", "/models/enterprise/publish")
    seller(0)
    until(lambda: [one["seller_id"] for one in console.get("/sellers")["sellers"]] == ["S-1"])
    sales = definition(segment(rule(sellers={"ids": ["S-1"]})), name="inside-sales")
    assert order("PUT", "/definitions/assignment/inside-sales", sales)["code"] == "applied"
    published = order("POST", "/definitions/assignment/inside-sales/publish")
    assert (published["code"], published["version"]) == ("published", 1)
    held = console.get("/definitions/assignment/inside-sales")
    assert (held["status"], held["definition"]) == ("live", sales)
    [version] = console.get("/definitions/assignment/inside-sales/history")["versions"]
    assert version["published_by"] == held["published_by"]
    refused = console.client.put(
        "/api/v1/definitions/assignment/other", content=yaml.safe_dump(sales | {"segments": []}).encode()
    )
    assert refused.status_code == 422

    line.send("lead-changed", LEAD.encode(), encode(change(LEAD, 1)))
    line.send("lead-score-changed", LEAD.encode(), encode(score(LEAD, "engagement", 80, 2)))
    until(lambda: [one["lead_id"] for one in console.get("/assignments/waiting")["leads"]] == [LEAD])
    waits = console.get(f"{WHERE}/assignment")
    assert (waits["reason"]["code"], waits["place"], waits["next_result"]) == ("no_capacity", 1, "no_capacity")
    seller(5)
    until(lambda: console.get(f"{WHERE}/assignment").get("owner_id") == "S-1")
    assert console.get("/assignments/waiting")["leads"] == []
    explained = line.run("assignment", "explain", LEAD, "--json").fine().json()
    assert explained["owner"] == {"kind": "seller", "id": "S-1"}
    said = order("POST", f"{WHERE}/sales-response", json={"response": "rejected", "reason": "no budget"})
    assert said["seller_id"] == "S-1"

    def kinds() -> set[str]:
        return {one["kind"] for one in console.get(WHERE)["timeline"]}

    until(lambda: {"not_assigned", "qualified", "assigned", "sales_rejected", "recycled"} <= kinds())
    line.send("lead-changed", LEAD.encode(), None)
    until(lambda: console.client.get(f"/api/v1{WHERE}/assignment").status_code == 404)
    assert console.terminate() == 0
