"""In an outage librdkafka says the same many times a second: the log gets the first, then one a minute with a count."""

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
class _Told:
    at: float
    unsaid: int = 0


class Repeats:
    """Says what is to be told: what is new at once, what repeats at most once in 60 s. Any thread may ask."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[Hashable, _Told] = {}

    def times(self, what: Hashable) -> int:
        """0: do not tell it now. Else how often it came since it was told, this time included."""
        now = self._clock()
        with self._lock:
            told = self._told.get(what)
            if told is not None and now - told.at < _EVERY_SECONDS:
                told.unsaid += 1
                return 0
            self._told[what] = _Told(now)
            return 1 if told is None else told.unsaid + 1


class RepeatedErrors:
    """A librdkafka `error_cb` that logs each code when it first comes, then at most once in 60 s, how often it came in
    `times`.
    """

    def __init__(self, event: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._event = event
        self._repeats = Repeats(clock=clock)

    def __call__(self, error: KafkaError) -> None:
        """Log the error, or count it."""
        if times := self._repeats.times(error.name()):
            log.warning(self._event, error=error.str(), code=error.name(), fatal=error.fatal(), times=times)
