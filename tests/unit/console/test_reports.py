"""The console's report on a model is what the command line counts from the same records."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_qualifier.client.model_history import ModelHistory
from lead_qualifier.client.model_report import ModelReport, figures, model_report, report_of
from lead_qualifier.client.reported_events import (
    REACTIONS,
    UNREADABLE,
    add_qualification,
    add_reaction,
    held_lead,
    qualification_in,
    reaction_in,
)
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.fates import are_open
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.console.read_model.qualification_history import read_history
from lead_qualifier.console.read_model.report_history import ReportReader
from lead_qualifier.kafka.records import Record
from lead_qualifier.qualification.leads import Lead, Mark
from tests.support.console_records import (
    ASSIGNED,
    NAMES,
    QUALIFIED,
    RECYCLED,
    RESPONSES,
    STATE,
    TOPICS,
    RecordLog,
    assignment,
    minutes,
    project,
    projected,
    qualification,
    qualified_lead,
    response,
    sqlite_url,
)
from tests.support.console_server import ConsoleServer
from tests.support.openapi import check

PATH = "/api/v1/reports/acceptance"


def counted_by_the_command_line(records: list[Record], *, since: int = 0) -> ModelReport:
    """As client.model_report_reader reads the topics, one after the other."""
    history = ModelHistory()
    for one in records:
        found = qualification_in(one) if one.topic == QUALIFIED else None
        if found is not None and one.key is not None and found.model_id == "enterprise":
            add_qualification(history, one.key, found)
    newest = {one.key: one.value for one in records if one.topic == STATE}
    held: set[bytes] = set()
    while more := [key for key in history.leads if key not in held]:
        held.update(more)
        for key in more:
            if key in newest:
                history.holds(key, held_lead(newest[key], "enterprise") or UNREADABLE)
    for topic in REACTIONS:
        for one in records:
            if one.topic == topic.name and one.key in history.leads:
                reaction = reaction_in(topic, one)
                if reaction is not None and reaction.model_id in {None, "enterprise"}:
                    add_reaction(history, one.key, reaction)
    return model_report(history, since=since)


def history_of(steps: list[tuple[int, int, int]], *, erases: bool) -> list[Record]:
    """What happens to four leads, as numbers tell: what, which lead, and how."""
    log = RecordLog()
    for lead in range(4):
        log.lead(f"L-{lead}", qualified_lead("Somebody", at=0), at=minutes(-1))
    numbers = [0] * 4
    for minute, (what, lead, how) in enumerate(steps):
        lead_id, at = f"L-{lead}", minutes(minute)
        if what == 0:
            numbers[lead] += 1
            event = qualification(lead_id, at=minute, number=numbers[lead])
            event["qualification_model_version"] = 1 + how
            event["criteria"][0]["score"] = 70 + 10 * how
            log.event(QUALIFIED, event, at=at)
        elif what == 1:
            result = {"code": 7, "name": "no_capacity"} if how else {"code": 2, "name": "assigned"}
            log.event(ASSIGNED, assignment(lead_id, at=minute) | {"result": result}, at=at)
        elif what == 2:
            log.event(RESPONSES, response(lead_id, at=minute, reason=(None, "budget", "budget")[how]), at=at)
        elif what == 3:
            recycled = {"lead_id": lead_id, "qualification_model_id": ("enterprise", "other")[how % 2]}
            log.event(RECYCLED, recycled | {"occurred_at": at.isoformat()}, at=at)
        elif what == 4:
            status = ("open", "qualified", "disqualified")[how]
            now = qualified_lead("Somebody", at=minute, status=status)
            now.marks["enterprise"] = Mark(3, max(numbers[lead], 1), minutes(minute), "event")
            log.lead(lead_id, now, at=at)
        elif what == 5 and how:
            log.lead(lead_id, Lead(known=True, merged_into=f"L-{(lead + how) % 4}", merged_at=at), at=at)
        elif what == 6 and erases:
            log.erase(lead_id, at=at)
    return log.records


def caught_up_between(folder: Path, records: list[Record], count: int) -> Database:
    """A projection that had caught up after so many records."""
    database = Database(sqlite_url(folder))
    projection = Projection(database, TOPICS, name_attributes=NAMES)
    projection.begin_again(None, {}, dict.fromkeys(((one.topic, one.partition) for one in records), 0))
    project(projection, records[:count])
    projection.caught_up(0)
    project(projection, records)
    return database


def reported(database: Database, *, since: int = 0) -> ModelReport:
    found = ReportReader(database).history("enterprise", since=since)
    database.close()
    return report_of(found.history, found.fates)


STEPS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(0, 2)), max_size=25)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, caught_up_after=st.none() | st.integers(4, 30), since=st.integers(-1, 25))
def test_the_console_reports_what_the_command_line_reports(
    steps: list[tuple[int, int, int]],
    caught_up_after: int | None,
    since: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    records = history_of(steps, erases=False)
    begin = int(minutes(since).timestamp() * 1_000_000)
    told = counted_by_the_command_line(records, since=begin)
    folder = tmp_path_factory.mktemp("report")
    if caught_up_after is None:
        database = projected(sqlite_url(folder), records)
    else:
        database = caught_up_between(folder, records, caught_up_after)
    assert reported(database, since=begin) == told


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, caught_up_after=st.integers(4, 30))
def test_the_fates_that_are_kept_are_what_became_of_the_leads(
    steps: list[tuple[int, int, int]], caught_up_after: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = caught_up_between(tmp_path_factory.mktemp("fates"), history_of(steps, erases=True), caught_up_after)
    with database.snapshot() as connection:
        assert not are_open(connection, b"enterprise")
        told = model_report(read_history(connection, b"enterprise").history)
    found = ReportReader(database).history("enterprise")
    assert report_of(found.history, found.fates) == told
    database.close()


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_lead_that_cannot_be_read_counts_as_open(is_kept: bool, tmp_path: Path) -> None:
    records = history_of([(0, 0, 0), (0, 1, 0)], erases=False)
    records.append(Record(STATE, 0, 4, 0, b"L-1", b'{"status": 1}', ()))
    database = caught_up_between(tmp_path, records, 6) if is_kept else projected(sqlite_url(tmp_path), records)
    found = ReportReader(database).history("enterprise")
    assert (found.unreadable, report_of(found.history, found.fates).total.waiting) == (1, 2)
    database.close()


def test_leads_that_were_erased_are_not_counted(tmp_path: Path) -> None:
    steps = [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0), (2, 0, 0), (2, 1, 0), (6, 0, 0)]
    records = history_of(steps, erases=True)
    told, found = counted_by_the_command_line(records).total, reported(projected(sqlite_url(tmp_path), records)).total
    assert (told.qualified, told.erased) == (2, 1)
    assert figures(found) == figures(told) | {"qualified": 1, "erased": 0}


@pytest.mark.parametrize(
    ("query", "groups"),
    [
        ({}, [{"version": 3, "qualified": 44}]),
        (
            {"by": "score"},
            [
                {"scoring_model_id": "engagement", "qualified": 44},
                {"scoring_model_id": "demographic", "qualified": 44},
            ],
        ),
        ({"by": "attribute", "attribute": "country"}, [{"qualified": 43}, {"value": "DE", "qualified": 1}]),
    ],
)
def test_the_report_is_as_described(
    query: dict[str, str], groups: list[dict[str, Any]], client: httpx.Client, document: dict[str, Any]
) -> None:
    body = check(document, client.get(PATH, params={"model": "enterprise", **query}), PATH)
    assert (body["leads"], body["total"]["qualified"], body["total"]["assigned"]) == (41, 44, 1)
    for found, expected in zip(body["groups"], groups, strict=True):
        assert expected.items() <= found.items()


def test_the_report_goes_into_a_spreadsheet(client: httpx.Client) -> None:
    answer = client.get(f"{PATH}.csv", params={"model": "enterprise", "attribute": "country"})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(one["group"], one["value"], one["qualified"]) for one in rows if one["group"] != "score"] == [
        ("total", "", "44"),
        ("version", "", "44"),
        ("attribute", "", "43"),
        ("attribute", "DE", "1"),
    ]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "model"),
        ("model=m&by=x", "by"),
        ("model=m&by=attribute", "attribute"),
        ("model=m&since=2026-01-01", "since"),
    ],
)
def test_a_wrong_parameter_is_a_problem(
    query: str, parameter: str, client: httpx.Client, document: dict[str, Any]
) -> None:
    body = check(document, client.get(f"{PATH}?{query}"), PATH)
    assert (body["status"], body["parameter"]) == (400, parameter)


def qualify(server: ConsoleServer, accepted: int, rejected: int, **more: Any) -> None:
    """Leads that the model `tested` qualified and sales answered."""
    for number in range(accepted + rejected):
        lead_id = f"T-{number}"
        lead = qualified_lead("Somebody")
        lead.marks["tested"] = Mark(3, 1, minutes(0), "event")
        server.log.lead(lead_id, lead)
        server.log.event(QUALIFIED, qualification(lead_id) | {"qualification_model_id": "tested", **more})
        server.log.event(ASSIGNED, assignment(lead_id))
        answer = response(lead_id, reason=None if number < accepted else "budget")
        server.log.event(RESPONSES, answer | {"event_id": f"answer-{number}"})
    server.project()


def page(client: httpx.Client, language: str = "en", **query: str) -> str:
    answer = client.get("/report", params={"model": "tested", **query}, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.text


def test_the_share_that_sales_accepted_is_rounded(fresh: ConsoleServer) -> None:
    qualify(fresh, 29, 71)
    with fresh.client() as client:
        assert '<td class="number">29%</td>' in page(client)


def test_qualifications_without_a_score_are_shown_in_total(fresh: ConsoleServer) -> None:
    qualify(fresh, 2, 1, criteria=[])
    with fresh.client() as client:
        shown = page(client, by="score")
    assert "What became of these qualifications" in shown
    assert "What sales answered" not in shown
    assert "has not qualified" not in shown


@pytest.mark.parametrize(
    ("language", "since", "words"),
    [
        ("en", "", "This model has not qualified any lead yet."),
        ("en", "2040-01-01", "No lead has qualified since this day."),
        ("de", "2040-01-01", "Seit diesem Tag hat sich kein Lead qualifiziert."),
    ],
)
def test_a_report_on_nothing_says_so(language: str, since: str, words: str, client: httpx.Client) -> None:
    assert words in page(client, language, since=since)
