"""When a seller works: hours of the week in their own time zone, over midnight and changes of the clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
#: A seller who does not work within this many days is checked again then.
HORIZON_DAYS = 60


def _clock(text: str) -> tuple[time, int]:
    """The time of day, and how many days later: 24:00 is 00:00 of the next day."""
    return (time(0), 1) if text == "24:00" else (time.fromisoformat(text), 0)


def instant(day: date, clock: time, zone: ZoneInfo, *, last: bool) -> datetime:
    """When local clocks show this time, in UTC.

    For a time that occurs twice: the first occurrence, or the `last`. For one that is skipped: the moment of the skip.
    """
    local = datetime.combine(day, clock)
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if last else first
    low, high = second, first  # skipped: the offset changes between the two
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


class Calendar:
    """Work hours of one seller. Queries with rising times are cheap: the next shift is cached."""

    def __init__(
        self, time_zone: str, work_hours: Mapping[str, Sequence[Sequence[str]]], days_off: Sequence[str] = ()
    ) -> None:
        """`work_hours`: by weekday, pairs of from and to; a `to` not after its `from` is on the day after.

        On a `days_off` (ISO dates) no shift begins.
        """
        self._zone = ZoneInfo(time_zone)
        self._hours = [
            sorted((_clock(start), _clock(end)) for start, end in work_hours.get(day, ())) for day in WEEKDAYS
        ]
        self._off = frozenset(date.fromisoformat(day) for day in days_off)
        self._looked = datetime.max.replace(tzinfo=UTC)
        self._shift: tuple[datetime, datetime] | None = None

    def opens(self, now: datetime) -> datetime:
        """`now` within work hours, otherwise when they begin next; HORIZON_DAYS from now if not before that."""
        shift = self._shift
        if shift is None or now < self._looked or now >= shift[1]:
            beyond = now + HORIZON_DAYS * _DAY
            shift = next((one for one in self._shifts(now) if one[1] > now), (beyond, beyond))
            self._shift, self._looked = shift, now
        return max(now, shift[0])

    def _shifts(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The shifts that may matter from now on, by their beginning; the first two days back may reach into today."""
        today = now.astimezone(self._zone).date()
        found: list[tuple[datetime, datetime]] = []
        for days in range(-2, HORIZON_DAYS):
            day = today + days * _DAY
            found = [one for one in found if one[1] > now]
            if found and days > 1:
                break
            if day not in self._off:
                found += self._of(day)
        yield from sorted(found)

    def _of(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for (start, _), (end, later) in self._hours[day.weekday()]:
            days = 1 if later or end <= start else 0
            begins = instant(day, start, self._zone, last=False)
            ends = instant(day + days * _DAY, end, self._zone, last=True)
            if ends > begins:
                yield begins, ends
