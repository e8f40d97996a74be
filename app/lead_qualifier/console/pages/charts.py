"""Charts of bars: where each bar is. `charts.html` draws them, with a table of the same figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH, HEIGHT = 1000, 200
"""Of the drawing, in its own units; it is stretched to the space that there is."""
_GAP = 0.12
_TICKS = 5


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

    `rows`: each bar's label and a count for each of the `series`. `ticks`: the labels below the bars. `top`: the
    largest sum. `mark`: where a line stands, in the drawing's units.
    """

    series: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    bars: tuple[Bar, ...]
    ticks: tuple[str, ...]
    top: int
    mark: float | None = None


def bar_chart(
    labels: Sequence[str],
    series: Mapping[str, Sequence[int]],
    *,
    ticks: Sequence[str] | None = None,
    edges: Sequence[float] | None = None,
    mark: float | None = None,
) -> Chart:
    """A chart of bars, those of several series on top of each other.

    `labels`: of the bars, from left to right. `series`: by the name of each, a count for each bar. `ticks`: what stands
    below, evenly spread; None: some of the labels. `edges`: where bars begin and end, one more than there are bars;
    None: all are equally wide. `mark`: where a line stands, on the scale of the edges; outside of it, at its end.
    """
    counts = list(zip(*series.values(), strict=True)) if series else [()] * len(labels)
    top = max(map(sum, counts), default=0)
    scale = list(map(float, edges)) if edges is not None else [float(number) for number in range(len(labels) + 1)]
    whole = (scale[-1] - scale[0]) or 1.0
    bars = []
    for label, (start, end), of_bar in zip(labels, pairwise(scale), counts, strict=True):
        below = 0
        gap = (end - start) * _GAP
        for number, count in enumerate(of_bar):
            if count:
                below += count
                bars.append(
                    Bar(
                        x=round((start + gap / 2 - scale[0]) / whole * WIDTH, 2),
                        y=round(HEIGHT - below / top * HEIGHT, 2),
                        width=round((end - start - gap) / whole * WIDTH, 2),
                        height=round(max(count / top * HEIGHT, 1.0), 2),
                        series=number,
                        label=label,
                        count=count,
                    )
                )
    return Chart(
        series=tuple(series),
        rows=tuple(zip(labels, counts, strict=True)),
        bars=tuple(bars),
        ticks=tuple(_some(labels) if ticks is None else ticks),
        top=top,
        mark=None if mark is None else round(min(max((mark - scale[0]) / whole, 0.0), 1.0) * WIDTH, 2),
    )


def _some(labels: Sequence[str]) -> list[str]:
    """The first, the last, and some between them at equal distances."""
    if len(labels) <= _TICKS:
        return list(labels)
    return [labels[round(place * (len(labels) - 1) / (_TICKS - 1))] for place in range(_TICKS)]
