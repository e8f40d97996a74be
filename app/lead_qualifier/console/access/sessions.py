"""Sessions: who is signed in, in which browser, and until when."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lead_qualifier.console.access.people import Person

SESSION_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in. `csrf_token`: what every change has to carry; None for a bearer token, which needs none."""

    person: Person
    csrf_token: str | None = None


class Sessions:
    """The sessions of browsers, by the tokens in their cookies."""

    def __init__(self, *, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`port`: of the console. It is in the cookie's name, because browsers send cookies to every port of a host."""
        self.cookie = f"lead-qualifier-{port}"
        self._clock = clock
        self._open: dict[str, tuple[Person, float]] = {}

    @property
    def count(self) -> int:
        """How many are open."""
        now = self._clock()
        return sum(now < ends for _, ends in [*self._open.values()])

    def open(self, person: Person) -> str:
        """Sign somebody in. Returns the token for the cookie."""
        token = secrets.token_urlsafe(32)
        self._open[_digest(token)] = (person, self._clock() + SESSION_SECONDS)
        return token

    def find(self, token: str | None) -> Session | None:
        """The session with this token; None if there is none, or it has ended."""
        if token is None or (found := self._open.get(_digest(token))) is None:
            return None
        person, ends = found
        return Session(person, csrf_token_of(token)) if self._clock() < ends else None


class OneTimeLink:
    """A link that signs one browser in, in the name of whoever started the console."""

    def __init__(self, sessions: Sessions, person: Person, key: str | None = None) -> None:
        """`key`: of a link that was made already."""
        self.key = secrets.token_urlsafe(32) if key is None else key
        """The secret of the link."""
        self._sessions = sessions
        self._person = person
        self._opening = threading.Lock()
        self._used = False

    def open(self, key: str) -> str | None:
        """The token of a session for the key of the link; None if it is another key, or was used before."""
        with self._opening:
            if self._used or not hmac.compare_digest(key.encode(), self.key.encode()):
                return None
            self._used = True
            return self._sessions.open(self._person)


class Access:
    """Who gets in, and how."""

    def __init__(
        self, *, port: int, person: Person, key: str | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`person`: in whose name the link signs in. `key`: of a link that was made already."""
        self.sessions = Sessions(port=port, clock=clock)
        self.link = OneTimeLink(self.sessions, person, key)


def csrf_token_of(token: str) -> str:
    """The token of a session's forms. It says nothing about the session's own token, and is of no use without it."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def _digest(token: str) -> str:
    """What is kept of a token: whoever reads it cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()
