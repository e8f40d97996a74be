"""How many open leads have each score is known at once, and exact."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.score_counts import level_of
from lead_qualifier.console.read_model.score_histogram import Meeting, ScoreHistograms
from lead_qualifier.qualification.leads import Lead, Score
from tests.support.console_records import NOON, RecordLog, projected, sqlite_url

scores = st.floats(allow_nan=False, allow_infinity=False)
#: What people type: numbers of at most four digits.
thresholds = st.builds(lambda digits, power: float(f"{digits}e{power}"), st.integers(-9999, 9999), st.integers(-6, 6))


@given(score=scores | thresholds, threshold=thresholds)
@example(score=70.1, threshold=70.1)
@example(score=-70.1, threshold=-70.1)
@example(score=math.nextafter(70.1, 0), threshold=70.1)
@example(score=-0.0, threshold=0.0)
@example(score=99999.5, threshold=99990.0)
def test_a_level_meets_what_its_scores_meet(score: float, threshold: float) -> None:
    assert (level_of(score) >= threshold) == (score >= threshold)


@given(score=scores)
def test_a_level_is_its_own(score: float) -> None:
    assert level_of(level_of(score)) == level_of(score) <= score
    assert math.copysign(1, level_of(0.0 * score)) == 1


def lead(value: float, **more: Any) -> Lead:
    return Lead(scores={"engagement": Score(value, NOON)}, **more)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    log = RecordLog()
    for number, value in enumerate((10, 69.9999, 70, 70.12341, 70.12349, 83.5)):
        log.lead(f"L-{number}", lead(value, known=value != 10))
    log.lead("L-without", Lead(known=True))
    log.lead("L-closed", lead(90, status="disqualified"))
    log.lead("L-qualified", lead(90, status_reason="qualified"))
    log.lead("L-merged", lead(90, merged_into="L-0", merged_at=NOON))
    log.lead("L-erased", lead(90))
    log.erase("L-erased")
    return projected(sqlite_url(tmp_path_factory.mktemp("console")), log.records)


@pytest.mark.parametrize(
    ("threshold", "leads", "perhaps"),
    [
        (0, 6, 0),
        (10, 6, 0),
        (70, 4, 0),
        (70.1, 3, 0),
        (70.12, 3, 0),
        (70.13, 1, 0),
        (70.12345, 1, 2),
        (83.5, 1, 0),
        (83.51, 0, 0),
        (1e300, 0, 0),
    ],
)
def test_a_threshold_is_met_by(threshold: float, leads: int, perhaps: int, database: Database) -> None:
    met = ScoreHistograms(database, unknown_leads="open").meeting("engagement", threshold)
    assert met == Meeting(leads=leads, perhaps=perhaps)


def test_the_bands_hold_every_open_lead_once(database: Database) -> None:
    found = ScoreHistograms(database, unknown_leads="open").of("engagement", cuts=(70.0,), most=8)
    assert (found.open_leads, found.with_score, found.whole) == (7, 6, False)
    assert sum(count for _, count in found.bands) == 6
    assert sum(count for band, count in found.bands if band.start is not None and band.start >= 70) == 4


def test_leads_that_cannot_qualify_because_the_crm_has_not_reported_them_do_not_count(database: Database) -> None:
    histograms = ScoreHistograms(database, unknown_leads="ineligible")
    assert histograms.of("engagement").with_score == 5
    assert histograms.meeting("engagement", 0).leads == 5
    assert histograms.of("engagement").open_leads == 6


def test_a_scoring_model_without_scores_has_no_bands(database: Database, tmp_path: Path) -> None:
    assert ScoreHistograms(database, unknown_leads="open").of("demographic").bands == ()
    empty = ScoreHistograms(Database(sqlite_url(tmp_path)), unknown_leads="open")
    assert (empty.of("engagement").open_leads, empty.meeting("engagement", 0).leads) == (0, 0)
