"""A preview runs beside the pages, says how far it is, ends when told to, and counts what publishing would do."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from lead_qualifier.client.errors import CommandUnanswered
from lead_qualifier.client.preview import Previewer
from lead_qualifier.client.preview_json import preview_as_json
from lead_qualifier.console.access.people import Role
from lead_qualifier.console.api.preview_jobs import PreviewJob, PreviewJobs
from lead_qualifier.console.pages.preview import tried_thresholds
from lead_qualifier.console.read_model.lead_preview import preview_leads
from lead_qualifier.console.read_model.preview_process import PreviewOrder, run
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.console.read_model.tables import leads
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE
from lead_qualifier.qualification.leads import Lead, Score
from tests.support.console_records import NOON, RecordLog, projected, rules, sqlite_url
from tests.support.console_server import ConsoleServer
from tests.support.messages import model

PREVIEW = "/api/v1/models/preview"


def ended(client: httpx.Client, address: str) -> dict[str, Any]:
    """The preview, once it is over."""
    until = time.monotonic() + 60
    while True:
        found: dict[str, Any] = client.get(address).json()
        if found["status"] not in {"waiting", "running"}:
            return found
        assert time.monotonic() < until, found
        time.sleep(0.05)


def test_a_preview_is_begun_followed_and_tells_its_result(client: httpx.Client) -> None:
    definition = model("fair", "any", {"engagement": 60})
    begun = client.post(PREVIEW, params={"what_if": "engagement=10,90"}, content=json.dumps(definition))
    assert (begun.status_code, begun.json()["status"]) == (202, "waiting")
    found = ended(client, begun.headers["location"])
    assert (found["status"], found["percent"]) == ("done", 100)
    result = found["result"]
    assert result["would_qualify"]["count"] == 1
    assert result["sample"][0]["lead_id"] == "L-1002"
    assert result["unreadable_leads"] == 1
    tried = {one["threshold"]: one["would_qualify"] for one in result["what_if"][0]["thresholds"]}
    assert tried == {10: 2, 60: 1, 90: 0}


def test_a_publication_that_nobody_answered_may_still_come(tmp_path: Path) -> None:
    with ConsoleServer(tmp_path) as server, server.client() as client:
        begun = client.post(PREVIEW, content=json.dumps(model("fair", "any", {"engagement": 60})))
        job = ended(client, begun.headers["location"])["preview_id"]
        server.worker.failure = CommandUnanswered("no worker answered")
        shown = client.post("/model/preview/publish", data={"job": job}, headers={"Accept-Language": "en"})
    assert shown.status_code == 504
    assert "It is carried out once one runs." in shown.text
    assert "was not published" not in shown.text


def test_a_preview_over_the_database_says_what_a_preview_of_each_lead_says(tmp_path: Path) -> None:
    log = RecordLog()
    rules(log)
    held = {}
    for number in range(60):
        lead = Lead(known=True, scores={"engagement": Score(float(number), NOON)}, status="open" if number % 7 else "x")
        held[f"L-{number}".encode()] = lead
        log.lead(f"L-{number}", lead)
    database = projected(sqlite_url(tmp_path), log.records)
    book = RulesReader(database, unknown_leads="open").rulebook()
    definition = model_of(model("fair", "any", {"engagement": 40}))
    seen: list[tuple[int, int]] = []
    found = preview_leads(
        database,
        definition,
        book.rules,
        near=5,
        sample=60,
        what_if={"engagement": [20]},
        time_tolerance=DEFAULT_TOLERANCE,
        progress=lambda read, total: seen.append((read, total)),
    )
    previewer = Previewer(definition, book.rules, found.at, near=5, sample=60, what_if={"engagement": [20]})
    for key, lead in held.items():
        previewer.add(key, lead)
    assert found.preview == previewer.result()
    assert found.preview.qualifying == 17
    assert seen[0] == (0, 60)
    assert preview_as_json(found)["eligible_leads"] == 51


@pytest.mark.parametrize(
    ("content", "params", "status", "code"),
    [
        ("match: [", {}, 422, "invalid_model"),
        ("id: x", {}, 422, "invalid_model"),
        (json.dumps(model("x", "all", {"engagement": 1})), {"what_if": "engagement"}, 400, "invalid_parameter"),
        (json.dumps(model("x", "all", {"engagement": 1})), {"near": "-1"}, 400, "invalid_parameter"),
    ],
)
def test_what_cannot_be_previewed_is_refused(
    content: str, params: dict[str, str], status: int, code: str, client: httpx.Client
) -> None:
    answer = client.post(PREVIEW, params=params, content=content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_preview_that_cannot_be_done_says_why(client: httpx.Client) -> None:
    content = json.dumps(model("x", "all", {"engagement": 1}))
    begun = client.post(PREVIEW, params={"what_if": "demographic=5"}, content=content)
    found = ended(client, begun.headers["location"])
    assert found["status"] == "failed"
    assert "no criterion on demographic" in found["problem"]


def order(**more: Any) -> PreviewOrder:
    given: dict[str, Any] = {
        "url": "",
        "definition": model("x", "all", {"engagement": 1}),
        "unknown_leads": "open",
        "near": 5,
        "sample": 5,
        "what_if": {},
        "time_tolerance": 60,
    }
    return PreviewOrder(**given | more)


def over(jobs: PreviewJobs, job: PreviewJob) -> PreviewJob:
    until = time.monotonic() + 60
    while True:
        found = jobs.find(job.owner, job.id)
        assert found is not None
        if found.is_over:
            return found
        assert time.monotonic() < until
        time.sleep(0.05)


#: In place of the real one, which takes a second to begin.
AT_ONCE = 'print(\'{"type": "progress", "read": 3, "total": 4}\\n{"type": "result", "result": {}}\')'
FOR_LONG = 'print(\'{"type": "progress", "read": 3, "total": 4}\', flush=True); import time; time.sleep(60)'
WITHOUT_A_WORD = "import sys; sys.exit(3)"


def jobs_of(script: str, **more: Any) -> PreviewJobs:
    return PreviewJobs(command=(sys.executable, "-S", "-c", script), **more)


def test_one_person_has_one_preview_at_a_time() -> None:
    jobs = jobs_of(FOR_LONG)
    first, others = jobs.start("anna", order(), revision=0), jobs.start("berta", order(), revision=0)
    second = jobs.start("anna", order(), revision=0)
    assert over(jobs, first).status == "cancelled"
    assert not any(one.is_over for one in (jobs.find("anna", second.id), jobs.find("berta", others.id)) if one)
    assert jobs.find("berta", second.id) is None
    assert jobs.cancel("berta", second.id) is None
    jobs.close()
    assert over(jobs, second).status == "cancelled"


def test_a_preview_says_how_far_it_is_and_ends_with_its_process() -> None:
    jobs = jobs_of(FOR_LONG)
    job = jobs.start("anna", order(), revision=0)
    until = time.monotonic() + 30
    while (found := jobs.find("anna", job.id)) is None or found.percent != 75:
        assert time.monotonic() < until
        time.sleep(0.02)
    process = jobs._held[job.id].process
    assert process is not None
    assert jobs.cancel("anna", job.id) is not None
    assert process.wait(10) == -9
    assert over(jobs, job).status == "cancelled"


def test_more_than_two_wait_for_their_turn() -> None:
    jobs = jobs_of(FOR_LONG)
    started = [jobs.start(name, order(), revision=0) for name in ("anna", "berta", "carla")]
    until = time.monotonic() + 30

    def running() -> list[str]:
        return [one.owner for one in started if (found := jobs.find(one.owner, one.id)) and found.status == "running"]

    while len(running()) < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    [waiting] = [one for one in started if one.owner not in running()]
    jobs.cancel(*next((one.owner, one.id) for one in started if one.owner in running()))
    while waiting.owner not in running():
        assert time.monotonic() < until
        time.sleep(0.02)
    jobs.close()


def test_a_process_that_ends_without_a_word_has_failed() -> None:
    jobs = jobs_of(WITHOUT_A_WORD)
    assert over(jobs, jobs.start("anna", order(), revision=0)).status == "failed"


def test_a_damaged_database_is_no_reason_to_repeat_its_words(tmp_path: Path) -> None:
    (tmp_path / "console.sqlite3").write_text("no database " * 100)
    out = io.BytesIO()
    run(order(url=sqlite_url(tmp_path)), out)
    assert json.loads(out.getvalue()) == {"type": "failure", "error": "DatabaseError", "text": ""}


def test_previews_are_forgotten_after_an_hour() -> None:
    now = [0.0]
    jobs = jobs_of(AT_ONCE, clock=lambda: now[0])
    job = over(jobs, jobs.start("anna", order(), revision=0))
    assert (job.status, job.percent, job.result) == ("done", 100, {})
    now[0] = 3601
    jobs.start("berta", order(), revision=0)
    assert jobs.find("anna", job.id) is None
    jobs.close()


def test_a_lead_that_was_erased_since_is_not_shown_any_more(tmp_path: Path) -> None:
    with ConsoleServer(tmp_path) as erasing, erasing.client() as client:
        begun = client.post(PREVIEW, content=json.dumps(model("fair", "any", {"engagement": 60})))
        address = begun.headers["location"]
        assert [one["lead_id"] for one in ended(client, address)["result"]["sample"]] == ["L-1002"]
        with erasing.database.transaction() as connection:
            connection.execute(delete(leads).where(leads.c.lead_id == b"L-1002"))
        assert client.get(address).json()["result"]["sample"] == []


def test_thresholds_around_each_criterion_are_tried() -> None:
    definition = model_of(model("x", "all", {"engagement": 70, "intent": 0.8, "zero": 0}))
    assert tried_thresholds(definition) == {
        "engagement": [60, 65, 75, 80],
        "intent": [0.64, 0.72, 0.88, 0.96],
        "zero": [-2, -1, 1, 2],
    }


def test_previews_are_for_those_who_edit(tmp_path: Path) -> None:
    with ConsoleServer(tmp_path, roles=[Role.VIEWER]) as viewed, viewed.client() as client:
        assert client.post(PREVIEW, content="{}").status_code == 403
        assert client.get("/api/v1/previews/x").status_code == 403


def test_a_preview_of_another_person_is_not_found(client: httpx.Client) -> None:
    assert client.get("/api/v1/previews/unknown").json()["code"] == "preview_not_found"
    assert client.delete("/api/v1/previews/unknown").status_code == 404
    assert client.get("/model/preview", params={"job": "unknown"}).status_code == 404
