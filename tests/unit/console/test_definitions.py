"""Definitions by the API: what is wrong with a text, and what becomes of commands on them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.console.access.people import Role
from lead_qualifier.messages.definition_writing import yaml_lines
from tests.support.console_sales_force import FIRST_CALL, INSIDE_SALES, REACT_FAST, WELCOME
from tests.support.console_server import ConsoleServer

OF_KINDS = {"journey": WELCOME, "sequence": FIRST_CALL, "assignment": INSIDE_SALES, "follow-up": REACT_FAST}


def address(kind: str, definition_id: str, more: str = "") -> str:
    return f"/api/v1/definitions/{kind}/{definition_id}{more}"


def text(definition: dict[str, Any]) -> bytes:
    return "\n".join(yaml_lines(definition)).encode()


@pytest.mark.parametrize("kind", OF_KINDS)
def test_a_definition_of_each_kind_goes_through_its_life(kind: str, client: httpx.Client) -> None:
    definition, where = {**OF_KINDS[kind], "id": "n/1 ü"}, address(kind, "n%2F1%20%C3%BC")
    if kind == "assignment":
        definition["models"] = ["webinar"]  # another takes those of all models
        client.post(address(kind, "inside-sales", "/stop"))
    applied = client.put(where, content=text(definition))
    assert (applied.status_code, applied.json()["code"]) == (200, "applied"), applied.text
    shown = client.get(where)
    assert shown.json()["definition"] == definition
    assert shown.json()["status"] == "draft"
    published = client.post(where + "/publish", headers={"If-Match": applied.headers["etag"]})
    assert (published.json()["code"], published.json()["version"]) == ("published", 1)
    refused = client.put(where, content=text(definition | {"name": "Other"}), headers={"Accept-Language": "de"})
    assert (refused.status_code, refused.json()["code"]) == (409, "definition_live")
    assert refused.json()["detail"] == "n/1 ü ist live: zuerst anhalten, oder die Änderung als Entwurf speichern"
    assert client.put(where, params={"draft": True}, content=text(definition | {"name": "Other"})).status_code == 200
    listed = client.get(f"/api/v1/definitions/{kind}").json()["definitions"]
    assert [one["has_draft"] for one in listed if one["id"] == "n/1 ü"] == [True]
    assert client.post(where + "/publish", params={"replace": True}).json()["message"].endswith("replacing version 1")
    assert client.post(where + "/stop").json()["code"] == "stopped"
    assert client.delete(where).json()["code"] == "deleted"
    assert client.get(where).status_code == 404
    versions = client.get(where + "/history").json()["versions"]
    assert [(one["version"], one["published_by"], one["ended"]) for one in versions] == [
        (2, "U-4 (Erika Beispiel)", "stopped"),
        (1, "U-4 (Erika Beispiel)", "replaced"),
    ]


@pytest.mark.parametrize(
    ("kind", "content", "language", "problems"),
    [
        ("follow-up", "id: x\nstages:\n  - on: lead-assigned\n", "en", [(3, "stages.0.within", "is missing: add it")]),
        (
            "journey",
            "id: x\ntrigger: {event: lead-qualified}\nreentry: {policy: never, after: 7d}\n",
            "en",
            [(3, "reentry", "after goes with policy: after only, as in {policy: after, after: 7d}")],
        ),
        (
            "sequence",
            "id: x\nsteps:\n  - {id: a, kind: task}\n  - {id: b, kind: advance, to: first-cal}\n",
            "de",
            [(4, "steps.1.to", "nennt first-cal, das ist keine Sequenz: Meinten Sie first-call?")],
        ),
        (
            "assignment",
            "id: x\nsegments:\n- id: s\n  priority: 1\n  rules: [{id: r, sellers: {ids: [S-11]}}]\n",
            "en",
            [(5, "segments.0.rules.0.sellers.ids.0", "there is no seller S-11: did you mean S-1?")],
        ),
        ("sequence", "id: [", "en", [(1, "", None)]),
        (
            "follow-up",
            "id: other\nstages: [{on: lead-assigned, within: 4h}]\n",
            "en",
            [(1, "id", "must be x, as the command says")],
        ),
    ],
    ids=["missing field", "journey", "unknown sequence", "unknown seller", "no YAML", "another id"],
)
def test_what_is_wrong_with_a_text_stands_at_its_line(  # noqa: PLR0917  a row of the table
    kind: str,
    content: str,
    language: str,
    problems: list[tuple[int, str, str | None]],
    client: httpx.Client,
    server: ConsoleServer,
) -> None:
    before = server.worker.services.sent
    answer = client.put(address(kind, "x"), content=content.encode(), headers={"Accept-Language": language})
    assert answer.status_code == 422
    found = [(one["line"], one["field"], one["text"]) for one in answer.json()["problems"]]
    assert [one[:2] for one in found] == [one[:2] for one in problems]
    assert [one[2] for one in found] == [told[2] or one[2] for one, told in zip(found, problems, strict=True)]
    assert server.worker.services.sent == before


def test_a_stale_revision_is_refused(client: httpx.Client) -> None:
    answer = client.post(address("journey", "welcome", "/stop"), headers={"If-Match": '"2"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_revision")
    wrong = client.post(address("journey", "welcome", "/stop"), headers={"If-Match": "two"})
    assert (wrong.status_code, wrong.json()["parameter"]) == (400, "If-Match")


def test_a_command_that_is_sent_again_changes_nothing(client: httpx.Client) -> None:
    once, again = (
        client.put(
            address("journey", "again"), content=text(WELCOME | {"id": "again"}), headers={"Idempotency-Key": "k"}
        )
        for _ in range(2)
    )
    assert once.json()["revision"] == again.json()["revision"]
    assert (once.json()["code"], again.json()["code"]) == ("applied", "applied")


def test_conflicts_with_what_is_live_are_told_field_by_field(client: httpx.Client) -> None:
    where = address("assignment", "second")
    client.post(address("assignment", "inside-sales", "/publish"))
    assert client.put(where, content=text(INSIDE_SALES | {"id": "second"})).status_code == 200
    refused = client.post(where + "/publish", headers={"Accept-Language": "de"}).json()
    assert [one["field"] for one in refused["problems"]] == ["models"]
    assert refused["problems"][0]["text"].startswith("inside-sales ist live")


def test_a_broker_that_is_away_is_told(client: httpx.Client, server: ConsoleServer) -> None:
    server.worker.failure = KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    answer = client.post(address("journey", "welcome", "/stop"))
    assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable")


def test_who_may_only_look_changes_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    with ConsoleServer(tmp_path_factory.mktemp("viewer"), roles=[Role.VIEWER]) as server, server.client() as client:
        assert client.get("/api/v1/definitions/journey").status_code == 200
        for answer in (
            client.put(address("journey", "welcome"), content=text(WELCOME)),
            client.post(address("journey", "welcome", "/stop")),
            client.delete(address("journey", "welcome")),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        assert server.worker.services.sent == 0
