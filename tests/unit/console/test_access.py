"""Nobody uses the console without its link, and no other page can."""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from lead_qualifier.console.access.claims import RolesClaim, roles_by_value
from lead_qualifier.console.access.configuration import access_of, check_access
from lead_qualifier.console.access.link import OneTimeLink
from lead_qualifier.console.access.people import Person, Role
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.run import listen
from lead_qualifier.settings import InvalidSettings, load_settings
from tests.support.console_records import sqlite_url
from tests.support.console_server import ConsoleServer

PERSON = Person("U-4", "Erika Beispiel", frozenset(Role))


@pytest.mark.parametrize("path", ["/", "/leads", "/lead?id=L-1001", "/api/v1/leads", "/api/v1/leads/L-1001"])
def test_without_a_session_nothing_is_shown(path: str, server: ConsoleServer) -> None:
    for cookies in ({}, {server.access.cookie.name: "guessed"}):
        with httpx.Client(cookies=cookies) as client:
            answer = client.get(server.address + path)
        assert answer.status_code == 401
        assert "Weber" not in answer.text


def test_the_link_opens_once() -> None:
    link = OneTimeLink(PERSON)
    assert not link.open("another")
    assert link.open(link.key)
    assert not link.open(link.key)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(server: ConsoleServer) -> None:
    answer = httpx.get(server.link)
    assert answer.headers["location"] == "/"
    given = answer.headers["set-cookie"].lower()
    assert "httponly" in given
    assert "samesite=strict" in given
    assert httpx.get(server.link).status_code == 401


@pytest.mark.parametrize("path", ["/leads", "/api/v1/leads", "/static/console.css", "/nothing", "/api/v1/health"])
def test_every_answer_has_the_protecting_headers(path: str, server: ConsoleServer) -> None:
    headers = httpx.get(server.address + path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "cache-control" in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:6070", "127.0.0.1.evil.example", "[::1]evil.example", "[::1", ""]
)
def test_other_host_names_are_refused(host: str, server: ConsoleServer) -> None:
    answer = httpx.get(f"{server.address}/api/v1/health", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "foreign_host")


@pytest.mark.parametrize("path", ["/static/%2e%2e/app.py", "/static/..%2f..%2fapp.py"])
def test_no_other_files_are_served(path: str, server: ConsoleServer) -> None:
    with httpx.Client() as client:
        request = client.build_request("GET", server.address)
        request.url = request.url.copy_with(raw_path=path.encode())
        assert client.send(request).status_code == 404


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"])
def test_the_switch_of_languages_leads_nowhere_else(back: str, server: ConsoleServer) -> None:
    answer = httpx.get(f"{server.address}/language", params={"to": "de", "back": back})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_loopback_addresses_are_accepted(host: str) -> None:
    check_access(load_settings(console_host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org"])
def test_addresses_that_others_reach_need_a_provider(host: str) -> None:
    with pytest.raises(InvalidSettings, match="LEAD_QUALIFIER_OIDC_ISSUER"):
        check_access(load_settings(console_host=host))
    given = {"console_host": host, "oidc_issuer": "https://login.example.com", "oidc_client_id": "console"}
    with pytest.raises(InvalidSettings, match="LEAD_QUALIFIER_CONSOLE_URL"):
        check_access(load_settings(**given))
    check_access(load_settings(**given, console_url="https://leads.example.com"))


@pytest.mark.parametrize("host", ["127.9.9.9:6070", "[::1]:6070", "[0:0:0:0:0:0:0:1]", "LOCALHOST"])
def test_every_name_of_loopback_is_answered(host: str, server: ConsoleServer) -> None:
    assert httpx.get(f"{server.address}/api/v1/health", headers={"Host": host}).status_code == 200


def test_what_other_programs_set_as_cookies_hides_no_session(tmp_path: Path) -> None:
    """Browsers send the cookies of a host to all its ports."""
    with ConsoleServer(tmp_path) as one:
        session = httpx.get(one.link).cookies[one.access.cookie.name]
        cookies = f'x={{"a":1}}; {one.access.cookie.name}={session}'
        assert httpx.get(f"{one.address}/api/v1/leads", headers={"Cookie": cookies}).status_code == 200


def test_somebody_who_goes_while_a_form_is_sent_is_no_failure(
    server: ConsoleServer, caplog: pytest.LogCaptureFixture
) -> None:
    with server.client(PERSON) as client:
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        headers = {"cookie": cookie, "x-csrf-token": client.headers["x-csrf-token"]}
    headers |= {"host": server.address.removeprefix("http://"), "origin": server.address}
    headers |= {"content-type": "application/x-www-form-urlencoded", "content-length": "100"}
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "query_string": b""}
    scope |= {"path": "/model/edit", "raw_path": b"/model/edit", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1)}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers.items()]
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def leave() -> None:
        await server.application(scope, receive, send)

    asyncio.run(leave())
    assert sent[0]["status"] == 499
    assert "request_failed" not in caplog.text


