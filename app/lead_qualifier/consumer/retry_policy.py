"""How often an event is tried, and how long to wait between attempts."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential backoff with jitter. The default keeps trying for about nine minutes."""

    attempts: int | None = 12
    """How often an event is tried, including the first time. None: until it is handled."""
    first: float = 1.0
    """Seconds to wait after the first failure."""
    factor: float = 2.0
    """By how much each wait is longer than the one before."""
    longest: float = 120.0
    """The longest wait, in seconds. A wait that RetryLater asks for may be longer."""
    jitter: float = 0.2
    """Each wait is longer or shorter by up to this share, so that consumers do not all return at the same moment."""

    def __post_init__(self) -> None:
        """Raises ValueError for values that make no schedule."""
        if self.attempts is not None and self.attempts < 1:
            raise ValueError("RetryPolicy.attempts must be 1 or more, or None to retry until the event is handled")
        if self.first <= 0 or self.factor < 1 or self.longest < self.first:
            raise ValueError("RetryPolicy needs first > 0, factor >= 1 and longest >= first")
        if not 0 <= self.jitter < 1:
            raise ValueError("RetryPolicy.jitter must be 0 or more and less than 1")

    def exhausted(self, attempts: int) -> bool:
        """Whether `attempts` attempts are all that the policy allows."""
        return self.attempts is not None and attempts >= self.attempts

    def delay(self, failures: int) -> float:
        """Seconds to wait after this many failures (1 or more)."""
        # The wait is the longest one well before 64 doublings, and a float would overflow eventually.
        wait = min(self.longest, self.first * self.factor ** min(failures - 1, 64))
        return wait * random.uniform(1 - self.jitter, 1 + self.jitter)
