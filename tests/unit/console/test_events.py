"""Events that are sent to the API: accepted as their topics' readers would accept them, or refused with what is wrong
and where.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from lead_qualifier.client.inbound.checking import TOPICS
from lead_qualifier.client.inbound.json_lines import line_of
from lead_qualifier.console.access.people import Person, Role
from lead_qualifier.console.api.events import MOST_BYTES, MOST_EVENTS
from lead_qualifier.messages.cloud_events import attributes_of
from lead_qualifier.messages.inputs import CHECKS
from lead_qualifier.messages.topics import LEAD_CHANGED
from lead_qualifier.services.topology import PUBLIC_INPUTS
from tests.support.console_server import ConsoleServer
from tests.support.openapi import check
from tools.schemas.examples import examples_of

STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
SCORE = {
    "event_id": "e-1",
    "lead_id": "Ünï/1",
    "scoring_model_id": "engagement",
    "score": 83.5,
    "occurred_at": "2026-11-23T09:30:00Z",
}


def event(data: Any = SCORE, topic: str = "lead-score-changed", **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "id-1",
        "source": "/engine",
        "type": f"lead-qualifier.{topic}",
        "data": data,
        **more,
    }


class Api:
    """Sends requests, and checks each answer against the API's document."""

    def __init__(self, server: ConsoleServer, client: httpx.Client, document: dict[str, Any]) -> None:
        self.topics = server.topics
        self._client = client
        self._document = document

    def post(self, content: Any, headers: dict[str, str]) -> httpx.Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        answer = self._client.post("/api/v1/events", content=body, headers=headers)
        check(self._document, answer, "/api/v1/events")
        return answer

    def erase(self, lead_id: str) -> httpx.Response:
        answer = self._client.delete(f"/api/v1/leads/{lead_id}")
        check(self._document, answer, "/api/v1/leads/{lead_id}")
        return answer


@pytest.fixture
def api(server: ConsoleServer, client: httpx.Client, document: dict[str, Any]) -> Api:
    server.topics.records.clear()
    server.topics.away = None
    return Api(server, client, document)


def test_every_public_input_has_the_check_of_its_reader() -> None:
    assert set(CHECKS) == set(PUBLIC_INPUTS) == set(TOPICS.values())


@pytest.mark.parametrize("topic", PUBLIC_INPUTS, ids=lambda topic: topic.name)
def test_the_examples_of_every_public_input_are_accepted(api: Api, topic: Any) -> None:
    examples = [one.value for one in examples_of(topic.name) if one.value is not None]
    answer = api.post([event(one, topic.name) for one in examples], BATCH)
    assert answer.status_code == 202, answer.text
    assert [json.loads(one.value or b"") for one in api.topics.records] == examples
    for record, example in zip(api.topics.records, examples, strict=True):
        assert record.key.decode() in example.values()
        CHECKS[topic](record.key, record.value or b"")


@pytest.mark.parametrize("mode", ["structured", "base64", "binary", "batch"])
def test_every_mode_makes_the_same_record(api: Api, mode: str) -> None:
    value = json.dumps(SCORE, indent=1, ensure_ascii=False).encode()
    given = event(subject="Ünï/1", time="2026-11-23T09:30:00Z", traceparent="00-0af7", number=7, flag=True, none=None)
    match mode:
        case "binary":
            ce = {f"ce-{name}": str(one) for name, one in given.items() if name not in {"data", "none", "flag"}}
            ce |= {"ce-subject": "%C3%9Cn%C3%AF/1", "ce-flag": "true", "content-type": "application/json"}
            answer = api.post(value, ce)
        case "base64":
            del given["data"]
            given["data_base64"] = base64.b64encode(value).decode()
            answer = api.post(given, STRUCTURED)
        case _:
            text = json.dumps(given | {"data": 0}).replace('"data": 0', f'"data": {value.decode()}')
            answer = api.post(
                (text if mode == "structured" else f"[{text}]").encode(), STRUCTURED if mode == "structured" else BATCH
            )
    assert answer.status_code == 202, answer.text
    assert answer.json() == {
        "events": [
            {
                "event": 0,
                "id": "id-1",
                "status": "accepted",
                "topic": "lead-score-changed",
                "partition": 0,
                "offset": 0,
            }
        ]
    }
    (record,) = api.topics.records
    assert (record.topic.name, record.key, record.value) == ("lead-score-changed", "Ünï/1".encode(), value)
    headers = dict(record.headers)
    assert headers["ce_traceparent"] == b"00-0af7"
    assert (headers["ce_number"], headers["ce_flag"], "ce_none" in headers) == (b"7", b"true", False)
    assert attributes_of(record.value, record.headers).subject == "Ünï/1"


