"""With approval by a second person, nobody publishes what they wrote themselves, by API or on a page."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete, func, select

from lead_qualifier.console.access.people import Person, Role, subject_in
from lead_qualifier.console.read_model.tables import trail
from lead_qualifier.messages.definition_writing import yaml_lines
from tests.support.console_sales_force import WELCOME
from tests.support.console_server import ConsoleServer

MODEL = "/api/v1/models/nurture"
ROLES = frozenset({Role.MARKETER})
ANNA = Person("U-1", "Anna (Sales)", ROLES)
ANNA_MARRIED = Person("U-1", "Anna Neu", ROLES)
BERTA = Person("U-2", "Berta", ROLES)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ConsoleServer]:
    with ConsoleServer(tmp_path, second_person=True) as running:
        yield running


@pytest.fixture
def clients(server: ConsoleServer) -> Iterator[list[httpx.Client]]:
    """Of Anna, of Anna by another name, and of Berta."""
    with ExitStack() as stack:
        yield [stack.enter_context(server.client(person)) for person in (ANNA, ANNA_MARRIED, BERTA)]


def apply(client: httpx.Client, threshold: int, more: str = "") -> httpx.Response:
    criterion = f"{{scoring_model: engagement, threshold: {threshold}}}"
    text = f"id: nurture\nmatch: any\nactions: {{sales_ready: true}}\ncriteria: [{criterion}]"
    answer = client.put(MODEL + more, content=text)
    assert answer.status_code in {200, 201}, answer.text
    return answer


def publish(client: httpx.Client, *, replace: bool = False, revision: str = "*") -> tuple[int, str]:
    params = {"replace": "true"} if replace else {}
    answer = client.post(f"{MODEL}/publish", params=params, headers={"If-Match": revision})
    return answer.status_code, answer.json()["code"]


REFUSED = (403, "needs_second_person")
PUBLISHED = (200, "published")


def test_somebody_else_publishes_what_somebody_wrote(clients: list[httpx.Client]) -> None:
    anna, married, berta = clients
    apply(anna, 40)
    assert publish(anna) == REFUSED
    assert publish(married) == REFUSED  # a name may change, the subject does not
    assert publish(berta) == PUBLISHED
    assert berta.post(f"{MODEL}/stop").status_code == 200
    assert publish(anna) == REFUSED  # it is still her text


def test_a_draft_that_replaces_a_live_version_needs_a_second_person_too(clients: list[httpx.Client]) -> None:
    anna, _, berta = clients
    apply(anna, 40)
    assert publish(berta) == PUBLISHED
    apply(berta, 45, "?draft=true")
    assert publish(berta, replace=True) == REFUSED
    assert publish(anna, replace=True)[0] == 200


def test_to_apply_the_same_once_more_makes_nobody_its_author(clients: list[httpx.Client]) -> None:
    anna, _, berta = clients
    apply(anna, 40)
    apply(berta, 40)
    assert publish(anna) == REFUSED
    assert publish(berta) == PUBLISHED


def test_what_is_checked_is_what_becomes_live(clients: list[httpx.Client], monkeypatch: pytest.MonkeyPatch) -> None:
    anna, _, berta = clients
    first = apply(anna, 40).headers["etag"]
    second = apply(berta, 45).headers["etag"]
    assert publish(berta, revision=first) == (412, "stale_revision")
    assert publish(berta, revision=second) == REFUSED
    monkeypatch.setattr("lead_qualifier.console.api.approval._WAIT_SECONDS", 0.1)
    assert publish(anna, revision='"99"') == REFUSED  # the trail does not tell yet who wrote it
    assert publish(anna, revision=second) == PUBLISHED


def test_what_nobody_is_known_to_have_written_has_to_be_applied_again(
    clients: list[httpx.Client], server: ConsoleServer
) -> None:
    anna, _, berta = clients
    apply(anna, 40)
    assert publish(berta) == PUBLISHED
    berta.post(f"{MODEL}/stop")
    with server.database.transaction() as connection:
        of_the_model = trail.c.subject == b"nurture"
        first = connection.execute(select(func.min(trail.c.offset)).where(of_the_model)).scalar_one()
        connection.execute(delete(trail).where(of_the_model, trail.c.offset == first))
    answer = berta.post(f"{MODEL}/publish")
    assert (answer.status_code, answer.json()["code"]) == REFUSED
    assert "apply it again" in answer.json()["detail"]
    apply(anna, 40)
    assert publish(anna) == REFUSED
    assert publish(berta) == PUBLISHED


def test_what_the_trail_does_not_tell_yet_is_not_published(
    clients: list[httpx.Client], server: ConsoleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = clients[0]
    revision = apply(anna, 40).headers["etag"]
    with server.database.transaction() as connection:  # as while everything is read again
        connection.execute(delete(trail))
    monkeypatch.setattr("lead_qualifier.console.api.approval._WAIT_SECONDS", 0.1)
    assert publish(anna) == (412, "stale_revision")
    assert publish(anna, revision=revision) == REFUSED
    missing = anna.post("/api/v1/models/nowhere/publish")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_model")


def test_repeats_do_not_hide_who_wrote_it(clients: list[httpx.Client], monkeypatch: pytest.MonkeyPatch) -> None:
    anna = clients[0]
    monkeypatch.setattr("lead_qualifier.console.api.approval._LOOKED_AT", 3)
    anna.headers["Idempotency-Key"] = "one-command"
    for _ in range(7):
        apply(anna, 40)
    del anna.headers["Idempotency-Key"]
    assert publish(anna) == REFUSED


def test_the_page_of_a_definition_refuses_it_too(clients: list[httpx.Client]) -> None:
    anna, _, berta = clients
    text = "\n".join(yaml_lines({**WELCOME, "id": "greeting"}))
    applied = anna.put("/api/v1/definitions/journey/greeting", content=text)
    revision = str(applied.json()["revision"])

    def publish_on_the_page(client: httpx.Client) -> httpx.Response:
        fields = {"id": "greeting", "action": "publish", "revision": revision, "command_id": str(uuid.uuid4())}
        csrf = client.headers["X-CSRF-Token"]
        with httpx.Client(base_url=client.base_url, cookies=client.cookies) as browser:
            return browser.post("/journey", data={**fields, "csrf": csrf})

    refused = publish_on_the_page(anna)
    assert refused.status_code == 403
    assert "Somebody else has to publish it" in refused.text
    assert publish_on_the_page(berta).status_code == 303
    assert berta.get("/api/v1/definitions/journey/greeting").json()["status"] == "live"


def test_without_the_setting_one_person_does_both(tmp_path: Path) -> None:
    with ConsoleServer(tmp_path) as server, server.client(ANNA) as anna:
        apply(anna, 40)
        assert publish(anna) == PUBLISHED


@pytest.mark.parametrize(
    ("issued_by", "subject"),
    [("U-1 (Anna (Sales))", "U-1"), ("U-1", "U-1"), ("anna@host", "anna@host"), ("a b (Anna)", "a b")],
)
def test_the_subject_of_an_author(issued_by: str, subject: str) -> None:
    assert subject_in(issued_by) == subject
