"""Throttles what repeats in an outage: the log gets the first, then one a minute, with a count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import structlog
from confluent_kafka import KafkaError

log = structlog.get_logger(__name__)

#: Seconds between two lines about the same.
_EVERY_SECONDS = 60.0


@dataclass(slots=True)
class _Logged:
    at: float
    suppressed: int = 0


class Repeats:
    """Lets through what is new immediately, and what repeats at most once in 60 s. Safe from any thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._logged: dict[Hashable, _Logged] = {}

    def times(self, what: Hashable) -> int:
        """0: do not log it now. Otherwise how often it has come since it was logged last, this time included."""
        now = self._clock()
        with self._lock:
            logged = self._logged.get(what)
            if logged is not None and now - logged.at < _EVERY_SECONDS:
                logged.suppressed += 1
                return 0
            self._logged[what] = _Logged(now)
            return 1 if logged is None else logged.suppressed + 1


class RepeatedErrors:
    """A librdkafka `error_cb` that logs each code when it first comes, then at most once in 60 s, with how often it
    came in `times`.
    """

    def __init__(self, event: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._event = event
        self._repeats = Repeats(clock=clock)

    def __call__(self, error: KafkaError) -> None:
        """Log the error, or count it."""
        if times := self._repeats.times(error.name()):
            log.warning(self._event, error=error.str(), code=error.name(), fatal=error.fatal(), times=times)
