"""Whether the time that a message gives can be right, compared with the record's time in Kafka."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lead_qualifier.messages.durations import duration_text
from lead_qualifier.messages.errors import BadMessage, BadMessageClass
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.utc import (
    EARLIEST_PLAUSIBLE,
    PLAUSIBLE_BEFORE,
    after,
    from_milliseconds,
    to_milliseconds,
)

DEFAULT_TOLERANCE = timedelta(hours=1)
"""How far ahead of its record a message may be dated, by default."""

#: A clock that shows an earlier time was never set (clocks start in 1970): such a record has no time of its own.
_CLOCK_SET_MS = to_milliseconds(datetime(2000, 1, 1, tzinfo=UTC))
_BEFORE_MS = to_milliseconds(PLAUSIBLE_BEFORE)
_NEAR_MS = timedelta(hours=1) // timedelta(milliseconds=1)


def has_time(record_ms: int) -> bool:
    """Whether a record can have been written at its time (milliseconds since 1970). Brokers accept any time."""
    return _CLOCK_SET_MS <= record_ms < _BEFORE_MS


def near(record_ms: int, now_ms: int) -> int:
    """The record's time, limited to an hour before and after `now_ms` (all in milliseconds since 1970).

    Unless the record is read late, every process computes the same deadline from it.
    """
    return min(max(record_ms, now_ms - _NEAR_MS), now_ms + _NEAR_MS)


class PlausibleTime:
    """Refuses messages that are dated in the future, or outside the years 1970 to 2200.

    They would make everything that comes later count as older, forever. Not thread-safe.
    """

    def __init__(self, tolerance: timedelta = DEFAULT_TOLERANCE) -> None:
        self._tolerance = tolerance
        # A record of this time or later may give any time until then: nearly all records skip the arithmetic.
        self._sure_ms = _BEFORE_MS
        self._sure_until = EARLIEST_PLAUSIBLE
        self._asked_ms, self._latest = 0, PLAUSIBLE_BEFORE
        self._written_ms, self._written = 0, EARLIEST_PLAUSIBLE

    def check(self, at: datetime, record_ms: int, now_ms: int, field: str = "occurred_at") -> None:
        """Raises BadMessage if a record of the time `record_ms` cannot give the time `at`.

        `now_ms` is used for a record without a time of its own (both in milliseconds since 1970).
        """
        if self._sure_ms <= record_ms and EARLIEST_PLAUSIBLE <= at <= self._sure_until:
            return
        if not EARLIEST_PLAUSIBLE <= at < PLAUSIBLE_BEFORE:
            side = Finding("kind_before_1970") if at < EARLIEST_PLAUSIBLE else Finding("kind_after_2200")
            raise BadMessage(Finding("outside_years", field=field, found=side), field, BadMessageClass.IMPLAUSIBLE_TIME)
        known_ms = record_ms if has_time(record_ms) else now_ms
        latest = self.latest(known_ms)
        if at > latest:
            ahead = duration_text(_in_large_units(at - from_milliseconds(known_ms)))
            accepted = duration_text(self._tolerance)
            found = Finding("too_far_ahead", field=field, ahead=ahead, most=accepted)
            raise BadMessage(found, field, BadMessageClass.IMPLAUSIBLE_TIME)
        if has_time(record_ms):
            self._sure_ms, self._sure_until = record_ms, min(latest, PLAUSIBLE_BEFORE - timedelta(microseconds=1))

    def written_ms(self, record_ms: int, now_ms: int) -> int:
        """When a record of the time `record_ms` was written (milliseconds since 1970).

        `now_ms` if the record has no time of its own, and at most the tolerance later: a producer's clock may be wrong.
        """
        return min(record_ms, to_milliseconds(self.latest(now_ms))) if has_time(record_ms) else now_ms

    def written(self, record_ms: int, now_ms: int) -> datetime:
        """When a record of the time `record_ms` was written, as written_ms() says it."""
        written_ms = self.written_ms(record_ms, now_ms)
        if written_ms != self._written_ms:  # the records of a batch have one time
            self._written_ms, self._written = written_ms, from_milliseconds(written_ms)
        return self._written

    def latest(self, time_ms: int) -> datetime:
        """The latest time that is plausible at the time `time_ms` (milliseconds since 1970)."""
        if time_ms != self._asked_ms:  # one time is asked for over and over
            self._asked_ms = time_ms
            self._latest = (
                PLAUSIBLE_BEFORE if time_ms < _CLOCK_SET_MS else after(from_milliseconds(time_ms), self._tolerance)
            )
        return self._latest


def _in_large_units(length: timedelta) -> timedelta:
    """Rounded down to read well: to days from two days on, else to hours, minutes or seconds."""
    for context in (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)):
        if length >= 2 * context:
            return length // context * context
    return length
