"""How often somebody may try to sign in."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from lead_qualifier.console.access.errors import TooManyAttempts

_MOST_ADDRESSES = 10_000


class RateLimit:
    """Counts the attempts of each address within a minute. Each process counts on its own."""

    def __init__(self, attempts: int = 20, seconds: int = 60, clock: Callable[[], float] = time.monotonic) -> None:
        self._attempts = attempts
        self._seconds = seconds
        self._clock = clock
        self._counting = threading.Lock()
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()  # since when, and how many

    def count(self, address: str) -> None:
        """One more attempt. Raises TooManyAttempts."""
        now = self._clock()
        with self._counting:
            since, attempts = self._counts.pop(address, (now, 0))
            if now - since >= self._seconds:
                since, attempts = now, 0
            self._counts[address] = (since, attempts + 1)
            if len(self._counts) > _MOST_ADDRESSES:
                self._counts.popitem(last=False)
        if attempts >= self._attempts:
            raise TooManyAttempts(int(since + self._seconds - now) + 1)
