"""What sales' answers say about thresholds: only what the figures carry."""

from __future__ import annotations

from collections import Counter

import pytest

from lead_qualifier.client.model_report import Counts, ModelReport, ScoreReport
from lead_qualifier.client.score_bands import Band
from lead_qualifier.client.threshold_advice import acceptance, advice
from lead_qualifier.wording.sentences import IN_ENGLISH


def counts(accepted: int, rejected: int) -> Counts:
    return Counts(
        qualified=accepted + rejected + 5, accepted=accepted, rejected=Counter({"budget": rejected}), waiting=5
    )


def said(*bands: tuple[int, int], threshold: float | None = 70) -> list[str]:
    """The sentences on bands of five points from 70 on, each with so many accepted and rejected."""
    total = counts(sum(accepted for accepted, _ in bands), sum(rejected for _, rejected in bands))
    by_band = tuple((Band(70.0 + 5 * index, 75.0 + 5 * index), counts(*answers)) for index, answers in enumerate(bands))
    score = ScoreReport("engagement", threshold, True, by_band, {}, Counts())
    report = ModelReport(leads=0, total=total, durations={}, versions=(), scores=(score,), fast_track=Counts())
    return [IN_ENGLISH.sentence(finding) for finding in advice(report)]


def test_few_answers_say_nothing() -> None:
    assert said((20, 9), (30, 0)) == [
        "too few answers to tell whether the thresholds are right: sales has answered 59, 60 are needed"
    ]
    assert said((20, 9), (300, 0)) == [
        "engagement: too few answers to compare lower with higher scores; each side needs 30"
    ]
    assert acceptance(counts(20, 9)) is None
    assert acceptance(counts(20, 10)) == pytest.approx(2 / 3)


def test_scores_below_which_sales_accepts_clearly_less_are_named() -> None:
    [sentence] = said((20, 80), (120, 80), (70, 30))
    assert sentence == (
        "engagement: sales accepted 20% below 75 (20 of 100) and 63% from 75 on (190 of 300); a threshold of 75 would "
        "have kept out 105 of these qualifications"
    )


@pytest.mark.parametrize("bands", [((50, 50), (55, 45)), ((80, 20), (20, 80)), ((14, 16), (20, 10))])
def test_shares_that_are_close_by_chance_or_fall_with_the_score_are_no_reason_for_another_threshold(
    bands: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    [sentence] = said(*bands)
    assert "does not clearly rise with the score" in sentence


def test_one_band_or_a_grade_is_not_compared() -> None:
    assert said((100, 100)) == []
    assert said((10, 90), (90, 10), threshold=None) == []
