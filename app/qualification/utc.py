"""Every moment the domain holds is in UTC, so that any two compare by their instant and are written with `Z`."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated

from msgspec import Meta

Moment = Annotated[datetime, Meta(tz=True)]
"""An instant: a datetime that knows its zone."""

_NO_OFFSET = timedelta(0)
_zones_of_utc: set[tzinfo] = {UTC}


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
