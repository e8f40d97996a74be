"""The pages of models: who is offered what, and what people typed stays where something goes wrong."""

from __future__ import annotations

import html
import re
from pathlib import Path

import httpx
import pytest
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.console.access.people import Role
from tests.support.console_server import ConsoleServer

TEXT = """\
id: enterprise
match: any
criteria:
- {scoring_model: engagement, threshold: 55}
actions: {sales_ready: true}
"""
OFFERS = re.compile(r'<form method="post"|href="/model/(?:edit|yaml|confirm)|href="/scoring-model[?"]')


def write(client: httpx.Client, text: str, **fields: str) -> httpx.Response:
    form = {"intent": "save", "revision": "4", "command_id": "c-1", "id": "enterprise", "base": TEXT, "text": text}
    return client.post("/model/yaml", data=form | fields, headers={"Accept-Language": "en"})


def text_in(answer: httpx.Response) -> str:
    """What the form holds."""
    found = re.search(r'<textarea id="text"[^>]*>\n(.*?)</textarea>', answer.text, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        (Role.VIEWER, set()),
        (Role.MARKETER, {"/models", "/model?id=enterprise"}),
        (Role.ADMINISTRATOR, {"/scoring-models", "/settings"}),
    ],
)
def test_each_is_offered_what_they_may_do(role: Role, offered: set[str], tmp_path: Path) -> None:
    pages = ("/models", "/model?id=enterprise", "/scoring-models", "/settings", "/audit")
    with ConsoleServer(tmp_path, roles=[role]) as server, server.client() as client:
        assert {page for page in pages if OFFERS.search(client.get(page).text)} == offered
        refused = {path: client.get(path).status_code for path in ("/model/yaml", "/scoring-model")}
    assert [status == 403 for status in refused.values()] == [role is not Role.MARKETER, role is not Role.ADMINISTRATOR]


def test_whoever_looks_sees_how_the_scores_of_a_scoring_model_are_distributed(tmp_path: Path) -> None:
    with ConsoleServer(tmp_path, roles=[Role.VIEWER]) as server, server.client() as client:
        link = re.search(r'href="(/scoring-model/scores\?id=engagement)"', client.get("/scoring-models").text)
        assert link is not None
        page = client.get(html.unescape(link[1])).text
        told = client.get("/api/v1/scoring-models/engagement/histogram", params={"bands": 40}).json()
        assert client.get("/scoring-model/scores?id=nobody").status_code == 404
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th><td class="number">([^<]+)</td></tr>', page)
    assert [int(leads) for _, leads in rows if leads != "0"] == [one["leads"] for one in told["bands"] if one["leads"]]
    assert f"{told['with_score']} of {told['open_leads']} open leads have a score on this model." in page


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("threshold", "treshold"), "", "<textarea>\n\n</textarea>\u202e"])
def test_a_broker_that_is_away_and_a_wrong_text_lose_nothing(text: str, fresh: ConsoleServer) -> None:
    fresh.worker.failure = KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    with fresh.client() as client:
        answer = write(client, text.replace("\n", "\r\n"))
    assert answer.status_code in {422, 503}
    assert text_in(answer) == text
    assert 'role="alert"' in answer.text


def test_who_writes_on_an_older_state_sees_what_has_changed_and_decides(fresh: ConsoleServer) -> None:
    with fresh.client() as client:
        changed = client.get("/api/v1/models/enterprise", headers={"Accept": "application/yaml"}).text
        other = client.put("/api/v1/models/enterprise?draft=true", content=changed.replace("70", "71"))
        answer = write(client, TEXT, base=changed)
        assert answer.status_code == 412
        assert text_in(answer) == TEXT
        assert "+- {scoring_model: engagement, threshold: 71}" in answer.text
        assert f'name="revision" value="{other.json()["revision"]}"' in answer.text
        again = write(client, TEXT, revision=str(other.json()["revision"]), command_id="c-2")
        assert again.headers["location"] == "/model?id=enterprise&done=applied"


def test_a_new_model_does_not_overwrite_another(fresh: ConsoleServer) -> None:
    with fresh.client() as client:
        answer = write(client, TEXT, id="", revision="0")
    assert answer.status_code == 412
    assert text_in(answer) == TEXT


def test_a_notice_says_only_what_the_console_says(client: httpx.Client) -> None:
    assert "Call us" not in client.get("/models?done=Call us").text


@pytest.mark.parametrize(
    ("address", "missing", "said"),
    [
        ("/model/preview", "job", "A preview begins on the page of a qualification model or in its editor"),
        ("/model/diff", "id", "Versions are compared on the page of their qualification model"),
        ("/model/diff?id=enterprise", "before", "Versions are compared on the page of their qualification model"),
        ("/model/diff?id=enterprise&before=x", "before", "Versions are compared on the page of their qualification"),
        ("/model", "id", "Part of the address is missing or not valid"),
    ],
)
def test_an_address_that_lacks_a_parameter_leads_to_where_one_begins(
    address: str, missing: str, said: str, client: httpx.Client
) -> None:
    answer = client.get(address, headers={"Accept-Language": "en"})
    assert answer.status_code == 400
    main = answer.text.partition("<main")[2]
    assert said in main
    assert f"<code>{missing}</code>" in main
    assert '<a href="/models">Qualification models</a>' in main
