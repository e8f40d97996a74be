"""Charts of bars: where each bar is. `charts.html` draws them, with a table of the same figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lead_qualifier.wording.numbers import number

WIDTH, HEIGHT = 1000, 200
"""Of the drawing, in its own units; it is stretched to the space that there is."""
_GAP = 0.12
_TICKS = 5
#: The widest bar, unless others show by their widths how much each of them covers.
_WIDEST = 160.0
#: A scale has so many intervals at most, fewer where its numbers have more digits than those of a short one.
_INTERVALS, _FEW_INTERVALS, _SHORT = 6, 3, 5
_SHORTEST = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle in the drawing's units. `series`: its place among the series; `label` and `count`: what it shows."""

    x: float
    y: float
    width: float
    height: float
    series: int
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart, and the table behind it.

    `rows`: each bar's label and a count for each of the `series`. `ticks`: labels below the bars, evenly spread.
    `scale`: in place of them round numbers, each with its place in the drawing's units. `top`: the largest sum.
    `mark`: where a line stands, in the drawing's units.
    """

    series: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    bars: tuple[Bar, ...]
    ticks: tuple[str, ...]
    scale: tuple[tuple[float, str], ...]
    top: int
    mark: float | None = None


def bar_chart(
    labels: Sequence[str],
    series: Mapping[str, Sequence[int]],
    *,
    edges: Sequence[float] | None = None,
    written: Callable[[float], str] = number,
    mark: float | None = None,
) -> Chart:
    """A chart of bars, those of several series on top of each other.

    `labels`: of the bars, from left to right. `series`: by the name of each, a count for each bar. `edges`: where bars
    begin and end, one more than there are bars; None: all are equally wide. `written`: how numbers on the scale of the
    edges are written. `mark`: where a line stands, on the scale of the edges; outside of it, at its end.
    """
    counts = list(zip(*series.values(), strict=True)) if series else [()] * len(labels)
    top = max(map(sum, counts), default=0)
    scale = list(map(float, edges)) if edges is not None else [float(place) for place in range(len(labels) + 1)]
    whole = (scale[-1] - scale[0]) or 1.0
    widest = _WIDEST if edges is None or len(labels) == 1 else WIDTH
    bars = []
    for label, (start, end), of_bar in zip(labels, pairwise(scale), counts, strict=True):
        below = 0
        width = min((end - start) / whole * WIDTH * (1 - _GAP), widest)
        for place, count in enumerate(of_bar):
            if count:
                below += count
                bars.append(
                    Bar(
                        x=round(((start + end) / 2 - scale[0]) / whole * WIDTH - width / 2, 2),
                        y=round(HEIGHT - below / top * HEIGHT, 2),
                        width=round(width, 2),
                        height=round(max(count / top * HEIGHT, 1.0), 2),
                        series=place,
                        label=label,
                        count=count,
                    )
                )
    return Chart(
        series=tuple(series),
        rows=tuple(zip(labels, counts, strict=True)),
        bars=tuple(bars),
        ticks=tuple(_some(labels) if edges is None else ()),
        scale=tuple(
            (round((one - scale[0]) / whole * WIDTH, 2), text)
            for one, text in (_round_numbers(scale[0], scale[-1], written) if labels and edges is not None else ())
        ),
        top=top,
        mark=None if mark is None else round(min(max((mark - scale[0]) / whole, 0.0), 1.0) * WIDTH, 2),
    )


def _some(labels: Sequence[str]) -> list[str]:
    """The first, the last, and some between them at equal distances."""
    if len(labels) <= _TICKS:
        return list(labels)
    return [labels[round(place * (len(labels) - 1) / (_TICKS - 1))] for place in range(_TICKS)]


def _round_numbers(low: float, high: float, written: Callable[[float], str]) -> list[tuple[float, str]]:
    """Round numbers from one to the other, each with how it is written."""
    found = _multiples(low, high, _INTERVALS)
    if any(len(written(one)) > _SHORT for one in found):
        found = _multiples(low, high, _FEW_INTERVALS)
    return [(one, written(one)) for one in found]


def _multiples(low: float, high: float, most: int) -> list[float]:
    """The multiples of a step between the two: 1, 2 or 5 times a power of ten, with `most` intervals at most."""
    length = high - low
    if not _SHORTEST < length < math.inf:
        return []
    power = math.floor(math.log10(length / most))
    step = next(one for one in (1, 2, 5, 10) if length <= one * 10.0**power * most) * 10.0**power
    digits = max(0, -power)
    return [float(round(count * step, digits)) for count in range(math.ceil(low / step), math.floor(high / step) + 1)]
