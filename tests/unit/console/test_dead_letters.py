"""Dead letters in the console: held as long as their topics and their leads are, masked until asked for, sent back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from lead_qualifier.client.dead_letters import ReplayStatus
from lead_qualifier.console.access.people import Role
from lead_qualifier.console.api.dead_letter_values import MASK, shown_value
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.console.read_model.tables import dead_letters as table
from lead_qualifier.console.read_model.tables import erasures
from lead_qualifier.qualification.leads import Erased, Lead
from tests.support.console_dead_letters import SERVICES, WORKERS, bury, held
from tests.support.console_records import NAMES, STATE, STRANGE_IDS, TOPICS, RecordLog, minutes, project, sqlite_url
from tests.support.console_server import ConsoleServer
from tests.support.openapi import check

PATH = "/api/v1/dead-letters"
NEWEST = f"{WORKERS}:0:0"


class Api:
    """Asks, and checks each answer against the API's document."""

    def __init__(self, server: ConsoleServer, client: httpx.Client, document: dict[str, Any]) -> None:
        self.letters = server.letters
        self._client = client
        self._document = document

    def find(self, **parameters: Any) -> dict[str, Any]:
        return self._checked(self._client.get(PATH, params=parameters), PATH, 200)

    def show(self, letter_id: str, status: int = 200, **parameters: Any) -> dict[str, Any]:
        answer = self._client.get(f"{PATH}/{letter_id}", params=parameters)
        return self._checked(answer, f"{PATH}/{{dead_letter_id}}", status)

    def replay(self, *ids: str, status: int = 200, **more: Any) -> dict[str, Any]:
        answer = self._client.post(f"{PATH}/replay", json={"ids": ids, **more})
        return self._checked(answer, f"{PATH}/replay", status)

    def _checked(self, answer: httpx.Response, path: str, status: int) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        return dict(check(self._document, answer, path))


@pytest.fixture(scope="module")
def api(server: ConsoleServer, client: httpx.Client, document: dict[str, Any]) -> Api:
    return Api(server, client, document)


def test_they_are_found_newest_first_by_what_the_command_line_filters_by(api: Api) -> None:
    found = api.find(limit=2)
    assert held(found)[0] == NEWEST
    assert found["dead_letters"][0] | {"at": None} == {
        "id": NEWEST,
        "at": None,
        "topic": "lead-score-changed",
        "topic_partition": 3,
        "topic_offset": 918,
        "key": "L-1001",
        "reason": "score must be a number, found text",
    }
    every, cursor = held(found), found["next_cursor"]
    while cursor:
        found = api.find(limit=7, cursor=cursor)
        every += held(found)
        cursor = found.get("next_cursor")
    assert len(every) == len(set(every)) == 67
    assert len(held(api.find(reason="FOUND NULL", limit=200))) == 60
    assert held(api.find(key="L-1001")) == [NEWEST, f"{SERVICES}:0:0"]
    assert held(api.find(key="L-1001", source=SERVICES, topic="lead-qualified")) == [f"{SERVICES}:0:0"]
    assert held(api.find(key=STRANGE_IDS[6]))
    assert held(api.find(topic="lead-changed")) == []


def test_what_it_holds_is_masked_until_it_is_asked_for(api: Api) -> None:
    masked = api.show(NEWEST)
    assert masked["masked"]
    assert json.loads(masked["value"]["text"]) == dict.fromkeys(("event_id", "lead_id", "score", "note"), MASK)
    assert masked["headers"][0]["content"]["text"] == "application/json"
    with capture_logs() as logs:
        revealed = api.show(NEWEST, reveal=True)
    assert json.loads(revealed["value"]["text"])["score"] == "eighty"
    assert [one for one in logs if one["event"] == "dead_letter_revealed"] == [
        {"event": "dead_letter_revealed", "log_level": "info", "dead_letter": NEWEST, "subject": "U-4"}
    ]


