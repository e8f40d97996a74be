"""Bands of scores: round edges, a limited number of them, every score in exactly one."""

from __future__ import annotations

from array import array
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lead_qualifier.cli.score_band_views import band_text
from lead_qualifier.client.score_bands import Band, ScoreBands, band_as_json
from tests.support.examples import examples


def counted(scores: list[float], *cuts: float, most: int = 20) -> list[tuple[str, int]]:
    bands = ScoreBands(array("d", scores), cuts=cuts, most=most)
    return [(band_text(band, whole=bands.whole), count) for band, count in bands.counted(scores)]


def test_whole_scores_are_in_bands_of_whole_numbers() -> None:
    assert counted([70, 71, 74, 75, 83, 99]) == [
        ("70 to 71", 2),
        ("72 to 73", 0),
        ("74 to 75", 2),
        *[(f"{start} to {start + 1}", 0) for start in range(76, 82, 2)],
        ("82 to 83", 1),
        *[(f"{start} to {start + 1}", 0) for start in range(84, 98, 2)],
        ("98 to 99", 1),
    ]
    assert counted([70, 71, 74, 75, 83, 99], most=8) == [
        ("70 to 74", 3),
        ("75 to 79", 1),
        ("80 to 84", 1),
        ("85 to 89", 0),
        ("90 to 94", 0),
        ("95 to 99", 1),
    ]
    assert counted([3, 3, 4]) == [("3", 2), ("4", 1)]


def test_fractions_are_in_bands_of_round_fractions() -> None:
    assert counted([0.1, 0.3, 0.55], most=5) == [
        ("0.1 to <0.2", 1),
        ("0.2 to <0.3", 0),
        ("0.3 to <0.4", 1),
        ("0.4 to <0.5", 0),
        ("0.5 to <0.6", 1),
    ]


def test_a_threshold_starts_a_band_and_is_shown_even_if_no_score_is_near() -> None:
    assert counted([60, 71, 72, 76], 72, most=3) == [("60 to 69", 1), ("70 to 71", 1), ("72 to 79", 2)]
    assert counted([10, 12], 50, most=1) == [("10 to 14", 2), ("15 to 49", 0), ("50 or more", 0)]
    assert counted([], 50) == [("50 or more", 0)]
    assert counted([]) == []


def test_a_few_outliers_do_not_widen_the_bands() -> None:
    assert counted([*([70.0, 79.0] * 500), 1e9, -1e9], most=2) == [
        ("below 70", 1),
        ("70 to 74", 500),
        ("75 to 79", 500),
        ("80 or more", 1),
    ]
    assert counted([*([70.0, 79.0] * 500), 69.0, 80.0], most=2) == [
        ("65 to 69", 1),
        ("70 to 74", 500),
        ("75 to 79", 500),
        ("80 to 84", 1),
    ]


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-200, 200).map(float), max_size=60),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=2),
    st.integers(1, 20),
)
@example(scores=[1.7976931348623157e308, -9.9792015476736e291], cuts=[], most=1)  # as far apart as floats can be
@examples(200)
def test_every_score_is_in_the_one_band_that_is_around_it(scores: list[float], cuts: list[float], most: int) -> None:
    bands = ScoreBands(array("d", scores), cuts=cuts, most=most)
    found = bands.counted(scores)
    assert sum(count for _, count in found) == len(scores)
    assert len(found) <= most + len(set(cuts)) + 4
    assert all(lower.below == upper.start for (lower, _), (upper, _) in pairwise(found))
    for score in scores:
        band = bands.band(bands.index(score))
        assert band.start is None or band.start <= score
        assert band.below is None or score < band.below
    assert set(cuts) <= {band.start for band, _ in found}


@pytest.mark.parametrize(
    ("band", "whole", "text", "edges"),
    [
        (Band(None, None), True, "all", {}),
        (Band(None, -5), True, "below -5", {"below": -5}),
        (Band(-10, -5), True, "-10 to -6", {"from": -10, "below": -5}),
        (Band(0.5, 1), False, "0.5 to <1", {"from": 0.5, "below": 1}),
        (Band(90, None), True, "90 or more", {"from": 90}),
    ],
)
def test_a_band_is_shown_by_its_edges(band: Band, whole: bool, text: str, edges: dict[str, float]) -> None:
    assert band_text(band, whole=whole) == text
    assert band_as_json(band) == edges


@given(scores=st.lists(st.floats(-1000, 1000), max_size=60), cut=st.floats(-1000, 1000))
def test_scores_with_their_counts_are_counted_as_each_of_them_is(scores: list[float], cut: float) -> None:
    counts = Counter(scores)
    levels = sorted(counts)
    once = ScoreBands(sorted(scores), cuts=(cut,))
    often = ScoreBands(levels, counts=[counts[level] for level in levels], cuts=(cut,))
    assert often.edges == once.edges
    assert often.counted(levels, counts=[counts[level] for level in levels]) == once.counted(scores)
