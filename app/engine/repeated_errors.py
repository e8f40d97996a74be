"""In an outage librdkafka says the same many times a second: the log gets the first, then one a minute with a count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
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


class RepeatedErrors:
    """A librdkafka `error_cb` that logs each code when it first comes, then at most once in 60 s, how often it came in
    `times`. What comes for the first time in a whole minute is logged at once again. Any thread may call it.
    """

    def __init__(self, event: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._event = event
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[str, _Told] = {}

    def __call__(self, error: KafkaError) -> None:
        """Log the error, or count it."""
        code, now = error.name(), self._clock()
        with self._lock:
            told = self._told.get(code)
            if told is not None and now - told.at < _EVERY_SECONDS:
                told.unsaid += 1
                return
            times = 1 if told is None else told.unsaid + 1
            self._told[code] = _Told(now)
        log.warning(self._event, error=error.str(), code=code, fatal=error.fatal(), times=times)
