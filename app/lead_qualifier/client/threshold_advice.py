"""Whether the thresholds of a model are right, by what sales answered: only what the figures carry.

Two shares differ clearly if their intervals of 99% (Wilson's) do not overlap. It takes many answers on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from lead_qualifier.client.model_report import Counts, ModelReport, ScoreReport
from lead_qualifier.qualification.finding import Finding

ENOUGH = 30
"""How many answers a share needs. With fewer, no percentage is given."""
_Z = 2.576  # 99% of a normal distribution lie within so many standard deviations


def acceptance(counts: Counts) -> float | None:
    """Which share of its answers accepted, from 0 to 1. None: there are too few."""
    return counts.accepted / counts.answered if counts.answered >= ENOUGH else None


def advice(report: ModelReport) -> Iterator[Finding]:
    """What sales' answers say about each threshold."""
    if report.total.answered < 2 * ENOUGH:
        yield Finding("too_few_answers", answered=report.total.answered, needed=2 * ENOUGH)
        return
    for one in report.scores:
        if one.threshold is not None and len(one.bands) > 1:
            yield _about(one)


def _about(one: ScoreReport) -> Finding:
    best: tuple[float, float, tuple[int, int], tuple[int, int], int] | None = None
    compared = False
    for index in range(1, len(one.bands)):
        edge = one.bands[index][0].start
        below, above = (_sum([counts for _, counts in part]) for part in (one.bands[:index], one.bands[index:]))
        if edge is None or min(below[1], above[1]) < ENOUGH:
            continue
        compared = True
        gap = _interval(*above)[0] - _interval(*below)[1]
        if gap > 0 and (best is None or gap > best[0]):
            best = (gap, edge, below, above, sum(counts.qualified for _, counts in one.bands[:index]))
    name = one.scoring_model_id
    if best is not None:
        _, edge, below, above, spared = best
        return Finding(
            "accepted_less_below",
            scoring_model=name,
            score=edge,
            below_accepted=below[0],
            below_answered=below[1],
            below_percent=_percent(below),
            accepted=above[0],
            answered=above[1],
            percent=_percent(above),
            qualified=spared,
        )
    if compared:
        return Finding("no_clear_difference", scoring_model=name)
    return Finding("too_few_answers_to_compare", scoring_model=name, needed=ENOUGH)


def _sum(counts: list[Counts]) -> tuple[int, int]:
    """How many were accepted, and answered."""
    return sum(one.accepted for one in counts), sum(one.answered for one in counts)


def _percent(counted: tuple[int, int]) -> int:
    return round(100 * counted[0] / counted[1])


def _interval(accepted: int, answered: int) -> tuple[float, float]:
    """Wilson's interval of the share of accepted ones."""
    share, spread = accepted / answered, _Z * _Z / answered
    middle = share + spread / 2
    around = _Z * sqrt(share * (1 - share) / answered + spread / answered / 4)
    return (middle - around) / (1 + spread), (middle + around) / (1 + spread)
