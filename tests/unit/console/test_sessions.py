"""A session ends in time, and wherever it is; forms that were open before go on after signing in again."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Request
from sqlalchemy import text
from starlette.responses import StreamingResponse

from lead_qualifier.console.access.people import Person, Role
from lead_qualifier.console.access.sessions import SessionLimits, Sessions
from lead_qualifier.console.read_model.database import Database
from tests.support.console_records import sqlite_url
from tests.support.console_server import ConsoleServer

ERIKA = Person("U-7", "Erika Beispiel", frozenset({Role.MARKETER, Role.OPERATOR}))
LIMITS = SessionLimits(length=timedelta(hours=8), idle=timedelta(minutes=30))


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Callable[[], Sessions]:
    """A process that shares the database with the others."""
    return lambda: Sessions(Database(sqlite_url(tmp_path)), LIMITS, clock)


def test_every_process_knows_a_session(make: Callable[[], Sessions]) -> None:
    one, other = make(), make()
    token = one.open(ERIKA)
    found = other.find(token)
    assert found == one.find(token)
    assert found is not None
    assert found.person == ERIKA
    other.close(token)
    assert one.find(token) is None
    assert one.find("guessed") is None


def test_a_session_ends_without_use(make: Callable[[], Sessions], clock: Clock) -> None:
    sessions = make()
    token = sessions.open(ERIKA)
    for _ in range(4):
        clock.now += 29 * 60
        assert sessions.find(token) is not None
    clock.now += 31 * 60
    assert sessions.find(token) is None


def test_a_session_ends_with_use_too(make: Callable[[], Sessions], clock: Clock) -> None:
    sessions = make()
    token = sessions.open(ERIKA)
    ends = clock.now + 8 * 3600
    while clock.now + 20 * 60 < ends:
        clock.now += 20 * 60
        found = sessions.find(token)
        assert found is not None
        assert found.ends_at <= ends
    clock.now = ends
    assert sessions.find(token) is None


def test_forms_from_before_stay_valid_for_the_same_person_only(make: Callable[[], Sessions], clock: Clock) -> None:
    sessions = make()
    first = sessions.open(ERIKA)
    before = sessions.find(first)
    clock.now += 3600
    assert sessions.find(first) is None
    again = sessions.find(second := sessions.open(ERIKA, previous=first))
    other = sessions.find(sessions.open(Person("U-8", "", ERIKA.roles), previous=second))
    elsewhere = sessions.find(sessions.open(ERIKA))
    assert before is not None
    assert again is not None
    assert other is not None
    assert elsewhere is not None
    assert before.csrf_token == again.csrf_token
    assert len({again.csrf_token, other.csrf_token, elsewhere.csrf_token}) == 3
    assert sessions.find(second) is None  # signing in again ends the session that the browser had


def test_tokens_are_not_stored_and_old_sessions_go(make: Callable[[], Sessions], clock: Clock, tmp_path: Path) -> None:
    sessions = make()
    token = sessions.open(ERIKA)

    def stored() -> list[str]:
        with Database(sqlite_url(tmp_path)).snapshot() as connection:
            return [str(row) for row in connection.execute(text("SELECT * FROM lead_qualifier_sessions"))]

    assert token not in "".join(stored())
    clock.now += 3 * 86400
    sessions.open(Person("U-8", "", ERIKA.roles))
    assert len(stored()) == 1
    assert "Erika" not in stored()[0]


def test_a_rebuild_of_the_projection_signs_nobody_out(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path))
    sessions = Sessions(database)
    token = sessions.open(ERIKA)
    with database.transaction() as connection:
        Database.recreate(connection)
    assert sessions.find(token) is not None


def test_sessions_have_a_file_of_their_own_beside_that_of_the_projection(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'console.sqlite3'}")
    with database.transaction() as projecting:
        projecting.execute(text("CREATE TABLE held_by_a_long_transaction (id INTEGER)"))
        began = time.monotonic()
        assert Sessions(database.beside("sessions")).open(ERIKA)
        assert time.monotonic() - began < 5
    file = tmp_path / "console-sessions.sqlite3"
    assert file.stat().st_mode & 0o077 == 0


def test_a_stream_ends_with_its_session(tmp_path: Path) -> None:
    with ConsoleServer(tmp_path) as server:
        sessions = server.access.sessions
        sessions._limits = SessionLimits(length=timedelta(seconds=2))

        async def forever(request: Request) -> Any:
            async def events() -> Any:
                while not await request.is_disconnected():
                    yield b"data: 1\n\n"

            return StreamingResponse(events(), media_type="text/event-stream")

        server.guarded.add_api_route("/forever", forever)
        with server.client() as client, client.stream("GET", "/forever") as answer:
            assert answer.status_code == 200
            assert b"".join(answer.iter_raw()).endswith(b"data: 1\n\n")
        assert httpx.get(f"{server.address}/api/v1/health").status_code == 200