@pytest.mark.parametrize(
    ("wrong", "path", "detail"),
    [
        (event(SCORE | {"score": "83"}), "data.score", "score must be a number"),
        (event(SCORE | {"occurred_at": "2199-01-01T00:00:00Z"}), "data.occurred_at", "ahead"),
        (event({}, "lead-changed"), "data.event_id", "event_id is missing"),
        (
            event(SCORE | {"attributes": {"a": [1]}}, "lead-changed"),
            "data.attributes.a",
            "attributes.a must be",
        ),
        (event([1]), "data", "must be"),
        (event(topic="lead-scored"), "type", "did you mean lead-qualifier.lead-"),
        (event(topic="lead-qualified"), "type", "no input has this type"),
        (event() | {"specversion": "0.3"}, "specversion", "1.0"),
        (event() | {"id": ""}, "id", "missing"),
        (event() | {"source": {}}, "source", "must be text"),
        (event() | {"id": 7}, "id", "must be text"),
        (event() | {"datacontenttype": "text/xml"}, "datacontenttype", "application/json"),
        (event() | {"Camel": "x"}, "Camel", "lowercase"),
        ({name: one for name, one in event().items() if name != "data"}, "data", "data is missing"),
        (event(None, "lead-changed"), "data", "must"),
        (event() | {"data_base64": "e30="}, "data_base64", "exclude"),
        (3, "", "JSON object"),
    ],
)
def test_one_wrong_event_keeps_back_the_batch(api: Api, wrong: Any, path: str, detail: str) -> None:
    answer = api.post(json.dumps([event(), wrong], indent=2).encode(), BATCH)
    problem = answer.json()
    assert (answer.status_code, problem["code"], api.topics.records) == (422, "invalid_events", [])
    right, fault = problem["events"]
    assert right == {"event": 0, "id": "id-1", "status": "not_sent"}
    assert fault["path"] == "$[1]" + (f".{path}" if path else "")
    assert detail in fault["detail"]
    line = json.dumps([event(), wrong], indent=2).splitlines()[fault["line"] - 1]
    assert f'"{path.rpartition(".")[2]}"' in line or fault["line"] > 12


