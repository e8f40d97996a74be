"""The API answers as its OpenAPI document says, whatever it is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema
import pytest
from sqlalchemy import insert, text

from lead_qualifier.console.read_model.standing import Phase, Standing
from lead_qualifier.console.read_model.tables import events
from tests.support.console_records import QUALIFIED, STRANGE_IDS, qualification
from tests.support.console_server import ConsoleServer
from tests.support.list_pages import pages
from tests.support.openapi import check

ROOT = Path(__file__).parents[3]
OPENAPI = ROOT / "schemas" / "console.openapi.json"


@pytest.fixture(scope="module")
def asked(client: httpx.Client, document: dict[str, Any]) -> tuple[httpx.Client, dict[str, Any]]:
    return client, document


Asked = tuple[httpx.Client, dict[str, Any]]


def lead_path(lead_id: str, more: str = "") -> str:
    return f"/api/v1/leads/{quote(lead_id, safe='')}{more}"


def test_the_stored_document_is_the_one_that_is_served(document: dict[str, Any]) -> None:
    assert json.loads(OPENAPI.read_text()) == document, "run `make schemas`"
    assert document["openapi"].startswith("3.1")


def test_every_example_is_of_its_schema(document: dict[str, Any]) -> None:
    with_example = {name: one for name, one in document["components"]["schemas"].items() if "example" in one}
    assert {"LeadList", "LeadDetails", "LeadExplanation", "Health", "Problem"} <= with_example.keys()
    for schema in with_example.values():
        jsonschema.Draft202012Validator(schema | {"components": document["components"]}).validate(schema["example"])


def test_the_timeline_tells_what_sales_and_the_services_did(client: httpx.Client, document: dict[str, Any]) -> None:
    body = check(document, client.get(lead_path("L-1006")), "/api/v1/leads/{lead_id}")
    told = [
        (one["kind"], one.get("reason") or one.get("state") or one.get("definition_id")) for one in body["timeline"]
    ]
    assert told == [
        ("changed", None),
        ("sales_accepted", None),
        ("recycled", "no budget"),
        ("sales_rejected", "no budget"),
        ("sequence_changed", "lead_deactivated"),
        ("overdue", "react-fast"),
        ("step_due", "first-call"),
        ("sequence_changed", "connected"),
        ("journey_entered", "welcome"),
    ]


def test_leads_are_found_newest_qualified_first(client: httpx.Client, document: dict[str, Any]) -> None:
    body = check(document, client.get("/api/v1/leads", params={"limit": 2}), "/api/v1/leads")
    assert [one["lead_id"] for one in body["leads"]] == ["L-1001", STRANGE_IDS[0]]
    assert body["leads"][0]["name"] == "Anna Weber"


@pytest.mark.parametrize("query", [{}, {"q": "M-"}, {"q": "muster"}, {"status": "open"}, {"qualified": "true"}])
def test_pages_of_a_list_have_each_lead_once(query: dict[str, str], client: httpx.Client) -> None:
    whole = client.get("/api/v1/leads", params={**query, "limit": 200}).json()
    assert "next_cursor" not in whole
    found = pages(client, "/api/v1/leads", **query, limit=7)
    got = [one["lead_id"] for page in found for one in page.json()["leads"]]
    assert got == [one["lead_id"] for one in whole["leads"]]
    assert len(set(got)) == len(got) > 7


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "L-1001"}, {"L-1001"}),
        ({"q": "weber"}, {"L-1001", "L-1005"}),
        ({"q": "WEB ann"}, {"L-1001"}),
        ({"q": "Müller"}, {"L-1002"}),
        ({"q": "muller"}, {"L-1002"}),
        ({"q": "strassenbau"}, {"L-1002"}),
        ({"q": "weber", "qualified": "false"}, {"L-1005"}),
        ({"owner": "U-4"}, {"L-1001", "L-1002"}),
        ({"owner": "u-4"}, set()),
        ({"status": "disqualified"}, {"L-1003"}),
        ({"q": "L-broken"}, {"L-broken"}),
        ({"q": "Gone"}, set()),
        ({"q": "L-gone"}, set()),
        ({"q": "'; DROP TABLE lead_qualifier_leads; --"}, set()),
        ({"q": "%"}, set()),
        ({"q": "\u0000"}, set()),
    ],
)
def test_leads_are_found_by_what_people_know(query: dict[str, str], found: set[str], client: httpx.Client) -> None:
    body = client.get("/api/v1/leads", params=query).json()
    assert {one["lead_id"] for one in body["leads"]} == found


@pytest.mark.parametrize("lead_id", STRANGE_IDS)
def test_any_id_can_be_asked_for(lead_id: str, client: httpx.Client, document: dict[str, Any]) -> None:
    if lead_id == "..":  # clients take it for the folder above: it is found by `q`
        assert client.get("/api/v1/leads", params={"q": lead_id}).json()["leads"][0]["lead_id"] == lead_id
        return
    shown = check(document, client.get(lead_path(lead_id)), "/api/v1/leads/{lead_id}")
    assert shown["lead_id"] == lead_id
    explained = client.get(lead_path(lead_id, "/explanation"))
    assert check(document, explained, "/api/v1/leads/{lead_id}/explanation")["lead_id"] == lead_id


def test_a_lead_is_shown_with_all_about_it(client: httpx.Client, document: dict[str, Any]) -> None:
    body = check(document, client.get(lead_path("L-1001")), "/api/v1/leads/{lead_id}")
    assert body["attributes"] == {"name": "Anna Weber", "country": "DE", "revenue": 1_200_000}
    kinds = [one["kind"] for one in body["timeline"]]
    assert kinds == ["assigned", "qualified", "scored", "scored", "changed"]
    qualified = body["timeline"][1]
    assert qualified["changes"]["text"] == "status_reason new → marketing_qualified, sales_ready no → yes"
    assert qualified["criteria"][0] == {"code": "score_met", "text": "engagement 83 ≥ 70 met"}


@pytest.mark.parametrize(
    ("language", "code", "reason"),
    [
        ("en-GB", "en", "1 of 2 criteria met, 2 needed: engagement: 8.5 more"),
        ("fr, de;q=0.8, en;q=0.5", "de", "1 von 2 Kriterien erfüllt, nötig: 2. engagement: Es fehlen 8,5"),
    ],
)
def test_a_lead_is_explained_in_the_language_that_is_wanted(
    language: str, code: str, reason: str, client: httpx.Client, document: dict[str, Any]
) -> None:
    answer = client.get(lead_path("L-1002", "/explanation"), headers={"Accept-Language": language})
    body = check(document, answer, "/api/v1/leads/{lead_id}/explanation")
    assert answer.headers["content-language"] == code
    first, _, second = body["models"]
    assert (first["outcome"], first["reason"]["text"]) == ("criteria_not_met", reason)
    assert [one["met"] for one in first["criteria"]] == [False, True]
    assert second["outcome"] == "model_not_live"


def test_a_lead_that_has_not_changed_is_not_sent_again(client: httpx.Client) -> None:
    tag = client.get(lead_path("L-1001")).headers["etag"]
    again = client.get(lead_path("L-1001"), headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(lead_path("L-1002")).headers["etag"] != tag


@pytest.mark.parametrize(
    ("path", "described", "status", "code"),
    [
        ("/api/v1/leads/L-gone", "/api/v1/leads/{lead_id}", 404, "lead_not_found"),
        ("/api/v1/leads/%FF", "/api/v1/leads/{lead_id}", 400, "invalid_parameter"),
        ("/api/v1/leads?limit=0", "/api/v1/leads", 400, "invalid_parameter"),
        ("/api/v1/leads?limit=x", "/api/v1/leads", 400, "invalid_parameter"),
        ("/api/v1/leads?cursor=x", "/api/v1/leads", 400, "invalid_parameter"),
        ("/api/v1/leads?cursor=WzEsMl0", "/api/v1/leads", 400, "invalid_parameter"),
        ("/api/v1/leads?cursor=" + "W10" * 500, "/api/v1/leads", 400, "invalid_parameter"),
    ],
)
def test_what_is_wrong_is_a_problem(
    path: str, described: str, status: int, code: str, asked: tuple[httpx.Client, dict[str, Any]]
) -> None:
    client, document = asked
    answer = client.get(path)
    body = check(document, answer, described)
    assert (answer.status_code, body["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "body", "parameter", "detail"),
    [
        ("feature", "{", "body", "must be JSON"),
        ("feature", "[]", "body", "must be a JSON object"),
        ("feature", "{}", "lead_management", "is missing"),
        ("feature", '{"lead_management": 0}', "lead_management", "valid boolean"),
        ("feature", '{"lead_management": true, "leads": 1}', "leads", "is no field"),
        ("scoring-models/fit", '{"status": "live", "maximum": false}', "maximum", "valid number"),
        ("scoring-models/fit", '{"status": "live", "maximum": "7"}', "maximum", "valid number"),
    ],
)
def test_a_body_that_is_not_understood_changes_nothing(
    path: str, body: str, parameter: str, detail: str, client: httpx.Client
) -> None:
    before = client.get(f"/api/v1/{path}").json()
    answer = client.put(f"/api/v1/{path}", content=body, headers={"Content-Type": "application/json"})
    told = answer.json()
    assert (answer.status_code, told["code"], told["parameter"]) == (400, "invalid_parameter", parameter)
    assert detail in told["detail"]
    assert client.get(f"/api/v1/{path}").json() == before


def test_a_lead_that_cannot_be_read_says_what_to_do(client: httpx.Client, document: dict[str, Any]) -> None:
    for path in ("", "/explanation"):
        answer = client.get(lead_path("L-broken", path))
        assert answer.status_code == 500
        problem = check(document, answer, "/api/v1/leads/{lead_id}" + path)
        assert problem["code"] == "lead_unreadable"
        assert "they can be sent back" in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/api/v2", 404, None),
        ("POST", "/api/v1/leads", 405, "GET"),
        ("PATCH", "/api/v1/leads/L-1001", 405, "GET, DELETE"),
        ("OPTIONS", "/api/v1/dead-letters/replay", 405, "GET, POST"),
    ],
)
def test_an_address_that_is_not_there_is_a_problem(
    method: str, path: str, status: int, allowed: str | None, client: httpx.Client
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers.get("allow") == allowed
    assert ("Allow" if allowed else "openapi.json") in answer.json()["detail"]


@pytest.mark.parametrize(
    ("standing", "status", "body"),
    [
        (Standing(phase=Phase.FOLLOWING, behind=3), 200, {"status": "following", "behind": 3}),
        (
            Standing(phase=Phase.REBUILDING, behind=5, read=15, total=20, reason="why"),
            503,
            {"status": "rebuilding", "behind": 5, "percent": 75, "reason": "why"},
        ),
        (Standing(problem="Kafka is away"), 503, {"status": "waiting", "behind": 0, "problem": "Kafka is away"}),
    ],
)
def test_health_needs_no_session_and_says_why_to_those_who_have_one(
    standing: Standing, status: int, body: dict[str, Any], server: ConsoleServer, asked: Asked
) -> None:
    client, document = asked
    before, server.standing = server.standing, standing
    told = client.get("/api/v1/health")
    strangers = [
        httpx.get(f"{server.address}/api/v1/health", headers=one) for one in ({}, {"Authorization": "Bearer x"})
    ]
    server.standing = before
    assert [one.status_code for one in (told, *strangers)] == [status] * 3
    assert check(document, told, "/api/v1/health") == body
    assert [check(document, one, "/api/v1/health") for one in strangers] == [{"status": body["status"]}] * 2


def test_a_database_that_is_away_is_said_without_personal_data(tmp_path: Path) -> None:
    with ConsoleServer(tmp_path) as server, httpx.Client(base_url=server.address) as client:
        client.get(server.link)
        with server.database.transaction() as connection:
            connection.execute(text("DROP TABLE lead_qualifier_words"))
        answer = client.get("/api/v1/leads", params={"q": "Weber"})
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert client.get("/leads", params={"q": "Weber"}).status_code == 503


def test_what_no_worker_writes_hides_nothing_else(tmp_path: Path) -> None:
    early = qualification("L-1001", number=2) | {"occurred_at": "0001-01-01T00:00:00+14:00"}
    with ConsoleServer(tmp_path) as server, httpx.Client(base_url=server.address) as client:
        client.get(server.link)
        with server.database.transaction() as connection:
            connection.execute(
                text("UPDATE lead_qualifier_leads SET lead_id = x'ff' WHERE lead_id = CAST('M-000' AS BLOB)")
            )
            row = {"topic": QUALIFIED, "partition": 0, "offset": 999, "lead_id": b"L-1001", "timestamp_ms": 0}
            connection.execute(insert(events), [row | {"value": json.dumps(early).encode()}])
        assert "\ufffd" in {
            one["lead_id"] for one in client.get("/api/v1/leads", params={"limit": 200}).json()["leads"]
        }
        assert len(client.get(lead_path("L-1001")).json()["timeline"]) == 5
