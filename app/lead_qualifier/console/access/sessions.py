"""Sessions: who is signed in, in which browser, and until when.

They are rows of a table rather than sealed cookies: so signing out ends a session wherever its cookie may be, several
processes share them without sharing a key, and an administrator can end them.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from lead_qualifier.console.access.people import Person, Role
from lead_qualifier.console.access.session_tables import metadata, sessions
from lead_qualifier.console.read_model.database import Database

#: How often (seconds) the use of a session is noted.
_NOTE_SECONDS = 60
#: How long (seconds) after its end a session is known, so that who signs in again may send a form from before.
_KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in.

    `csrf_token`: what every change has to carry; None for a bearer token, which needs none. `ends_at`: by the clock, in
    seconds, unless it is used again before.
    """

    person: Person
    csrf_token: str | None
    ends_at: float


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """`length`: how long a session lasts at most; `idle`: how long without use."""

    length: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=1)


class Sessions:
    """The sessions of browsers, by the tokens in their cookies."""

    def __init__(
        self, database: Database, limits: SessionLimits | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._limits = limits or SessionLimits()
        self._clock = clock
        self._has_table = False
        self._counted = 0

    @property
    def count(self) -> int:
        """How many are open; what it was last if the database does not answer."""
        now, limits = self._clock(), self._limits
        is_open = and_(
            sessions.c.opened_at > now - limits.length.total_seconds(),
            sessions.c.used_at > now - limits.idle.total_seconds(),
        )
        with suppress(SQLAlchemyError):
            self._make_table()
            with self._database.snapshot() as connection:
                self._counted = connection.execute(select(func.count()).where(is_open)).scalar_one()
        return self._counted

    @property
    def seconds(self) -> int:
        """How long a session lasts at most."""
        return int(self._limits.length.total_seconds())

    def open(self, person: Person, previous: str | None = None) -> str:
        """Sign somebody in, and return the token for the cookie.

        `previous`: the token that the browser had before. If it was the same person's, their open forms stay valid, and
        nothing that they typed is lost. Raises SQLAlchemyError.
        """
        self._make_table()
        token, now = secrets.token_urlsafe(32), int(self._clock())
        with self._database.transaction() as connection:
            before: Any = None if previous is None else connection.execute(_row(previous)).one_or_none()
            is_same_person = before is not None and before.subject == person.subject
            gone = now - _KEPT_SECONDS
            connection.execute(
                delete(sessions).where(
                    or_(
                        sessions.c.token == ("" if previous is None else _digest(previous)),
                        sessions.c.opened_at < gone - self._limits.length.total_seconds(),
                        sessions.c.used_at < gone - self._limits.idle.total_seconds(),
                    )
                )
            )
            connection.execute(
                insert(sessions).values(
                    token=_digest(token),
                    subject=person.subject,
                    name=person.name,
                    roles=" ".join(sorted(person.roles)),
                    csrf_token=before.csrf_token if is_same_person else secrets.token_urlsafe(32),
                    opened_at=now,
                    used_at=now,
                )
            )
        return token

    def find(self, token: str | None) -> Session | None:
        """The session with this token; None if there is none, or it has ended. Raises SQLAlchemyError."""
        if token is None:
            return None
        self._make_table()
        with self._database.snapshot() as connection:
            row = connection.execute(_row(token)).one_or_none()
        now = self._clock()
        if row is None or now >= self._ends_at(row.opened_at, row.used_at):
            return None
        if now - row.used_at >= _NOTE_SECONDS:
            with suppress(SQLAlchemyError), self._database.transaction() as connection:  # the next use notes it
                connection.execute(update(sessions).where(sessions.c.token == row.token).values(used_at=int(now)))
        person = Person(row.subject, row.name, frozenset(role for role in Role if role in row.roles.split()))
        return Session(person, row.csrf_token, self._ends_at(row.opened_at, now))

    def close(self, token: str) -> None:
        """Sign out. Raises SQLAlchemyError."""
        with self._database.transaction() as connection:
            connection.execute(delete(sessions).where(sessions.c.token == _digest(token)))

    def _ends_at(self, opened_at: float, used_at: float) -> float:
        limits = self._limits
        return min(opened_at + limits.length.total_seconds(), used_at + limits.idle.total_seconds())

    def _make_table(self) -> None:
        if self._has_table:
            return
        with suppress(SQLAlchemyError), self._database.transaction() as connection:
            metadata.create_all(connection)
        with self._database.transaction() as connection:  # another process may have made it at the same time
            metadata.create_all(connection)
        self._has_table = True


def _row(token: str) -> Any:
    return select(sessions).where(sessions.c.token == _digest(token))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
