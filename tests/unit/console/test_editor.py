"""What the editor does with what people type: it saves it, or keeps it and says where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from lead_qualifier.client.commands import CommandClient
from lead_qualifier.client.errors import CommandUnanswered
from lead_qualifier.console.access.people import Role
from lead_qualifier.console.pages.editor.editing import Editing, without_row, yaml_of
from lead_qualifier.console.pages.editor.problems import place_of
from lead_qualifier.wording.in_german import IN_GERMAN
from tests.support.console_server import ConsoleServer
from tests.support.messages import model
from tests.unit.console.test_editor_form import WHOLE

ADDRESS = "/model/edit"


@pytest.fixture(scope="module")
def client(server: ConsoleServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        client.headers["Accept-Language"] = "de"
        yield client


def begun(definition: dict[str, Any], *, revision: int = 0, status: str = "new") -> dict[str, str]:
    return Editing.begin(definition, revision=revision, status=status).fields


def send(client: httpx.Client, fields: dict[str, str], do: str = "save") -> httpx.Response:
    return client.post(ADDRESS, data={**fields, "do": do})


def field_of(page: str, name: str) -> str:
    """What stands in a field of a page."""
    found = re.search(rf'name="{re.escape(name)}"[^>]*?value="([^"]*)"', page)
    if found is None:
        found = re.search(rf'<textarea[^>]*name="{re.escape(name)}"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    assert found is not None, name
    return unescape(found[1])


def test_a_new_model_is_saved_as_a_draft(client: httpx.Client) -> None:
    definition = {**model("new-one", "all", {"engagement": 70}), "name": "Neu & gut"}
    answer = send(client, begun(definition))
    assert answer.status_code == 303, answer.text
    shown = client.get(answer.headers["location"])
    assert "Als Entwurf gespeichert" in shown.text
    assert field_of(shown.text, "criteria.0.threshold") == "70"
    assert client.get("/api/v1/models/new-one").json()["status"] == "draft"


def test_a_live_model_gets_a_draft_beside_it(server: ConsoleServer, client: httpx.Client) -> None:
    page = client.get(ADDRESS, params={"id": "renewal"}).text
    fields = {**begun(server.resources.models.show("renewal", IN_GERMAN).draft or {}, status="live")}
    fields |= {"revision": field_of(page, "revision"), "criteria.1.threshold": "81,5"}
    assert send(client, fields).status_code == 303
    shown = client.get("/api/v1/models/renewal").json()
    assert (shown["status"], shown["draft"]["criteria"][1]["threshold"]) == ("live", 81.5)


def test_the_scoring_model_that_is_chosen_for_the_next_criterion_stays_chosen(client: httpx.Client) -> None:
    fields = begun({"id": "chosen", "criteria": []}) | {"add.scoring_model": "engagement"}
    shown = send(client, fields, "refresh").text
    assert (
        re.findall(r'<option value="([^"]*)" selected>', shown[shown.index("add.scoring_model") :])[0] == "engagement"
    )


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"criteria.0.threshold": "hoch"}, "criteria.0.threshold", "muss eine Zahl sein"),
        ({"criteria.0.threshold": ""}, "criteria.0.threshold", "fehlt"),
        ({"criteria.0.threshold": "101"}, "criteria.0.threshold", "101 liegt über 100"),
        ({"criteria.0.max_age": "bald"}, "criteria.0.max_age", "30d"),
        ({"id": ""}, "id", "fehlt"),
        ({"match": "at_least", "match.at_least": "3"}, "match.at_least", "Zahl der Kriterien liegen, 1"),
        ({"actions.status_reason": "", "actions.sales_ready": ""}, "actions", "status_reason"),
        ({"more": "unknown: 1"}, "more", "ist unbekannt"),
        ({"more": "hold: ["}, "more", "Zeile 1"),
        ({"hold": "15m", "more": "hold: 20m"}, "more", "steht auch im Formular. Entfernen Sie es hier oder dort: hold"),
        ({"audience.kind": "yaml", "audience": "{attribute: x}"}, "audience", "braucht eine Prüfung"),
        (
            {
                "audience.kind": "tests",
                "audience.0.attribute": "x",
                "audience.0.operator": "at_least",
                "audience.0.value": "y",
            },
            "audience.0.value",
            "muss eine Zahl sein",
        ),
    ],
)
def test_a_mistake_stands_at_its_field_and_what_was_typed_stays(
    changed: dict[str, str], field: str, words: str, client: httpx.Client
) -> None:
    answer = send(client, begun(model("mistaken", "all", {"engagement": 70})) | changed)
    assert answer.status_code == 422
    [problem] = re.findall(rf'<ul class="problems" id="{re.escape(field)}-problem">(.*?)</ul>', answer.text, re.DOTALL)
    assert words in unescape(problem)
    for name, text in changed.items():
        if text and not name.startswith(("actions.", "audience.0.operator", "match")):
            assert field_of(answer.text, name) == text
    assert client.get("/api/v1/models/mistaken").status_code == 404


def test_a_stale_revision_shows_what_changed_and_goes_on(client: httpx.Client) -> None:
    definition = model("shared", "all", {"engagement": 70})
    assert send(client, begun(definition)).status_code == 303
    page = client.get(ADDRESS, params={"id": "shared"}).text
    mine = begun(definition, status="draft") | {"revision": field_of(page, "revision"), "name": "Meines"}
    theirs = begun(definition, status="draft") | {"revision": field_of(page, "revision"), "criteria.0.threshold": "75"}
    assert send(client, theirs).status_code == 303
    stale = send(client, mine)
    assert stale.status_code == 412
    assert "Jemand anderes hat dieses Modell inzwischen geändert" in stale.text
    assert re.search(r"criteria.0.threshold</th><td>70</td><td>75</td>", stale.text)
    assert field_of(stale.text, "name") == "Meines"
    again = mine | {name: field_of(stale.text, name) for name in ("revision", "loaded", "status")}
    assert send(client, again).status_code == 303
    assert client.get("/api/v1/models/shared").json()["name"] == "Meines"


def test_a_new_model_with_an_id_that_is_taken_shows_the_other(client: httpx.Client) -> None:
    answer = send(client, begun(model("enterprise", "any", {"engagement": 1})))
    assert answer.status_code == 412
    assert "inzwischen geändert" in answer.text


@pytest.mark.parametrize(("failure", "status"), [(CommandUnanswered("no worker answered"), 504)])
def test_what_was_typed_stays_when_nobody_answers(
    failure: Exception, status: int, server: ConsoleServer, client: httpx.Client
) -> None:
    server.worker.failure = failure
    answer = send(client, begun({**model("waiting", "all", {"engagement": 70}), "name": "Bleibt"}))
    assert answer.status_code == status
    assert "Ihre Eingaben sind noch da" in answer.text
    assert "nichts gespeichert" not in answer.text, "it may be saved later"
    assert field_of(answer.text, "name") == "Bleibt"


def test_the_side_that_was_changed_counts(client: httpx.Client) -> None:
    fields = begun(model("both", "all", {"engagement": 70}))
    by_form = send(client, fields | {"criteria.0.threshold": "80"}, "refresh").text
    assert "threshold: 80" in field_of(by_form, "yaml")
    by_yaml = send(client, fields | {"yaml": fields["yaml"].replace("70", "90")}, "refresh").text
    assert field_of(by_yaml, "criteria.0.threshold") == "90"
    both = fields | {"criteria.0.threshold": "80", "yaml": fields["yaml"].replace("70", "90")}
    asked = send(client, both, "save")
    assert (asked.status_code, "Was soll gelten?" in asked.text) == (422, True)
    assert field_of(asked.text, "criteria.0.threshold") == "80"
    assert "threshold: 80" in field_of(send(client, both, "use:form").text, "yaml")
    assert field_of(send(client, both, "use:yaml").text, "criteria.0.threshold") == "90"


def test_yaml_that_cannot_be_read_is_told_by_its_line_and_stays(client: httpx.Client) -> None:
    fields = begun(model("bad", "all", {"engagement": 70})) | {"yaml": "id: bad\nmatch: [\n"}
    answer = send(client, fields)
    assert answer.status_code == 422
    assert "Zeile" in answer.text
    assert field_of(answer.text, "yaml") == "id: bad\nmatch: [\n"


def test_rows_come_and_go(client: httpx.Client) -> None:
    fields = begun(WHOLE) | {"add.scoring_model": "demographic"}
    added = send(client, fields, "add-criterion:threshold").text
    assert field_of(added, "criteria.3.scoring_model") == "demographic"
    assert 'autocomplete="off" spellcheck="false" autofocus' in added
    tested = send(client, fields, "add-test:fast_track").text
    assert field_of(tested, "fast_track.1.attribute") == ""
    removed = send(client, fields, "remove:criteria.0").text
    assert field_of(removed, "criteria.0.grades") == "A, B"
    assert "intent" in field_of(removed, "criteria.1")
    assert "engagement" not in field_of(removed, "yaml")


def test_a_condition_without_rows_is_none() -> None:
    fields = begun(WHOLE)
    left = without_row(without_row(fields, "audience", 0), "audience", 0)
    assert "audience" not in yaml_of(Editing.go_on(left).definition or {})


@pytest.mark.parametrize("path", [("criteria", 9, "threshold"), ("of", "nothing"), (), ("on_rejection", "reasons")])
def test_a_problem_of_no_field_stands_above_all(path: tuple[str | int, ...]) -> None:
    assert place_of(path, {"criteria.0.kind": "threshold"}) in {"", "criteria"}


def test_whoever_may_not_edit_gets_no_editor(tmp_path: Path) -> None:
    with ConsoleServer(tmp_path, roles=[Role.VIEWER]) as server, server.client() as client:
        assert client.get(ADDRESS).status_code == 403
        assert send(client, begun(model("x", "all", {"engagement": 70}))).status_code == 403


def test_every_command_has_the_name_of_its_author(server: ConsoleServer, client: httpx.Client) -> None:
    assert isinstance(server.resources.commands._client, CommandClient)
    assert send(client, begun(model("by-erika", "all", {"engagement": 70}))).status_code == 303
    assert client.get("/api/v1/models/by-erika").json()["changed_by"] == "U-4 (Erika Beispiel)"


def test_the_number_of_leads_that_meet_a_threshold_follows(client: httpx.Client) -> None:
    fields = begun(model("counted", "all", {"engagement": 60}))
    for typed, count in (("60", "11"), ("70", "10"), ("83,5", "0")):
        page = send(client, fields | {"criteria.0.threshold": typed}, "refresh").text
        assert f"<strong>{count}</strong> von 72 offenen Leads" in page


def test_the_histogram_is_answered_by_the_api(client: httpx.Client) -> None:
    found = client.get("/api/v1/scoring-models/engagement/histogram", params={"threshold": 70}).json()
    assert (found["open_leads"], found["with_score"], found["meeting"]) == (72, 12, 10)
    assert sum(band["leads"] for band in found["bands"] if band.get("at_least", 0) >= 70) == found["meeting"]
    assert client.get("/api/v1/scoring-models/unknown/histogram").json()["code"] == "unknown_scoring_model"
    assert client.get("/api/v1/scoring-models/fit/histogram").json()["bands"] == []
