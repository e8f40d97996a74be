"""Each role may do what it is for and no more, and no other site's page can do it in somebody's name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Form, Request

from lead_qualifier.console.access.asgi import Application, Scope
from lead_qualifier.console.access.configuration import link_access
from lead_qualifier.console.access.csrf import is_change
from lead_qualifier.console.access.guard import Guard
from lead_qualifier.console.access.people import Permission, Person, Role
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.access.sessions import Sessions
from lead_qualifier.console.api import problems
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.read_model.database import Database
from tests.support.console_records import sqlite_url
from tests.support.console_server import ConsoleServer

PORT = 6070
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"


class Things:
    """An application with a route for each permission, who called it, and how many bytes of a body it received."""

    def __init__(self, folder: Path, roles: frozenset[Role]) -> None:
        self.called: list[str] = []
        self.received = 0
        app = FastAPI()
        for permission in Permission:
            app.add_api_route(f"/{permission}", self._route(permission), methods=["GET", "POST", "DELETE"])
        app.add_api_route("/form", self._form, methods=["POST"])
        app.add_api_route("/body", self._body, methods=["POST"])

        async def refused(_request: Request, error: ApiError) -> object:
            return problems.answer(problems.of_error(error))

        app.add_exception_handler(ApiError, refused)  # type: ignore[arg-type]  # of Starlette, for every exception
        person = Person("U-4", "Erika Beispiel", roles)
        self.access = link_access(Sessions(Database(sqlite_url(folder))), port=PORT, person=person)
        self.token = self.access.sessions.open(person)
        guard = Guard(
            app,
            access=self.access,
            is_public=lambda path: path == "/public",
            refuse=_refuse,
        )
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url=ORIGIN)

    def _route(self, permission: Permission) -> Callable[..., object]:
        def route(person: Annotated[Person, allowed(permission)]) -> str:
            self.called.append(f"{permission} by {person.issued_by}")
            return "done"

        # The annotation is of this function's own, so FastAPI cannot look it up by name.
        route.__annotations__["person"] = Annotated[Person, allowed(permission)]
        return route

    async def _form(self, text: Annotated[str, Form()]) -> str:
        self.called.append(text)
        return text

    async def _body(self, request: Request) -> None:
        async for some in request.stream():
            self.received += len(some)
        self.called.append("with a whole body")

    @property
    def csrf(self) -> str:
        session = self.access.sessions.find(self.token)
        assert session is not None
        assert session.csrf_token is not None
        return session.csrf_token

    def send(self, method: str, path: str, *, signed_in: bool = True, **options: Any) -> httpx.Response:
        headers = options.pop("headers", {})
        if signed_in:
            headers = {**headers, "Cookie": f"{self.access.cookie.name}={self.token}"}
        return asyncio.run(self.client.request(method, path, headers=headers, **options))


def _refuse(_scope: Scope, error: Exception) -> Application:
    assert isinstance(error, ApiError)
    return problems.answer(problems.of_error(error))


@pytest.fixture
def things(tmp_path: Path) -> Things:
    return Things(tmp_path, frozenset(Role))


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("role", "more"),
    [
        (Role.VIEWER, set()),
        (Role.MARKETER, {"edit_definitions"}),
        (Role.ADMINISTRATOR, {"switch_features", "set_scoring_models", "answer_for_sales"}),
        (Role.OPERATOR, {"operate", "reveal_personal_data"}),
    ],
)
def test_a_role_may_do_what_it_is_for(role: Role, more: set[str], tmp_path: Path) -> None:
    things = Things(tmp_path, frozenset({role}))
    for permission in Permission:
        answer = things.send("POST", f"/{permission}", headers={"X-CSRF-Token": things.csrf})
        if permission in {"view", *more}:
            assert answer.status_code == 200
            assert things.called.pop() == f"{permission} by U-4 (Erika Beispiel)"
        else:
            assert code(answer) == (403, "not_allowed")
            assert "This takes the role" in answer.json()["detail"]
    assert things.called == []


def test_roles_add_up(tmp_path: Path) -> None:
    things = Things(tmp_path, frozenset({Role.MARKETER, Role.OPERATOR}))
    assert things.send("GET", "/operate").status_code == 200
    assert things.send("GET", "/edit_definitions").status_code == 200
    assert code(things.send("GET", "/switch_features")) == (403, "not_allowed")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_nobody_may_do_nothing(method: str, things: Things) -> None:
    assert code(things.send(method, "/view", signed_in=False)) == (401, "not_signed_in")
    assert things.called == []


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_change_needs_the_token_of_its_session(method: str, things: Things, tmp_path: Path) -> None:
    other = Things(tmp_path, frozenset(Role))
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": b"\xfc"}, {"X-CSRF-Token": other.csrf}):
        assert code(things.send(method, "/operate", headers=headers)) == (403, "wrong_csrf_token")
    assert things.called == []
    assert things.send(method, "/operate", headers={"X-CSRF-Token": things.csrf}).status_code == 200


def test_a_form_carries_the_token_in_a_field(things: Things) -> None:
    text = "Grüße & mehr\n" * 1000
    assert things.send("POST", "/form", data={"csrf": things.csrf, "text": text}).json() == text
    for wrong in ({}, {"csrf": "x"}, {"csrf": ["x", things.csrf]}):
        assert code(things.send("POST", "/form", data={"text": text, **wrong})) == (403, "wrong_csrf_token")
    many = {f"field-{number}": "" for number in range(10_001)}
    assert code(things.send("POST", "/form", data={"csrf": things.csrf, **many})) == (403, "wrong_csrf_token")
    assert things.called == [text]


def test_a_form_of_another_type_needs_the_header(things: Things) -> None:
    sent: dict[str, Any] = {"data": {"csrf": things.csrf, "text": "a"}, "files": {"file": b"content"}}
    assert code(things.send("POST", "/form", **sent)) == (403, "wrong_csrf_token")
    assert things.send("POST", "/form", headers={"X-CSRF-Token": things.csrf}, **sent).status_code == 200


def test_a_form_has_a_limit(things: Things) -> None:
    sent = things.send("POST", "/form", data={"csrf": things.csrf, "text": "a" * (4 << 20)})
    assert code(sent) == (413, "form_too_large")


def test_a_body_has_a_limit(things: Things) -> None:
    async def parts(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * (1 << 20)

    def send(body: bytes | AsyncIterator[bytes]) -> int:
        things.received = 0
        return things.send("POST", "/body", headers={"X-CSRF-Token": things.csrf}, content=body).status_code

    assert (send(parts(9)), things.received, things.called.pop()) == (200, 9 << 20, "with a whole body")
    assert (send(parts(64)), things.received) == (500, 9 << 20)
    assert (send(b"x" * (10 << 20)), things.received) == (500, 0)
    assert things.called == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": f"https://{HOST}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
    ],
    ids=str,
)
def test_pages_of_other_sites_change_nothing(headers: dict[str, str], things: Things) -> None:
    sent = {**headers, "X-CSRF-Token": things.csrf}
    assert code(things.send("POST", "/operate", headers=sent)) == (403, "foreign_origin")
    assert code(things.send("POST", "/public", signed_in=False, headers=headers)) == (403, "foreign_origin")
    assert things.called == []


@pytest.mark.parametrize(
    "headers", [{"Origin": ORIGIN}, {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}, {"Sec-Fetch-Site": "none"}]
)
def test_own_pages_do(headers: dict[str, str], things: Things) -> None:
    sent = {**headers, "X-CSRF-Token": things.csrf}
    assert things.send("POST", "/operate", headers=sent).status_code == 200


def test_a_session_tells_who_is_signed_in(tmp_path: Path) -> None:
    with ConsoleServer(tmp_path, roles=[Role.MARKETER]) as server, httpx.Client(base_url=server.address) as client:
        assert code(client.get("/api/v1/session")) == (401, "not_signed_in")
        client.get(server.link)
        told = client.get("/api/v1/session").json()
        page = client.get("/leads").text
    token = told.pop("csrf_token")
    assert f'hx-headers=\'{{"X-CSRF-Token": "{token}"}}\'' in page
    assert told == {
        "subject": "U-4",
        "name": "Erika Beispiel",
        "roles": ["marketer"],
        "permissions": ["view", "edit_definitions"],
    }


#: What changes the session only, or has a key of its own.
_OF_NO_ROLE = {"/sign-out", "/api/v1/inbound/dataverse"}
#: What is sent by POST because it is long, and changes nothing.
_READS: set[str] = set()
_PUBLIC = {"/api/v1/health", "/api/v1/openapi.json", "/enter", "/language", "/signed-out", "/static"}


def addresses(server: ConsoleServer) -> set[tuple[str, str]]:
    """Every method and path of the console; ids in paths are `x`."""
    found: set[tuple[str, str]] = set()
    for route in server.guarded.routes:
        included = getattr(route, "effective_route_contexts", None)
        each: list[Any] = [route] if included is None else included()
        for one in each:
            found |= {(method, re.sub(r"\{\w+\}", "x", one.path)) for method in getattr(one, "methods", None) or ()}
    return found


def test_a_viewer_changes_nothing_whatever_the_address(server: ConsoleServer) -> None:
    changes = {(method, path) for method, path in addresses(server) if is_change(method) and path not in _OF_NO_ROLE}
    assert {("POST", "/api/v1/models/x/publish"), ("POST", "/model/edit")} <= changes
    viewer = Person("U-9", "", frozenset({Role.VIEWER}))
    with server.client(viewer) as client:
        answers = {change: client.request(*change) for change in changes}
    not_refused = {change for change, answer in answers.items() if answer.status_code != 403}
    assert not_refused <= {change for change in changes if change[1] in _READS}


def test_nothing_is_shown_without_a_session_whatever_the_address(server: ConsoleServer) -> None:
    reads = {path for method, path in addresses(server) if method == "GET" and path not in _PUBLIC}
    assert {"/api/v1/leads/x", "/lead", "/api/v1/audit"} <= reads
    assert {path: httpx.get(server.address + path).status_code for path in reads} == dict.fromkeys(reads, 401)