def test_every_kind_of_content_can_be_looked_into(api: Api) -> None:
    shown = {one: api.show(one, reveal=True) for one in held(api.find(limit=200)) if not one.endswith("0:0")}
    by_reason = {one["reason"]: one for one in shown.values()}
    keyless = by_reason["the record has no key"]
    assert "value" not in keyless
    assert [(one["name"], one.get("content", {}).get("text")) for one in keyless["headers"]] == [
        ("trace", None),
        ("person", "Anna"),
    ]
    assert api.show(keyless["id"])["headers"][1]["content"] == {"kind": "text", "size": 4}
    binary = by_reason["the record has a key that is not its lead_id"]
    assert (binary["key_base64"], binary["value"]) == ("//4=", {"kind": "base64", "text": "//4A", "size": 3})
    cut = next(one for one in shown.values() if one.get("key") == "L-1002")
    assert (cut["whole"], cut["sendable"], cut["value"]["size"], len(cut["value"]["text"])) == (
        False,
        True,
        200_000,
        65_536,
    )
    assert api.show(NEWEST.replace(":", "%3A"))["id"] == NEWEST
    truncated = next(one for one in shown.values() if one.get("key") == "L-1003")
    assert not truncated["sendable"]


@pytest.mark.parametrize(
    "letter_id", ["lead-dead-letters:0:999", "lead-state:0:0", "x", "lead-dead-letters:9999999999:1"]
)
def test_one_that_is_not_held(api: Api, letter_id: str) -> None:
    assert api.show(letter_id, status=404)["code"] == "dead_letter_not_found"


def test_they_are_sent_back_once_and_each_outcome_is_told(api: Api) -> None:
    keyless, truncated = (held(api.find(reason=one))[0] for one in ("has no key", "too much"))
    other = f"{SERVICES}:0:0"
    said = api.replay(NEWEST, other, keyless, truncated, f"{WORKERS}:0:999", "x", NEWEST)["dead_letters"]
    assert [(one["id"], one["status"]) for one in said] == [
        (NEWEST, "sent"),
        (other, "sent"),
        (keyless, "not_delivered"),
        (truncated, "truncated"),
        (f"{WORKERS}:0:999", "not_found"),
        ("x", "not_found"),
    ]
    assert api.replay(NEWEST)["dead_letters"] == [{"id": NEWEST, "status": "replayed"}]
    assert api.replay(NEWEST, again=True)["dead_letters"] == [{"id": NEWEST, "status": "sent"}]
    api.letters.before[f"{WORKERS}:0:2"] = ReplayStatus.OTHER_TOPIC
    assert api.replay(f"{WORKERS}:0:2")["dead_letters"][0]["status"] == "other_topic"
    api.letters.away = True
    assert api.replay(NEWEST, status=503)["code"] == "broker_unavailable"
    api.letters.away = False
    assert api.replay(status=400)["code"] == "invalid_parameter"
    assert api.replay(NEWEST, agian=True, status=400)["parameter"] == "agian"


def test_only_operators_look_inside_and_send_back(document: dict[str, Any], tmp_path: Path) -> None:
    with ConsoleServer(tmp_path, roles={*Role} - {Role.OPERATOR}) as server, server.client() as client:
        api = Api(server, client, document)
        assert api.show(NEWEST)["masked"]
        assert api.show(NEWEST, status=403, reveal=True)["code"] == "not_allowed"
        assert api.replay(NEWEST, status=403)["code"] == "not_allowed"
        assert client.post("/dead-letters/replay", data={"id": NEWEST}).status_code == 403
        assert client.get("/dead-letter", params={"id": NEWEST, "reveal": "true"}).status_code == 403
        assert server.letters.sent == []


@pytest.mark.parametrize(
    "value", [b"[" * 9_999, b'{"a":' * 400 + b"1" + b"}" * 400, b'{"a":1e999,"b":' + b"9" * 5000 + b"}"]
)
def test_values_that_are_hard_to_lay_out_stay_hidden(value: bytes) -> None:
    assert MASK not in (shown_value(value, masked=False).text or "")
    assert b"9" not in (shown_value(value, masked=True).text or "").encode()


class Held:
    """A projection of dead letters, and what it holds."""

    def __init__(self, folder: Path) -> None:
        self.log = RecordLog()
        self.database = Database(sqlite_url(folder))
        self.projection = Projection(self.database, TOPICS, name_attributes=NAMES)

    def keys(self) -> list[bytes]:
        project(self.projection, self.log.records)
        with self.database.snapshot() as connection:
            return list(connection.execute(select(table.c.key).order_by(table.c.offset)).scalars())

    def remembered(self) -> int:
        with self.database.snapshot() as connection:
            return connection.execute(select(func.count()).select_from(erasures)).scalar_one()


