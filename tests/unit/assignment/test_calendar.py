"""Work hours in a seller's own zone: over midnight, on days off, and when the clock changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lead_qualifier.assignment.calendar import WEEKDAYS, Calendar

DAILY = {day: [["09:00", "17:00"]] for day in WEEKDAYS}
NIGHTS = {"sat": [["22:00", "06:00"]]}
EARLY = {"sun": [["02:30", "04:00"]]}


@pytest.mark.parametrize(
    ("zone", "hours", "off", "now", "opens"),
    [
        ("Europe/Berlin", DAILY, (), "2026-11-25T08:00:00Z", "2026-11-25T08:00:00Z"),
        ("Europe/Berlin", DAILY, (), "2026-11-25T16:00:00Z", "2026-11-26T08:00:00Z"),
        ("Europe/Berlin", DAILY, ("2026-11-26",), "2026-11-25T16:00:00Z", "2026-11-27T08:00:00Z"),
        # the clock changes in the night to 29 March and to 25 October
        ("Europe/Berlin", DAILY, (), "2026-03-28T16:00:00Z", "2026-03-29T07:00:00Z"),
        ("Europe/Berlin", DAILY, (), "2026-10-24T15:00:00Z", "2026-10-25T08:00:00Z"),
        ("Europe/Berlin", NIGHTS, (), "2026-03-29T03:59:59Z", "2026-03-29T03:59:59Z"),
        ("Europe/Berlin", NIGHTS, (), "2026-03-29T04:00:00Z", "2026-04-04T20:00:00Z"),
        ("Europe/Berlin", NIGHTS, (), "2026-10-25T04:59:59Z", "2026-10-25T04:59:59Z"),
        # 02:30 is skipped on 29 March, and occurs twice on 25 October
        ("Europe/Berlin", EARLY, (), "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", EARLY, (), "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"),
        ("Asia/Kolkata", {"mon": [["00:00", "24:00"]]}, (), "2026-11-22T18:29:59Z", "2026-11-22T18:30:00Z"),
        ("UTC", {}, (), "2026-01-01T00:00:00Z", "2026-03-02T00:00:00Z"),
    ],
)
def test_work_begins_when_the_clock_on_the_wall_says_so(
    zone: str, hours: Any, off: tuple[str, ...], now: str, opens: str
) -> None:
    calendar = Calendar(zone, hours, off)
    expected = datetime.fromisoformat(opens)
    assert calendar.opens(datetime.fromisoformat(now)) == expected
    assert calendar.opens(expected) == expected or not hours
