"""Days and times on pages cannot be misread, whatever country the reader is from."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from lead_qualifier.console.languages import LANGUAGES
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.utc import LAST

AT = datetime(2026, 2, 3, 19, 5, 7, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("language", "day_of_year", "day", "moment", "exact"),
    [
        ("en", "3 Feb", "3 Feb 2026", "3 Feb 2026, 18:05 UTC", "3 Feb 2026, 18:05:07 UTC"),
        ("de", "03.02.", "03.02.2026", "03.02.2026, 18:05 UTC", "03.02.2026, 18:05:07 UTC"),
    ],
)
def test_a_day_and_a_time(language: str, day_of_year: str, day: str, moment: str, exact: str) -> None:
    wording = LANGUAGES[language].wording
    assert (wording.day_of_year(date(2026, 2, 3)), wording.day(date(2026, 2, 3))) == (day_of_year, day)
    assert (wording.moment(AT), wording.exact(AT)) == (moment, exact)
    assert wording.sentence(Finding("barred", model="m", rejected_at=AT.astimezone(UTC))).count(moment) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_last_moment_has_a_time(language: str) -> None:
    assert "9999" in LANGUAGES[language].wording.exact(LAST)
