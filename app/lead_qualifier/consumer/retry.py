"""What a handler raises, and how long until it is called again."""

from __future__ import annotations

import random
from dataclasses import dataclass


class Permanent(Exception):
    """Trying again does not help: the event becomes a dead letter at once.

    The reason is for a person and is kept with the dead letter: name fields and codes, no data of a lead.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TryLater(Exception):
    """Not now: try this event again later, and keep what has the same key waiting until then."""

    def __init__(self, seconds: float | None = None, reason: str = "", *, counts: bool = True) -> None:
        """`seconds` until then; None: as Retry says. Not `counts`: this was no attempt, Retry.attempts is not reached
        by it. `reason` as of Permanent.
        """
        super().__init__(reason or "try later")
        self.seconds = seconds
        self.reason = reason
        self.counts = counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Exponential backoff with jitter. The default tries for about nine minutes."""

    attempts: int | None = 12
    """How often an event is tried, the first time included; None: until it is handled."""
    first: float = 1.0
    """Seconds after the first failure."""
    factor: float = 2.0
    longest: float = 120.0
    """No wait is longer than so many seconds, but for those that TryLater asks for."""
    jitter: float = 0.2
    """Each wait is up to this share longer or shorter, so that consumers do not come back all at once."""

    def __post_init__(self) -> None:
        """Raises ValueError for what makes no schedule."""
        if self.attempts is not None and self.attempts < 1:
            raise ValueError("Retry.attempts must be 1 or more, or None to try until it is handled")
        if self.first <= 0 or self.factor < 1 or self.longest < self.first:
            raise ValueError("Retry needs first > 0, factor >= 1 and longest >= first")
        if not 0 <= self.jitter < 1:
            raise ValueError("Retry.jitter must be 0 or more and less than 1")

    def exhausted(self, attempts: int) -> bool:
        """Was the last attempt made, after so many?"""
        return self.attempts is not None and attempts >= self.attempts

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures (1 or more)."""
        # beyond 64 doublings it is the longest anyway, and a float would overflow some day
        wait = min(self.longest, self.first * self.factor ** min(failures - 1, 64))
        return wait * random.uniform(1 - self.jitter, 1 + self.jitter)
