"""Every moment the domain holds is in UTC, so that any two compare by their instant and are written with `Z`.

Arithmetic with moments never leaves the years 1 to 9999: it stops at the first or the last of them.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated

from msgspec import Meta

Moment = Annotated[datetime, Meta(tz=True)]
"""An instant: a datetime that knows its zone."""

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
EARLIEST_PLAUSIBLE = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing that a message tells of occurred before this; also the time of what is held with an implausible one."""
PLAUSIBLE_BEFORE = datetime(2201, 1, 1, tzinfo=UTC)
"""Nothing that a message tells of occurs at this time or later."""

_NO_OFFSET = timedelta(0)
_zones_of_utc: set[tzinfo] = {UTC}
_EPOCH = EARLIEST_PLAUSIBLE
_MICROSECOND = timedelta(microseconds=1)
_BEFORE_EPOCH_MS = (FIRST - _EPOCH) // timedelta(milliseconds=1)
_AFTER_EPOCH_MS = (LAST - _EPOCH) // timedelta(milliseconds=1)


def in_utc(at: datetime) -> datetime:
    """The same instant in UTC. A fixed zone of offset zero counts as UTC, whatever library it comes from.

    An instant whose UTC form lies outside the years 1 to 9999 keeps its zone; it still compares correctly.
    Raises ValueError for a time without zone.
    """
    zone = at.tzinfo
    if zone is None:
        raise ValueError(f"{at.isoformat()} has no time zone: give the time with one, such as {at.isoformat()}Z")
    # Validators hand out a UTC of their own; converting each of millions costs more than the decision itself.
    if zone in _zones_of_utc:
        return at
    if zone.utcoffset(None) == _NO_OFFSET:
        _zones_of_utc.add(zone)
        return at
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return at


def within_years(at: datetime) -> datetime:
    """The instant in UTC, FIRST or LAST where the years 1 to 9999 end: for people, and for code that needs UTC."""
    return min(max(in_utc(at), FIRST), LAST)


def after(at: datetime, length: timedelta) -> datetime:
    """`length` later (earlier, if it is negative), FIRST or LAST at most."""
    if length < _NO_OFFSET:
        return FIRST if at - FIRST < -length else within_years(at) + length
    return LAST if LAST - at < length else within_years(at) + length


def from_milliseconds(since_epoch: float) -> datetime:
    """The instant so many milliseconds after 1970 began, FIRST or LAST at most."""
    kept = min(max(since_epoch, _BEFORE_EPOCH_MS), _AFTER_EPOCH_MS)
    return _EPOCH + timedelta(milliseconds=kept)


def to_milliseconds(at: datetime) -> int:
    """Milliseconds since 1970 began, rounded down: the inverse of from_milliseconds()."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def from_microseconds(since_epoch: int) -> datetime:
    """The inverse of to_microseconds()."""
    return _EPOCH + timedelta(microseconds=since_epoch)


def to_microseconds(at: datetime) -> int:
    """Microseconds since 1970 began."""
    return (at - _EPOCH) // _MICROSECOND
