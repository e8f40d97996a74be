"""Instants: one form, right comparisons."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from app.qualification.utc import in_utc


def test_a_time_in_utc_is_taken_as_it_is() -> None:
    at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert in_utc(at) is at


def test_the_utc_of_a_validator_is_utc_too() -> None:
    at = TypeAdapter(datetime).validate_json(b'"2026-11-23T09:00:00Z"')
    assert in_utc(at) is at
    assert in_utc(at) == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_another_zone_is_converted() -> None:
    at = in_utc(datetime(2026, 7, 1, 9, 0, tzinfo=ZoneInfo("Europe/Berlin")))
    assert (at.hour, at.tzinfo) == (7, UTC)


def test_a_zone_that_is_utc_only_in_winter_is_converted_by_the_date() -> None:
    london = ZoneInfo("Europe/London")
    assert in_utc(datetime(2026, 1, 1, 9, 0, tzinfo=london)).hour == 9
    assert in_utc(datetime(2026, 7, 1, 9, 0, tzinfo=london)).hour == 8


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    second = first.replace(fold=1)
    assert in_utc(second) - in_utc(first) == timedelta(hours=1)


@pytest.mark.parametrize(
    "at",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12))),
    ],
)
def test_an_instant_beyond_the_calendar_of_utc_still_compares(at: datetime) -> None:
    assert in_utc(at) == at


class _NoFixedOffset(tzinfo):
    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        return None if dt is None else timedelta(hours=1)

    def dst(self, dt: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, dt: datetime | None) -> str:
        return "somewhere"


def test_any_kind_of_zone_will_do() -> None:
    assert in_utc(datetime(2026, 1, 1, 9, 0, tzinfo=_NoFixedOffset())).hour == 8


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone: give the time with one"):
        in_utc(datetime(2026, 1, 1, 9, 0))  # noqa: DTZ001
