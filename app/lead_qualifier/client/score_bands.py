"""Divides scores into bands of equal width with round edges, such as 70 to 74 and 75 to 79, and counts them."""

from __future__ import annotations

import math
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, chain, count, pairwise

from lead_qualifier.messages.fields import plain

_SAMPLE = 10_000
_OUTLIERS = 0.01
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Band:
    """The scores from `start` (None: from the lowest) to just below `below` (None: to the highest)."""

    start: float | None
    below: float | None


class ScoreBands:
    """Bands of equal width, and one more at either end for outliers.

    The width is 1, 2 or 5 times a power of ten, and edges are multiples of it. A score on an edge is in the band that
    starts there. Outliers are among the lowest and highest hundredth, and more than one width away from the others.
    """

    def __init__(
        self,
        scores: Sequence[float],
        *,
        counts: Sequence[int] | None = None,
        cuts: Collection[float] = (),
        most: int = 20,
    ) -> None:
        """Chooses bands for these scores. `counts`: how often there is each, for scores in ascending order; None: once.
        `cuts`: further edges, such as a threshold. `most`: the number of bands.
        """
        sample = sorted(scores[:: max(1, len(scores) // _SAMPLE)]) if counts is None else _sample(scores, counts)
        self._cuts = frozenset(map(float, cuts))
        self.whole = all(map(float.is_integer, chain(self._cuts, scores)))
        """Whether all scores and cuts are whole numbers."""
        edges = set(self._cuts)
        if sample:
            outside = math.floor(len(sample) * _OUTLIERS)
            usual = sample[outside], sample[-1 - outside]
            edges.update(_edges(usual, (sample[0], sample[-1]), most, whole=self.whole))
        self.edges = tuple(sorted(edges))
        """Where a band ends and the next starts, in ascending order."""

    def index(self, score: float) -> int:
        """The number of the score's band. 0 is the one below the first edge."""
        return bisect_right(self.edges, score)

    def band(self, index: int) -> Band:
        """The band with this number."""
        edges = self.edges
        return Band(edges[index - 1] if index else None, edges[index] if index < len(edges) else None)

    def counted(self, scores: Sequence[float], *, counts: Sequence[int] | None = None) -> tuple[tuple[Band, int], ...]:
        """How many of these scores are in each band, lowest first. `counts`: how often there is each, for scores in
        ascending order; None: once.

        Empty bands at either end are left out, unless they start at a cut.
        """
        if counts is None:
            in_band = Counter(map(partial(bisect_right, self.edges), scores))
        else:
            ends = list(accumulate(counts, initial=0))
            places = [0, *(bisect_left(scores, edge) for edge in self.edges), len(scores)]
            in_band = Counter(
                {index: ends[end] - ends[start] for index, (start, end) in enumerate(pairwise(places)) if end > start}
            )
        shown = [*in_band, *(index for index, edge in enumerate(self.edges, 1) if edge in self._cuts)]
        if not shown:
            return ()
        return tuple((self.band(index), in_band[index]) for index in range(min(shown), max(shown) + 1))


def band_as_json(band: Band) -> dict[str, float]:
    """Its edges, without those that it lacks."""
    edges = {"from": band.start, "below": band.below}
    return {name: plain(edge) for name, edge in edges.items() if edge is not None}


def _sample(scores: Sequence[float], counts: Sequence[int]) -> list[float]:
    """Some of the scores, at equal distances in a list that has each as often as it is there."""
    ends = list(accumulate(counts))
    total = ends[-1] if ends else 0
    return [scores[bisect_right(ends, place)] for place in range(0, total, max(1, total // _SAMPLE))]


def _edges(usual: tuple[float, float], all_of_them: tuple[float, float], most: int, *, whole: bool) -> list[float]:
    """Multiples of one width, around the `usual` scores in at most so many bands, and one more where that is enough."""
    low, high = usual
    finest = max(abs(low), abs(high)) * 1e-9  # so that each edge is a number of its own
    about = min(max(high / most - low / most, finest, 1.0 if whole else 0.0), sys.float_info.max)
    exponent = math.floor(math.log10(about)) if about > 0 else 0
    for power in count(exponent):
        for step in _STEPS:
            first, last, lowest, highest = (math.floor(_multiple(end, step, power)) for end in (*usual, *all_of_them))
            width = _scaled(step, power)
            if last - first < most and width >= finest and (width >= 1 or not whole):
                begin = lowest if lowest >= first - 1 else first
                end = highest if highest <= last + 1 else last
                return [edge for index in range(begin, end + 2) if math.isfinite(edge := _scaled(index * step, power))]
    raise AssertionError("unreachable")


def _multiple(score: float, step: int, power: int) -> float:
    """How many widths the score is away from zero."""
    width = _scaled(step, power)
    return score / width if width and math.isfinite(width) else 0.0


def _scaled(number: int, power: int) -> float:
    """`number` times ten to this power, rounded once: three times a tenth is 0.3."""
    try:
        return float(number * 10**power) if power >= 0 else number / 10**-power
    except OverflowError:
        return math.copysign(math.inf, number)