@pytest.fixture
def projected(tmp_path: Path) -> Iterator[Held]:
    held_letters = Held(tmp_path)
    yield held_letters
    held_letters.database.close()


def test_those_about_an_erased_lead_go_with_it(projected: Held) -> None:
    log = projected.log
    log.lead("L-1", Lead())
    bury(log, b"L-1", b"{}", "before", at=minutes(1))
    bury(log, b"other", b'{"data":{"lead_id":"L-1"}}', "about it, by its value", at=minutes(2))
    bury(log, b"L-2", b"{}", "about another", at=minutes(3))
    assert projected.keys() == [b"L-1", b"other", b"L-2"]
    log.erase("L-1", at=minutes(5))
    assert projected.keys() == [b"L-2"]
    bury(log, b"L-1", b"{}", "read late", at=minutes(4))
    bury(log, b"L-1", b"{}", "handled late", at=minutes(6))
    assert projected.keys() == [b"L-2"]
    log.lead("L-1", Lead(), at=minutes(7))
    bury(log, b"L-1", b"{}", "of a lead that has begun afresh", at=minutes(8))
    assert projected.keys() == [b"L-2", b"L-1"]
    log.write(STATE, "L-2", None, at=minutes(9))
    assert projected.keys() == [b"L-1"]


def test_those_that_are_read_before_the_erasure_go_whatever_their_time(projected: Held) -> None:
    log = projected.log
    log.lead("L-1", Lead())
    bury(log, b"L-1", b"{}", "by a worker whose clock is ahead", at=minutes(6))
    assert projected.keys() == [b"L-1"]
    log.erase("L-1", at=minutes(5))
    assert projected.keys() == []


def test_everything_can_be_read_again_in_any_order_of_topics(projected: Held) -> None:
    log = projected.log
    bury(log, b"L-1", b"{}", "handled after the erasure", at=minutes(6))
    bury(log, b"L-2", b"{}", "of a lead that has begun afresh", at=minutes(8))
    bury(log, None, None, "of nobody", at=minutes(9))
    log.erase("L-1", at=minutes(5))
    log.lead("L-2", Lead(erased=Erased(at_ms=int(minutes(5).timestamp() * 1000), until_ms=2**50)), at=minutes(7))
    assert projected.keys() == [b"L-2", None]


def test_a_lead_that_begins_afresh_has_none_of_before(projected: Held) -> None:
    log = projected.log
    log.lead("L-2", Lead())
    bury(log, b"L-1", b"{}", "before", at=minutes(1))
    assert projected.keys() == [b"L-1"]
    at_ms = int(minutes(2).timestamp() * 1000)
    log.lead("L-1", Lead(erased=Erased(at_ms=at_ms, until_ms=at_ms), known=True), at=minutes(3))
    assert projected.keys() == []
    bury(log, b"L-1", b"{}", "read late", at=minutes(1.5))
    bury(log, b"L-1", b"{}", "after", at=minutes(4))
    assert projected.keys() == [b"L-1"]


def test_those_that_their_topic_no_longer_holds_go(projected: Held) -> None:
    log = projected.log
    for number in range(4):
        bury(log, f"L-{number}".encode(), b"{}", "x")
    log.erase("L-9", at=minutes(0) - timedelta(days=400))
    assert len(projected.keys()) == 4
    assert projected.remembered() == 1
    projected.projection.expire({(WORKERS, 0): 3, (SERVICES, 0): 0})
    assert projected.keys() == [b"L-3"]
    assert projected.remembered() == 0


def test_german_pages_say_the_reason_in_german_above_the_original(client: httpx.Client) -> None:
    german = {"Accept-Language": "de"}
    one = client.get("/dead-letter", params={"id": NEWEST}, headers=german).text
    assert "<p>score muss eine Zahl sein; gefunden: ein Text</p>" in one
    assert 'Originaltext: <span lang="en">score must be a number, found text</span>' in one
    many = client.get("/dead-letters", headers=german).text
    assert "<p>score muss eine Zahl sein; gefunden: ein Text</p>" in many
    unknown = client.get("/dead-letter", params={"id": f"{SERVICES}:0:0"}, headers=german).text
    assert '<p>Originaltext: <span lang="en">HTTP 410</span></p>' in unknown
    english = client.get("/dead-letter", params={"id": NEWEST}, headers={"Accept-Language": "en"}).text
    assert '<p lang="en">score must be a number, found text</p>' in english
    assert "Original" not in english
