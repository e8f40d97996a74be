"""What topics had deleted before the console read them is said to be missing, rather than counted as nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import select, update

from lead_qualifier.console.api.report_forms import AcceptanceReport
from lead_qualifier.console.pages.report import missing_in
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.follower import Follower
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.console.read_model.tables import positions
from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.qualification.utc import to_milliseconds
from tests.support.console_records import NAMES, QUALIFIED, RESPONSES, STATE, TOPICS, minutes, sqlite_url
from tests.support.console_server import ConsoleServer
from tests.support.console_topics import PARTITIONS, FakeAdmin
from tests.support.openapi import check

FIRST_MS = to_milliseconds(minutes(0))
REPORT, OVERVIEW = "/api/v1/reports/acceptance", "/api/v1/overview"


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> FakeAdmin:
    monkeypatch.setattr("lead_qualifier.console.read_model.follower._now_ms", lambda: FIRST_MS + 1000)
    return FakeAdmin(end=100)


def held_from_ms(folder: Path, topics: FakeAdmin) -> Mapping[str, int]:
    """Of a console that begins, or begins again, with these topics."""
    database = Database(sqlite_url(folder))
    projection = Projection(database, TOPICS, name_attributes=NAMES)
    follower = Follower(Connection(bootstrap_servers="127.0.0.1:1"), TOPICS, projection)
    follower._admin = cast("Admin", topics)
    follower._begin(PARTITIONS)
    with database.snapshot() as connection:
        found = connection.execute(select(positions).where(positions.c.held_from_ms.is_not(None))).all()
    database.close()
    return {one.topic: one.held_from_ms for one in found}


def test_a_topic_that_begins_with_its_first_record_is_complete(topics: FakeAdmin, tmp_path: Path) -> None:
    assert held_from_ms(tmp_path, topics) == {}


@pytest.mark.parametrize(
    ("first_ms", "expected"),
    [(FIRST_MS, FIRST_MS), (None, FIRST_MS + 1000), (0, FIRST_MS + 1000), (FIRST_MS + 5000, FIRST_MS + 1000)],
    ids=["its first record", "nothing is left", "a record without a time", "a clock that is ahead"],
)
def test_one_that_has_lost_records_is_complete_from_its_first_one(
    first_ms: int | None, expected: int, topics: FakeAdmin, tmp_path: Path
) -> None:
    topics.firsts[QUALIFIED, 0] = topics.firsts[STATE, 0] = 90
    if first_ms is not None:
        topics.times = {(QUALIFIED, 0): first_ms}
    assert held_from_ms(tmp_path, topics) == {QUALIFIED: expected}
    assert held_from_ms(tmp_path, topics) == {QUALIFIED: expected}  # and stays so when the console starts again


def test_records_that_are_deleted_while_the_console_is_away_are_missing(topics: FakeAdmin, tmp_path: Path) -> None:
    assert held_from_ms(tmp_path, topics) == {}
    topics.firsts[QUALIFIED, 0], topics.times = 90, {(QUALIFIED, 0): FIRST_MS}
    assert held_from_ms(tmp_path, topics) == {QUALIFIED: FIRST_MS}


def test_what_was_on_a_topic_that_was_created_again_is_missing(topics: FakeAdmin, tmp_path: Path) -> None:
    topics.ids = {QUALIFIED: "one"}
    assert held_from_ms(tmp_path, topics) == {}
    topics.ids = {QUALIFIED: "another"}
    topics.last[QUALIFIED, 0] = 0
    assert held_from_ms(tmp_path, topics) == {QUALIFIED: FIRST_MS + 1000}


def lose(server: ConsoleServer, topic: str, before: datetime) -> None:
    """As if the topic had deleted its older records before the console read it."""
    with server.database.transaction() as connection:
        values = {"held_from_ms": to_milliseconds(before)}
        connection.execute(update(positions).where(positions.c.topic == topic).values(values))


def reported(client: httpx.Client, document: dict[str, Any], **query: str) -> dict[str, Any]:
    return dict(check(document, client.get(REPORT, params={"model": "enterprise", **query}), REPORT))


def test_answers_that_are_missing_are_not_waited_for(fresh: ConsoleServer, document: dict[str, Any]) -> None:
    with fresh.client() as client:
        whole = reported(client, document)
        assert "answers_from" not in whole
        assert (whole["total"]["waiting"], whole["total"]["answer_unknown"]) == (1, 0)
        lose(fresh, RESPONSES, before=minutes(1))
        lacking = reported(client, document)
        assert lacking["answers_from"] == "2026-11-23T12:01:00Z"
        assert (lacking["total"]["waiting"], lacking["total"]["answer_unknown"]) == (0, 1)
        assert "complete_from" not in lacking
        shown = client.get("/report", params={"model": "enterprise"}).text
        assert "sales' answers from before" in shown
        in_german = client.get("/report", params={"model": "enterprise"}, headers={"Accept-Language": "de"}).text
        assert "Antwort unbekannt" in in_german
        since = client.get("/report", params={"model": "enterprise", "since": "2026-11-24"}).text
        assert "answers from before" not in since


@pytest.mark.parametrize(
    ("since", "at", "answers", "whole_day"),
    [
        (None, minutes(24 * 60), minutes(1), date(2026, 11, 24)),
        (None, minutes(2), minutes(1), None),
        (minutes(0), minutes(24 * 60), minutes(1), date(2026, 11, 24)),
        (minutes(1), minutes(24 * 60), None, None),
    ],
    ids=["since ever", "on the same day", "since before", "since then"],
)
def test_a_report_offers_the_first_whole_day(
    *,
    since: datetime | None,
    at: datetime,
    answers: datetime | None,
    whole_day: date | None,
    client: httpx.Client,
    document: dict[str, Any],
) -> None:
    times = {"since": since, "at": at, "answers_from": minutes(1)}
    found = missing_in(AcceptanceReport.model_validate(reported(client, document) | times))
    assert (found and found.answers, found and found.whole_day) == (answers, whole_day)


def test_weeks_that_are_not_all_there_say_so(fresh: ConsoleServer, document: dict[str, Any]) -> None:
    with fresh.client() as client:
        assert all(one["complete"] for one in check(document, client.get(OVERVIEW), OVERVIEW)["weeks"])
        assert "9 Nov*" not in client.get("/").text
        lose(fresh, QUALIFIED, before=datetime.fromisoformat("2026-11-09T00:00:01Z"))
        fresh.resources.overviews.look(again=True)
        body = check(document, client.get(OVERVIEW), OVERVIEW)
        assert body["complete_from"] == "2026-11-09T00:00:01Z"
        assert [one["monday"] for one in body["weeks"] if one["complete"]] == ["2026-11-16", "2026-11-23"]
        assert reported(client, document)["complete_from"] == "2026-11-09T00:00:01Z"
        assert "9 Nov*" in client.get("/").text
        assert "Unvollständig" in client.get("/", headers={"Accept-Language": "de"}).text
        assert "They are not counted" in client.get("/report", params={"model": "enterprise"}).text
