"""Models, scoring models, the feature switch and the audit trails by API; a worker decides by the real rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.client.errors import AnnouncedLater, CommandUnanswered
from lead_qualifier.console.access.people import Role
from lead_qualifier.console.api.audit_routes import Kind
from lead_qualifier.console.read_model.audit_trail import TRAIL_KINDS
from tests.support.console_server import ConsoleServer
from tests.support.list_pages import pages
from tests.support.messages import model
from tests.support.openapi import check

API = "/api/v1"
YAML = """\
id: nurture
match: any
criteria:
  - {scoring_model: engagement, threshold: 40}
actions: {sales_ready: true}
"""


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[httpx.Client]:
    """For what changes something."""
    with ConsoleServer(tmp_path) as running, running.client() as client:
        yield client


def described(client: httpx.Client, answer: httpx.Response, path: str) -> Any:
    """The body of an answer that the document describes for this path."""
    return check(client.get(f"{API}/openapi.json").json(), answer, API + path)


def apply(client: httpx.Client, text: str, model_id: str = "nurture", **headers: str) -> httpx.Response:
    return client.put(f"{API}/models/{model_id}", content=text, headers=headers)


def test_a_model_lives_from_text_to_live_and_back(fresh: httpx.Client) -> None:
    applied = apply(fresh, YAML)
    assert described(fresh, applied, "/models/{model_id}")["code"] == "applied"
    published = fresh.post(f"{API}/models/nurture/publish", headers={"If-Match": applied.headers["etag"]})
    assert described(fresh, published, "/models/{model_id}/publish")["version"] == 1
    shown = fresh.get(f"{API}/models/nurture")
    body = described(fresh, shown, "/models/{model_id}")
    assert (body["status"], body["changed_by"], body["criteria"]) == (
        "live",
        "U-4 (Erika Beispiel)",
        "engagement ≥ 40",
    )
    assert shown.headers["etag"] == published.headers["etag"]
    assert apply(fresh, YAML.replace("40", "45")).json()["code"] == "model_live"
    drafted = fresh.put(f"{API}/models/nurture?draft=true", content=YAML.replace("40", "45"))
    assert drafted.json()["code"] == "applied"
    draft = fresh.get(f"{API}/models/nurture/draft")
    assert described(fresh, draft, "/models/{model_id}/draft")["definition"]["criteria"][0]["threshold"] == 45
    diff = fresh.get(f"{API}/models/nurture/diff", params={"before": "1"})
    told = described(fresh, diff, "/models/{model_id}/diff")
    assert told["changes"] == [{"field": "criteria.0.threshold", "before": 40, "after": 45}]
    assert "-- {scoring_model: engagement, threshold: 40}" in told["lines"]
    for enabled, code in (("true", "shadow_on"), ("false", "shadow_off")):
        shadow = fresh.post(f"{API}/models/nurture/shadow", params={"enabled": enabled})
        assert described(fresh, shadow, "/models/{model_id}/shadow")["code"] == code
    replaced = fresh.post(f"{API}/models/nurture/publish", params={"replace": "true"})
    assert replaced.json()["version"] == 2
    stopped = fresh.post(f"{API}/models/nurture/stop")
    assert described(fresh, stopped, "/models/{model_id}/stop")["code"] == "stopped"
    assert described(fresh, fresh.delete(f"{API}/models/nurture"), "/models/{model_id}")["code"] == "deleted"
    assert fresh.get(f"{API}/models/nurture").json()["code"] == "unknown_model"
    history = described(fresh, fresh.get(f"{API}/models/nurture/history"), "/models/{model_id}/history")
    assert [(one["version"], one.get("ended")) for one in history["versions"]] == [(1, "replaced"), (2, "stopped")]


def test_models_are_listed_with_what_ails_them(client: httpx.Client) -> None:
    body = described(client, client.get(f"{API}/models"), "/models")
    told = {one["qualification_model_id"]: one for one in body["models"]}
    assert list(told) == ["enterprise", "renewal", "webinar"]
    assert (told["renewal"]["degraded"], told["renewal"]["in_shadow"]) == (["fit"], True)
    assert "changed_at" not in told["renewal"]


def test_a_model_is_a_file_to_edit_and_apply(client: httpx.Client) -> None:
    shown = client.get(f"{API}/models/enterprise", headers={"Accept": "application/yaml"})
    assert shown.headers["content-type"].startswith("application/yaml")
    assert "- {scoring_model: engagement, threshold: 70}" in shown.text
    assert client.put(f"{API}/models/enterprise?draft=true", content=shown.text).json()["code"] == "unchanged"


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "is unknown: did you mean threshold?"), ("de", "ist unbekannt: Meinten Sie threshold?")],
)
def test_what_is_wrong_with_a_definition_is_told_by_line(language: str, text: str, client: httpx.Client) -> None:
    answer = apply(client, YAML.replace("threshold", "treshold"), **{"Accept-Language": language})
    body = described(client, answer, "/models/{model_id}")
    assert (answer.status_code, body["code"]) == (422, "invalid_model")
    assert {"field": "criteria.0.treshold", "line": 4, "code": "unknown", "text": text} in body["problems"]


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("", 1, "empty_model_file"),
        ("id: [", 1, "not_yaml"),
        (YAML.replace("nurture", "other"), 1, "id_differs"),
        ("\n" * 300_000, 1, "file_too_large"),
        ("\xff", 1, "must_be_model"),
    ],
)
def test_a_text_that_is_no_definition_of_the_model_is_refused(
    text: str, line: int, code: str, client: httpx.Client
) -> None:
    answer = apply(client, text)
    assert answer.status_code == 422
    assert [(one["line"], one["code"]) for one in answer.json()["problems"]] == [(line, code)]


def test_a_threshold_that_no_score_can_meet_is_told_by_line(client: httpx.Client) -> None:
    answer = apply(client, YAML.replace("40", "140"), **{"Accept-Language": "de"})
    assert (answer.status_code, answer.json()["code"]) == (422, "threshold_above_maximum")
    [problem] = answer.json()["problems"]
    assert (problem["line"], problem["field"]) == (4, "criteria.0.threshold")
    assert "140 liegt über 100" in problem["text"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code", "detail"),
    [
        ("POST", "/models/nobody/publish", {}, 404, "unknown_model", ""),
        ("POST", "/models/enterprise/publish", {}, 409, "model_live", "ist bereits live"),
        ("DELETE", "/models/enterprise", {}, 409, "model_live", "enterprise ist live: zuerst anhalten"),
        ("POST", "/models/webinar/stop", {}, 409, "model_not_live", "ist nicht live"),
        ("POST", "/models/webinar/publish", {}, 409, "scoring_model_not_live", "attendance ist unbekannt"),
        ("POST", "/models/enterprise/stop", {"If-Match": '"3"'}, 412, "stale_revision", "hat Revision 4"),
        ("POST", "/models/enterprise/stop", {"If-Match": "x"}, 400, "invalid_parameter", "ETag"),
        ("POST", "/models/enterprise/stop", {"If-Match": "x", "If-None-Match": "*"}, 400, "invalid_parameter", "ETag"),
        ("GET", "/models/enterprise/draft", {}, 404, "no_such_version", ""),
        ("GET", "/models/enterprise/diff?before=9&after=3", {}, 404, "no_such_version", ""),
        ("GET", "/models/enterprise/diff?before=x&after=3", {}, 400, "invalid_parameter", ""),
        ("GET", "/models/nobody/history", {}, 404, "unknown_model", ""),
        ("GET", "/scoring-models/nobody", {}, 404, "unknown_scoring_model", ""),
    ],
)
def test_what_is_refused_is_a_problem_with_its_code(  # noqa: PLR0917  a row of the table
    method: str, path: str, headers: dict[str, str], status: int, code: str, detail: str, client: httpx.Client
) -> None:
    answer = client.request(method, API + path, headers={"Accept-Language": "de", **headers})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert detail in answer.json()["detail"]


def test_a_new_model_can_be_asked_not_to_overwrite_another(fresh: httpx.Client) -> None:
    once = {"If-None-Match": "*"}
    assert apply(fresh, YAML, **once).status_code == 200
    assert apply(fresh, YAML.replace("40", "50"), **once).status_code == 412


def test_the_same_key_is_the_same_command(fresh: httpx.Client) -> None:
    key = {"Idempotency-Key": "k-1"}
    first, again = apply(fresh, YAML, **key), apply(fresh, YAML, **key)
    assert (first.json()["command_id"], again.json()["repeated"]) == ("k-1", True)
    assert first.json()["revision"] == again.json()["revision"]


def test_a_definition_can_be_sent_as_json(fresh: httpx.Client) -> None:
    answer = fresh.put(f"{API}/models/nurture", json=model("nurture", "all", {"engagement": 1}))
    assert answer.json()["code"] == "applied"


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN)), 503, "broker_unavailable"),
        (CommandUnanswered("no worker answered within 1 s"), 504, "no_answer"),
        (AnnouncedLater("engagement was announced for later"), 409, "announced_later"),
    ],
)
def test_what_goes_wrong_on_the_way_is_told(
    failure: Exception, status: int, code: str, client: httpx.Client, server: ConsoleServer
) -> None:
    server.worker.failure = failure
    answer = client.put(f"{API}/scoring-models/engagement", json={"status": "live"})
    body = described(client, answer, "/scoring-models/{scoring_model_id}")
    assert (answer.status_code, body["code"]) == (status, code)


def test_a_scoring_model_is_announced_and_keeps_what_is_not_said(fresh: httpx.Client) -> None:
    def put(**setting: Any) -> Any:
        answer = fresh.put(f"{API}/scoring-models/a%2Fb", json=setting)
        return described(fresh, answer, "/scoring-models/{scoring_model_id}")

    assert put(status="live", name="A or B", maximum=10)["maximum"] == 10
    told = put(status="stopped")
    assert (told["status"], told["name"], told["maximum"]) == ("stopped", "A or B", 10)
    assert "maximum" not in put(status="stopped", maximum=None)
    listed = described(fresh, fresh.get(f"{API}/scoring-models"), "/scoring-models")["scoring_models"]
    assert [one["scoring_model_id"] for one in listed] == ["a/b", "demographic", "engagement", "fit"]
    assert listed[2]["used_by"] == ["enterprise"]
    assert fresh.put(f"{API}/scoring-models/x", json={"status": "gone"}).status_code == 400


def test_lead_management_is_switched(fresh: httpx.Client) -> None:
    shown = fresh.get(f"{API}/feature")
    assert described(fresh, shown, "/feature")["lead_management"] is True
    off = fresh.put(f"{API}/feature", json={"lead_management": False}, headers={"If-Match": shown.headers["etag"]})
    assert described(fresh, off, "/feature")["code"] == "disabled"
    assert fresh.get(f"{API}/feature").json()["changed_by"] == "U-4 (Erika Beispiel)"
    stale = fresh.put(f"{API}/feature", json={"lead_management": True}, headers={"If-Match": shown.headers["etag"]})
    assert stale.json()["code"] == "stale_revision"
    apply(fresh, YAML)
    refused = fresh.post(f"{API}/models/nurture/publish", headers={"Accept-Language": "de"}).json()
    assert refused["code"] == "lead_management_off"
    assert "Leadverwaltung" in refused["detail"]


def test_the_audit_trails_tell_who_did_what(fresh: httpx.Client) -> None:
    fresh.post(f"{API}/models/enterprise/stop")
    body = described(fresh, fresh.get(f"{API}/audit", params={"limit": 3}), "/audit")
    first = body["entries"][0]
    assert (first["kind"], first["id"], first["command"], first["outcome"], first["issued_by"]) == (
        "model",
        "enterprise",
        "stop",
        "accepted",
        "U-4 (Erika Beispiel)",
    )
    assert len(body["entries"]) == 2, "a record that is not JSON is left out"
    got = [one for page in pages(fresh, f"{API}/audit", limit=2) for one in page.json()["entries"]]
    assert got == fresh.get(f"{API}/audit", params={"limit": 200}).json()["entries"]
    assert len(got) > 9


def test_the_audit_trails_are_filtered(fresh: httpx.Client) -> None:
    def commands(**query: str) -> list[str]:
        return [one["command"] for one in fresh.get(f"{API}/audit", params=query).json()["entries"]]

    assert commands(kind="feature") == ["enable"]
    assert commands(kind="journey") == ["apply"]
    assert commands(kind="scoring-model") == ["announce"]
    assert commands(outcome="refused") == ["delete", "publish"]
    assert commands(id="engagement") == ["announce"]
    assert commands(kind="model", id="engagement") == []
    assert {*get_args(Kind)} == {*TRAIL_KINDS}
    assert fresh.get(f"{API}/audit", params={"kind": "models"}).json()["parameter"] == "kind"


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "WzEsIDIsIDNd"])
def test_a_cursor_of_no_page_is_refused(cursor: str, client: httpx.Client) -> None:
    assert client.get(f"{API}/audit", params={"cursor": cursor}).json()["code"] == "invalid_parameter"


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.VIEWER, set()),
        (Role.MARKETER, {"apply", "publish", "stop", "delete", "shadow"}),
        (Role.ADMINISTRATOR, {"feature", "scoring model"}),
        (Role.OPERATOR, set()),
    ],
)
def test_each_role_may_do_what_is_its_own(role: Role, allowed: set[str], tmp_path: Path) -> None:
    with ConsoleServer(tmp_path, roles=[role]) as server, server.client() as client:
        answers = {
            "apply": apply(client, YAML),
            "publish": client.post(f"{API}/models/enterprise/publish"),
            "stop": client.post(f"{API}/models/webinar/stop"),
            "delete": client.delete(f"{API}/models/enterprise"),
            "shadow": client.post(f"{API}/models/enterprise/shadow"),
            "feature": client.put(f"{API}/feature", json={"lead_management": True}),
            "scoring model": client.put(f"{API}/scoring-models/x", json={"status": "live"}),
        }
    assert {name for name, answer in answers.items() if answer.status_code != 403} == allowed
