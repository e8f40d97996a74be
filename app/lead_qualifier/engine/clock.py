"""The time to process by: this machine's, unless the times that records got at the broker contradict it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import structlog
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, TIMESTAMP_NOT_AVAILABLE

log = structlog.get_logger(__name__)

#: How far this machine's time and a record's may be apart (seconds) before one of them counts as wrong.
DEFAULT_TOLERANCE_SECONDS = 3600.0
#: A smaller difference (seconds) says nothing: a record is written some time after what it holds was processed.
_LEAST_TOLERANCE_SECONDS = 60.0


class Stamp(NamedTuple):
    """The time that a record of ours has at the broker (milliseconds since 1970)."""

    at_ms: int
    #: The broker has set it: LogAppendTime. Else our own Kafka client did, and the broker has accepted it.
    by_broker: bool


def stamp_of(timestamp: tuple[int, int]) -> Stamp | None:
    """The time of a confluent-kafka message; None if it has none."""
    kind, at_ms = timestamp
    return None if kind == TIMESTAMP_NOT_AVAILABLE else Stamp(at_ms, kind == TIMESTAMP_LOG_APPEND_TIME)


def tolerance_ms(seconds: float) -> int:
    """How far two clocks may differ, in milliseconds, for a setting in seconds."""
    return int(max(seconds, _LEAST_TOLERANCE_SECONDS) * 1000)


class Clock:
    """Used by the cycle's thread only."""

    def __init__(
        self,
        tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tolerance_ms = tolerance_ms(tolerance_seconds)
        self._wall = wall
        self._monotonic = monotonic
        self._ahead_ms = 0  # by so much the machine's time is corrected
        self._ran_by = 0.0  # how far wall clock and monotonic one were apart when that was found
        #: The broker has set the time of a record, so that what is taken for the time is known to be right.
        self.confirmed = False
        #: This machine's clock minus the broker's (seconds) at the last record that the broker gave its time; None
        #: before. What of it is the record's way to the broker cannot be told. Any thread may read it.
        self.difference_seconds: float | None = None

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        wall = self._wall()
        if self._ahead_ms:
            if abs(wall - self._monotonic() - self._ran_by) * 1000 <= self.tolerance_ms:
                return int(wall * 1000) - self._ahead_ms
            self._ahead_ms = 0  # it was set since, or the machine has slept: the next transaction tells
        return int(wall * 1000)

    def learn(self, stamp: Stamp) -> None:
        """A record was written just now, and got this time."""
        wall = self._wall()
        self.confirmed = self.confirmed or stamp.by_broker
        ahead_ms = int(wall * 1000) - stamp.at_ms
        if stamp.by_broker:
            self.difference_seconds = ahead_ms / 1000
        if abs(ahead_ms) <= self.tolerance_ms:
            ahead_ms = 0
        if bool(ahead_ms) != bool(self._ahead_ms):
            if ahead_ms:
                log.error(
                    "clock_differs_from_broker",
                    seconds_ahead=round(ahead_ms / 1000),
                    reason="the broker's time is used until this machine's clock is correct",
                )
            else:
                log.info("clock_agrees_with_broker")
        self._ahead_ms = ahead_ms
        self._ran_by = wall - self._monotonic()

    def contradicts(self, clock_ms: int, before_ms: int, stamp: Stamp) -> bool:
        """Does the time by which a partition was processed lie too far ahead of its checkpoint's time at the broker?
        `before_ms`: its clock before, which our own Kafka client's time says nothing about.
        """
        return clock_ms - stamp.at_ms > self.tolerance_ms and (stamp.by_broker or clock_ms > before_ms)
