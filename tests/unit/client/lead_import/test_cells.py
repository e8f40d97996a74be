"""What the text in a cell means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lead_qualifier.client.lead_import.cells import BadCell, Times, as_boolean, as_number, number_of


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("83", ".", 83),
        ("83.50", ".", 83.5),
        ("-1", ".", -1),
        ("+7", ".", 7),
        ("1,234,567.5", ".", 1234567.5),
        ("1.234,5", ",", 1234.5),
        ("1.234", ",", 1234),
        ("12,5", ",", 12.5),
        ("1,234", ",", 1.234),
        ("1 234,5", ",", 1234.5),
        ("1\u202f234", ".", 1234),
        ("1'234.5", ".", 1234.5),
        ("€ 1.234,56", ",", 1234.56),
        ("$1,234", ".", 1234),
        ("12%", ".", 12),
        ("1e3", ".", 1000),
        ("007", ".", 7),
        ("90071992547409931", ".", 90071992547409931.0),
    ],
)
def test_numbers_are_read_by_the_decimal_sign_of_the_map(text: str, decimal: str, number: float) -> None:
    assert number_of(text, decimal) == number


@pytest.mark.parametrize(
    ("text", "decimal"),
    [("12,5", "."), ("1,23,456", "."), ("1.5", ","), ("", "."), ("-", "."), ("nan", "."), ("inf", "."), ("1_000", "."),
     ("٣", "."), ("1e999", "."), ("0x10", "."), ("1 2", ".")],
)  # fmt: skip
def test_a_text_that_could_mean_another_number_is_none(text: str, decimal: str) -> None:
    assert number_of(text, decimal) is None


def test_a_score_has_no_separators_of_thousands() -> None:
    assert as_number(".", grouped=True)("1,234") == b"1234"
    with pytest.raises(BadCell, match=r'must be a number with "." as decimal sign, found .1,234.: if the export'):
        as_number(".", grouped=False)("1,234")


def test_the_other_decimal_sign_is_suggested() -> None:
    with pytest.raises(BadCell, match=r'file: \{decimal: ","\}'):
        as_number(".", grouped=True)("83,5")


@pytest.mark.parametrize(("text", "said"), [("Yes", b"true"), ("JA", b"true"), ("0", b"false"), ("Nein", b"false")])
def test_yes_and_no(text: str, said: bytes) -> None:
    assert as_boolean(text) == said


def test_other_words_are_named_in_values() -> None:
    with pytest.raises(BadCell, match="must be yes or no, found 'maybe': list other words in values"):
        as_boolean("maybe")


@pytest.mark.parametrize(
    ("text", "form", "at"),
    [
        ("2026-11-23", {}, datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T09:30:00+01:00", {}, datetime(2026, 11, 23, 8, 30, tzinfo=UTC)),
        ("2026-11-23 09:30:00.5", {}, datetime(2026, 11, 23, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-07-01", {"time_zone": "Europe/Berlin"}, datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("23.11.2026 09:30", {"dates": ["%d.%m.%Y", "%d.%m.%Y %H:%M"]}, datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23", {"dates": ["%d.%m.%Y"]}, datetime(2026, 11, 23, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_the_map_says(text: str, form: dict[str, object], at: datetime) -> None:
    assert Times(form).of(text) == at


def test_a_time_in_another_form_is_refused_with_what_to_do() -> None:
    with pytest.raises(BadCell, match=r"must be a date or time in ISO 8601.*name other forms in the map"):
        Times({}).of("11/23/2026")
    with pytest.raises(BadCell, match=r"must be %d.%m.%Y, found '23/11/2026'"):
        Times({"dates": ["%d.%m.%Y"]}).of("23/11/2026")


def test_a_date_of_an_attribute_keeps_its_day() -> None:
    assert Times({"time_zone": "Europe/Berlin"}).as_date("2026-11-23") == b'"2026-11-23"'
    assert Times({"time_zone": "Europe/Berlin"}).as_date("2026-11-23 09:30") == b'"2026-11-23T08:30:00Z"'
