"""Instants: one form, right comparisons."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from lead_qualifier.qualification.utc import (
    FIRST,
    LAST,
    after,
    from_microseconds,
    from_milliseconds,
    in_utc,
    to_microseconds,
    to_milliseconds,
    within_years,
)


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


BEFORE_ALL = datetime.fromisoformat("0001-01-01T00:00:00+14:00")
AFTER_ALL = datetime.fromisoformat("9999-12-31T23:59:59-23:00")


def test_arithmetic_stops_at_the_ends_of_time() -> None:
    assert (within_years(BEFORE_ALL), within_years(AFTER_ALL)) == (FIRST, LAST)
    assert after(AFTER_ALL, timedelta(days=1)) == LAST
    assert after(BEFORE_ALL, timedelta(days=-1)) == FIRST
    assert after(LAST, timedelta(microseconds=1)) == LAST
    assert after(FIRST, timedelta.max) == after(LAST, timedelta.max) == LAST
    assert after(datetime(2026, 11, 23, 9, tzinfo=UTC), timedelta(hours=1)) == datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize("milliseconds", [10**30, float("inf"), 2**63])
def test_milliseconds_beyond_all_years_are_the_ends_of_time(milliseconds: float) -> None:
    assert from_milliseconds(milliseconds).year == 9999
    assert from_milliseconds(-milliseconds) == FIRST


def test_milliseconds_and_back() -> None:
    at = datetime(2026, 11, 23, 9, 0, 0, 123_000, tzinfo=UTC)
    assert from_milliseconds(to_milliseconds(at)) == at
    assert to_milliseconds(BEFORE_ALL) < to_milliseconds(FIRST) < 0 < to_milliseconds(LAST) < to_milliseconds(AFTER_ALL)


@pytest.mark.parametrize("at", [FIRST, LAST])
def test_microseconds_and_back(at: datetime) -> None:
    assert from_microseconds(to_microseconds(at)) == at
