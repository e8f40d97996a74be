"""The link that signs one browser in, for the person who started the console on this machine."""

from __future__ import annotations

import hmac
import secrets
import threading

from lead_qualifier.console.access.people import Person


class OneTimeLink:
    """`person`: in whose name it signs in."""

    def __init__(self, person: Person, key: str | None = None) -> None:
        """`key`: of a link that was made already."""
        self.key = secrets.token_urlsafe(32) if key is None else key
        """The secret of the link."""
        self.person = person
        self._opening = threading.Lock()
        self._used = False

    def open(self, key: str) -> bool:
        """Whether this is the key, and was not used before."""
        with self._opening:
            if self._used or not hmac.compare_digest(key.encode(), self.key.encode()):
                return False
            self._used = True
            return True
