"""seller-changed: invalid fields of a seller are refused by name."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tzlocal.windows_tz import win_tz

from lead_qualifier.messages.assignment import decode_seller_changed
from lead_qualifier.messages.errors import BadMessage
from tests.support.messages import encode

SELLER: dict[str, Any] = {
    "event_id": "e-1",
    "seller_id": "S-1",
    "occurred_at": "2026-11-23T07:00:00Z",
    "time_zone": "Europe/Berlin",
}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"time_zone": "Europe/Atlantis"},
            "time_zone 'Europe/Atlantis' does not exist: use an IANA name such as Europe/Berlin",
        ),
        ({"time_zone": "europe/berlin"}, "time_zone 'europe/berlin' does not exist"),
        (
            {"days_off": ["2026-12-24", "2026-02-30"]},
            "days_off.1 must be a date that exists, such as 2026-12-24",
        ),
        ({"days_off": ["24.12.2026"]}, "days_off.0 must be text of the form"),
        ({"work_hours": {"mon": [["9:00", "17:00"]]}}, "work_hours.mon.0.0 must be text of the form"),
        ({"work_hours": {"mon": [["09:00"]]}}, "work_hours.mon.0 must have at least 2 entries"),
        ({"work_hours": {"mon": [["09:00", "12:00", "17:00"]]}}, "work_hours.mon.0 must have at most 2 entries"),
        ({"work_hours": {"mo": []}}, "must be one of mon, tue, wed"),
        ({"capacity": {"max": -1}}, "capacity.max must be 0 or more"),
        ({"capcity": {"max": 3}}, "capcity is unknown: did you mean capacity?"),
        ({"staus": "inactive"}, "staus is unknown: did you mean status?"),
        ({"capacity": {"mx": 3}}, "capacity.mx is unknown: did you mean max?"),
        ({"colour": "red"}, "colour is unknown: there are attributes, available, capacity, days_off,"),
        ({"work_hours": {"mon": [["09:00", "09:00"]]}}, "work_hours.mon.0 must start and end at different times"),
        ({"work_hours": {"mon": [["24:00", "08:00"]]}}, "and start before 24:00; a whole day is 00:00 to 24:00"),
        ({"time_zone": "localtime"}, "time_zone 'localtime' does not exist"),
        ({"time_zone": "Factory"}, "time_zone 'Factory' does not exist"),
        ({"time_zone": "W. Europe Time"}, "or a Windows name such as"),
    ],
)
def test_what_is_wrong_with_a_seller_is_named(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadMessage) as told:
        decode_seller_changed(b"S-1", encode({**SELLER, **fields}))
    assert reason in told.value.reason
    assert told.value.field.partition(".")[0] == next(iter(fields))


def test_a_seller_with_days_off_that_there_are_is_taken() -> None:
    fields = {"days_off": ["2028-02-29"], "work_hours": {"mon": [["22:00", "06:00"], ["09:00", "24:00"]]}}
    assert decode_seller_changed(b"S-1", encode({**SELLER, **fields}))


@pytest.mark.parametrize(
    ("windows", "iana"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Eastern Standard Time", "America/New_York"),
        ("India Standard Time", "Asia/Calcutta"),
    ],
)
def test_a_time_zone_may_have_the_name_that_windows_gives_it(windows: str, iana: str) -> None:
    seller = decode_seller_changed(b"S-1", encode({**SELLER, "time_zone": windows}))
    assert isinstance(seller, dict)
    assert seller["time_zone"] == iana


def test_every_zone_that_windows_names_is_one_that_there_is() -> None:
    for name in win_tz:
        seller = decode_seller_changed(b"S-1", encode({**SELLER, "time_zone": name}))
        assert isinstance(seller, dict)
        assert ZoneInfo(seller["time_zone"]).key == seller["time_zone"]


def test_a_record_without_value_says_that_a_seller_left() -> None:
    assert decode_seller_changed(b"S-1", None) == "S-1"
    with pytest.raises(BadMessage, match="seller_id"):
        decode_seller_changed(None, None)