def test_what_is_wrong_is_named_by_header_or_path_in_binary_mode(api: Api) -> None:
    given = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/e", "ce-type": "lead-qualifier.lead-score-changed"}
    (fault,) = api.post(b'{\n"score": true}', given).json()["events"]
    assert (fault["path"], fault["line"]) == ("$.event_id", 1)
    (fault,) = api.post(SCORE, given | {"ce-type": "x"}).json()["events"]
    assert (fault["path"], "line" in fault) == ("ce-type", False)
    (fault,) = api.post(b"", given).json()["events"]
    assert fault["detail"] == "data is missing"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ('"a"', "a"),
        (r'"a \"b\" \\ c"', r'a "b" \ c'),
        ('"%C3%9C%22"', 'Ü"'),
        ("%22a%22", '"a"'),
        (r'"\%41"', "A"),
        ('"a', '"a'),
        ('a"b"', 'a"b"'),
        (r'"a\"', r'"a\"'),
        (r"a\b", r"a\b"),
    ],
)
def test_a_header_in_double_quotes_is_unquoted(api: Api, header: str, said: str) -> None:
    given = {"ce-specversion": '"1.0"', "ce-source": "/e", "ce-type": '"lead-qualifier.lead-score-changed"'}
    answer = api.post(SCORE, given | {"ce-id": header})
    assert (answer.status_code, answer.json()["events"][0]["id"]) == (202, said), answer.text
    assert dict(api.topics.records[0].headers)["ce_id"] == said.encode()


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b"\xff\xfe[\0]\0", b'["\xff"]', b"[" * 9_999, b"\0\0\0\0\1{}"])
def test_a_body_that_is_no_batch_is_told(api: Api, body: bytes) -> None:
    answer = api.post(body, BATCH)
    assert answer.status_code == 422, answer.text
    assert answer.json()["events"][0]["detail"].startswith("the body ")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/json"},
        {"content-type": "application/cloudevents+xml"},
        {"content-type": "text/plain", "ce-specversion": "1.0"},
    ],
)
def test_other_modes_are_refused(api: Api, headers: dict[str, str]) -> None:
    answer = api.post(SCORE, headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_limits(api: Api) -> None:
    assert api.post([], BATCH).json() == {"events": []}
    assert api.post([event()] * MOST_EVENTS, BATCH).status_code == 202
    assert api.post([event()] * (MOST_EVENTS + 1), BATCH).status_code == 413
    assert api.post(b" " * (MOST_BYTES + 1), BATCH).status_code == 413
    assert api.post(b"[" + b"{}," * 2_000_000 + b"{}]", BATCH).status_code == 413
    answer = api.post(event(SCORE | {"more": "x" * (1 << 20)}), STRUCTURED)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_lines_are_looked_for_in_the_first_faults_only(api: Api) -> None:
    told = api.post([event(SCORE | {"score": "x"})] * 30, BATCH).json()["events"]
    assert ["line" in one for one in told] == [True] * 20 + [False] * 10
    assert {one["path"] for one in told} == {f"$[{number}].data.score" for number in range(30)}


def test_a_name_of_many_digits_is_told(api: Api) -> None:
    answer = api.post(event() | {"1" * 5000: "x"}, STRUCTURED)
    assert answer.status_code == 422


def test_a_broker_that_is_away_is_told_with_when_to_send_again(api: Api) -> None:
    api.topics.away = 0
    answer = api.post(event(), STRUCTURED)
    assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    api.topics.away = 1
    answer = api.post([event(), event()], BATCH)
    assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable")
    assert [one["status"] for one in answer.json()["events"]] == ["accepted", "not_sent"]
    assert int(answer.headers["retry-after"]) > 0


def test_erasing_a_lead_sends_a_record_without_value(api: Api) -> None:
    assert api.erase("%C3%9Cn%C3%AF%2F1").status_code == 202
    (record,) = api.topics.records
    assert (record.topic, record.key, record.value) == (LEAD_CHANGED, "Ünï/1".encode(), None)
    assert api.erase("%FF").status_code == 400


def test_it_takes_an_operator(document: dict[str, Any], tmp_path: Path) -> None:
    others = {*Role} - {Role.OPERATOR}
    with ConsoleServer(tmp_path, roles=others) as server, server.client() as client:
        api = Api(server, client, document)
        assert api.post(event(), STRUCTURED).status_code == 403
        assert api.erase("L-1001").status_code == 403
        assert server.topics.records == []


def test_an_event_takes_the_role_that_the_route_for_the_same_takes(
    server: ConsoleServer, document: dict[str, Any]
) -> None:
    of_administrators = {"scoring-model-changed", "lead-sales-response"}
    for role in Role:
        with server.client(Person("U-9", "", frozenset({Role.OPERATOR, role}))) as client:
            api = Api(server, client, document)
            for topic in PUBLIC_INPUTS:
                server.topics.records.clear()
                example = next(one.value for one in examples_of(topic.name) if one.value is not None)
                answer = api.post([event(), event(example, topic.name)], BATCH)
                if role is Role.ADMINISTRATOR or topic.name not in of_administrators:
                    assert (answer.status_code, len(server.topics.records)) == (202, 2)
                else:
                    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
                    assert f"To send {topic.name} also takes the role administrator" in answer.json()["detail"]
                    assert server.topics.records == []


@pytest.mark.parametrize(
    ("path", "line"),
    [([], 1), ([0], 2), ([1], 4), ([1, "b"], 7), ([1, "b", 1], 9), ([1, "a\nb"], 5), ([1, "c"], 4), ([7], 1)],
)
def test_the_line_of_a_value(path: list[str | int], line: int) -> None:
    text = '[\n {"b": "[{\\"a\\"",\n  "x": {}},\n {\n  "a\\nb": [1, 2],\n  "b":\n  [0,\n\n  {"b":\n 1}]\n }\n]'
    assert line_of(text, path) == line
