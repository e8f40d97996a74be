"""The overview counts and lists what the topics say, and nothing of erased leads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from lead_qualifier.console.api.overview import Overviews
from lead_qualifier.console.read_model.dead_letters import DeadLetterReader
from lead_qualifier.console.read_model.qualification_reader import QualificationReader
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.console.read_model.standing import Standing
from lead_qualifier.definitions.qualification_models.entries import ScoringModelEntry
from lead_qualifier.wording.in_german import IN_GERMAN
from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.support.console_dead_letters import bury
from tests.support.console_records import (
    NOON,
    QUALIFIED,
    RecordLog,
    minutes,
    projected,
    qualification,
    qualified_lead,
    rules,
    sqlite_url,
)
from tests.support.list_pages import pages
from tests.support.openapi import check


def overviews_of(folder: Path, log: RecordLog, now: datetime) -> Overviews:
    database = projected(sqlite_url(folder), log.records)
    return Overviews(
        RulesReader(database, unknown_leads="open"),
        QualificationReader(database),
        DeadLetterReader(database, topic_prefix=""),
        Standing,
        clock=lambda: now,
    )


def qualify(log: RecordLog, lead_id: str, *, at: datetime, model_id: str = "enterprise", number: int = 1) -> None:
    event = qualification(lead_id, number=number) | {"qualification_model_id": model_id}
    log.event(QUALIFIED, event, at=at)


def test_the_overview_is_as_described(client: httpx.Client, document: dict[str, Any]) -> None:
    body = check(document, client.get("/api/v1/overview"), "/api/v1/overview")
    assert body["lead_management"] is True
    assert [(one["name"], one["version"], one["qualified_today"]) for one in body["models"]] == [
        ("Enterprise-Leads", 3, 1),
        ("Renewal", 1, 0),
    ]
    assert body["qualified_today"] == 1
    newest = body["newest"][0]
    assert (newest["name"], newest["qualification_model_name"]) == ("Anna Weber", "Enterprise-Leads")
    assert newest["criteria"][0] == {"code": "score_met", "text": "engagement 83 ≥ 70 met"}
    assert "L-gone" not in {one["lead_id"] for one in body["newest"]}
    assert len(body["weeks"]) == 12
    assert [(one["name"], one["qualified"]) for one in body["weeks"][-2]["models"]] == [
        ("Enterprise-Leads", 5),
        ("partner-2025", 3),
    ]


def test_days_and_weeks_end_at_midnight_in_utc_and_weeks_begin_on_monday(tmp_path: Path) -> None:
    log = RecordLog()
    rules(log)
    sunday = datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC)
    monday = sunday + timedelta(seconds=1)
    log.lead("L-1", qualified_lead("Anna"))
    for number, at in enumerate((sunday, monday, monday + timedelta(days=1), monday + timedelta(days=2)), 1):
        qualify(log, "L-1", at=at, number=number)
    overview = overviews_of(tmp_path, log, monday + timedelta(days=2, hours=1)).show(IN_ENGLISH)
    assert [(one.monday, one.qualified) for one in overview.weeks[-2:]] == [
        (date(2026, 11, 16), 1),
        (date(2026, 11, 23), 3),
    ]
    assert (overview.qualified_today, overview.models[0].qualified_today) == (1, 1)
    assert overview.models[0].qualified_this_week == 3


def test_an_erased_lead_is_neither_listed_nor_counted(tmp_path: Path) -> None:
    log = RecordLog()
    rules(log)
    for lead_id in ("L-1", "L-2"):
        log.lead(lead_id, qualified_lead(lead_id))
        qualify(log, lead_id, at=NOON)
    log.erase("L-1")
    overview = overviews_of(tmp_path, log, minutes(5)).show(IN_ENGLISH)
    assert [one.lead_id for one in overview.newest] == ["L-2"]
    assert overview.qualified_today == overview.weeks[-1].qualified == 1


def test_a_degraded_model_is_a_warning_in_both_languages(tmp_path: Path) -> None:
    log = RecordLog()
    rules(log)
    log.rule(ScoringModelEntry(id="demographic", revision=9, status="stopped", occurred_at=NOON, maximum=100))
    overviews = overviews_of(tmp_path, log, NOON)
    [english], [german] = overviews.show(IN_ENGLISH).warnings, overviews.show(IN_GERMAN).warnings
    assert english.code == german.code == "model_degraded"
    assert english.text.startswith("Enterprise-Leads is degraded. Not live: demographic; criteria")
    assert german.text.startswith("Enterprise-Leads ist eingeschränkt. Nicht live: demographic; Kriterien")
    assert overviews.show(IN_ENGLISH).models[0].degraded == ["demographic"]


def test_dead_letters_of_a_day_are_a_warning(tmp_path: Path) -> None:
    log = RecordLog()
    rules(log)
    for hours in (0, -23, -25):
        bury(log, b"L-1", b"{}", "the value lacks fields", at=NOON + timedelta(hours=hours))
    overviews = overviews_of(tmp_path, log, NOON)
    [english], [german] = overviews.show(IN_ENGLISH).warnings, overviews.show(IN_GERMAN).warnings
    assert english.code == "new_dead_letters"
    assert english.text.endswith("could not be handled (dead letters): 2")
    assert german.text.endswith("verarbeitet werden konnten: 2")
    for _ in range(1000):
        bury(log, b"L-1", b"{}", "the value lacks fields")
    (tmp_path / "many").mkdir()
    [many] = overviews_of(tmp_path / "many", log, NOON).show(IN_ENGLISH).warnings
    assert many.text.endswith(": 1000 or more")


def test_nothing_live_is_a_warning(tmp_path: Path) -> None:
    overview = overviews_of(tmp_path, RecordLog(), NOON).show(IN_ENGLISH)
    assert [one.code for one in overview.warnings] == ["lead_management_is_off"]
    assert (overview.lead_management, overview.models, overview.newest) == (False, [], [])


def test_qualifications_are_listed_page_by_page(client: httpx.Client, document: dict[str, Any]) -> None:
    path = "/api/v1/qualifications"
    whole = check(document, client.get(path, params={"limit": 200}), path)["qualifications"]
    got = [one for page in pages(client, path, limit=9) for one in check(document, page, path)["qualifications"]]
    assert got == whole
    assert len(got) == 70
    assert got == sorted(got, key=lambda one: str(one["qualified_at"]), reverse=True)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"model": "partner-2025"}, 26),
        ({"model": "Partner-2025"}, 0),
        ({"since": "2026-11-16T12:00:00Z"}, 9),
        ({"since": "2026-11-16T13:07:00+01:00", "model": "enterprise"}, 2),
        ({"since": "9999-12-31T23:59:59Z"}, 0),
    ],
)
def test_qualifications_are_found_by_model_and_time(query: dict[str, str], count: int, client: httpx.Client) -> None:
    found = client.get("/api/v1/qualifications", params={"limit": 200, **query}).json()["qualifications"]
    assert len(found) == count


@pytest.mark.parametrize(
    "query",
    [
        "since=0.5",
        "since=2026-11-16",
        "since=2026-11-16T12:00:00",
        "cursor=x",
        "cursor=W10",
        "cursor=WzEsMl0",
        "limit=0",
    ],
)
def test_a_wrong_parameter_is_a_problem(query: str, client: httpx.Client, document: dict[str, Any]) -> None:
    body = check(document, client.get(f"/api/v1/qualifications?{query}"), "/api/v1/qualifications")
    assert (body["status"], body["code"], body["parameter"]) == (400, "invalid_parameter", query.partition("=")[0])