def test_a_failure_is_logged_without_its_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LookupError("Anna Weber")

    with ConsoleServer(tmp_path) as one, httpx.Client(base_url=one.address) as client:
        client.get(one.link)
        monkeypatch.setattr(one.leads, "search", fail)
        answer = client.get("/api/v1/leads")
    assert (answer.status_code, answer.json()["code"]) == (500, "failed")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "Weber" not in caplog.text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"oidc_client_id": None}, "LEAD_QUALIFIER_OIDC_CLIENT_ID: needed"),
        ({"oidc_issuer": "http://login.example.com"}, "LEAD_QUALIFIER_OIDC_ISSUER: should begin with https://"),
        ({"oidc_issuer": "login.example.com"}, "LEAD_QUALIFIER_OIDC_ISSUER: should begin with https://"),
        ({"oidc_scopes": "profile"}, "LEAD_QUALIFIER_OIDC_SCOPES: should contain openid"),
        ({"oidc_roles": "sales=seller"}, "LEAD_QUALIFIER_OIDC_ROLES: should be value=role"),
        ({"oidc_roles": "marketer"}, "LEAD_QUALIFIER_OIDC_ROLES: should be value=role"),
        ({"oidc_client_secret_file": Path("nowhere")}, "LEAD_QUALIFIER_OIDC_CLIENT_SECRET_FILE: cannot be read"),
        ({"console_url": "http://leads.example.com"}, "LEAD_QUALIFIER_CONSOLE_URL: should begin with https://"),
        ({"console_url": "https://leads.example.com/console"}, "LEAD_QUALIFIER_CONSOLE_URL: should be scheme, host"),
        ({"console_url": "https://anna@leads.example.com"}, "LEAD_QUALIFIER_CONSOLE_URL: should be scheme, host"),
    ],
    ids=str,
)
def test_settings_that_let_nobody_in_are_named(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    right = {"oidc_issuer": "https://login.example.com", "oidc_client_id": "console"}
    database = Database(sqlite_url(tmp_path))
    assert access_of(load_settings(**right), database, port=1).link is None
    with pytest.raises(InvalidSettings, match=re.escape(message)):
        access_of(load_settings(**(right | given)), database, port=1)


def test_a_second_person_needs_a_provider() -> None:
    with pytest.raises(InvalidSettings, match="LEAD_QUALIFIER_APPROVAL"):
        check_access(load_settings(approval="second-person"))


def test_the_secret_may_be_in_a_file_and_change(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    settings = load_settings(oidc_client_secret_file=file, oidc_client_secret="another")
    for secret in ("first", "second"):
        file.write_text(f"{secret}\n")
        assert settings.read_oidc_client_secret() == secret


@pytest.mark.parametrize(
    ("name", "mapping", "claims", "roles"),
    [
        ("roles", "", {"roles": ["viewer", "marketer", "seller"]}, {Role.VIEWER, Role.MARKETER}),
        ("roles", "", {"roles": "operator"}, {Role.OPERATOR}),
        ("realm_access.roles", "", {"realm_access": {"roles": ["viewer"]}}, {Role.VIEWER}),
        ("https://x.example/roles", "", {"https://x.example/roles": ["viewer"]}, {Role.VIEWER}),
        ("roles", "", {"roles": {"viewer": {"org": 1}}}, {Role.VIEWER}),
        ("groups", "CN=Sales,OU=x=marketer; g-2=viewer", {"groups": ["CN=Sales,OU=x", "viewer"]}, {Role.MARKETER}),
        ("roles", "", {"roles": [7, None, {}]}, set()),
        ("a.b.c", "", {"a": ["b"]}, set()),
    ],
    ids=lambda one: None if isinstance(one, set) else str(one),
)
def test_roles_come_from_the_claim(name: str, mapping: str, claims: dict[str, Any], roles: set[Role]) -> None:
    person = RolesClaim(name, roles_by_value(mapping)).person({"sub": "U-7", **claims})
    assert person.roles == roles


def test_an_answer_is_sent_at_once() -> None:
    """Otherwise each request over a kept connection would take 40 ms more, until the client acknowledges its head."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
