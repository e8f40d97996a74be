"""How often somebody may fail to sign in."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lead_qualifier.console.access.errors import TooManyAttempts

_MOST_ADDRESSES = 10_000


class RateLimit:
    """Counts the failures of each address within a minute. Each process counts on its own."""

    def __init__(self, attempts: int = 20, seconds: int = 60, clock: Callable[[], float] = time.monotonic) -> None:
        self._attempts = attempts
        self._seconds = seconds
        self._clock = clock
        self._counting = threading.Lock()
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()  # since when, and how many

    @contextmanager
    def attempt(self, address: str) -> Iterator[None]:
        """Around an attempt, which fails with an exception. Raises TooManyAttempts in place of trying."""
        self._count(address)
        yield
        with self._counting:
            if address in self._counts:
                since, attempts = self._counts[address]
                self._counts[address] = (since, max(0, attempts - 1))

    def _count(self, address: str) -> None:
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
