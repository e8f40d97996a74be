"""The histogram beside a threshold, and how many leads meet it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lead_qualifier.console.api.histogram_forms import ScoreBand
from lead_qualifier.console.api.histograms import Histograms
from lead_qualifier.console.api.scoring_models import ScoringModelNotFound
from lead_qualifier.console.pages.charts import Chart, bar_chart
from lead_qualifier.console.pages.editor.values import number_in
from lead_qualifier.messages.fields import plain
from lead_qualifier.wording.sentences import Wording

_BANDS = 40
#: A step of the keyboard moves the threshold by about so many parts of what is shown.
_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdView:
    """`meeting`: how many open leads meet the threshold; None: none was typed. `perhaps`: how many more may.

    `lowest`, `highest` and `step`: of the scale below the chart.
    """

    chart: Chart
    open_leads: int
    with_score: int
    lowest: float
    highest: float
    step: float
    meeting: int | None
    perhaps: int

    @property
    def step_text(self) -> str:
        """The step, as HTML has it."""
        return str(plain(self.step))


def threshold_view(
    histograms: Histograms, scoring_model_id: str, typed: str, *, maximum: float | None, wording: Wording
) -> ThresholdView | None:
    """What is shown beside a threshold; None if there is no such scoring model. `maximum`: its highest score."""
    try:
        found = histograms.of(scoring_model_id, bands=_BANDS)
    except ScoringModelNotFound:
        return None
    number = number_in(typed)
    threshold = float(number) if isinstance(number, int | float) else None
    met = None if threshold is None else histograms.meeting(scoring_model_id, threshold)
    bands = _from_zero_to(maximum, found.bands)
    edges = _edges(bands)
    chart = score_chart(bands, threshold, wording)
    return ThresholdView(
        chart=chart,
        open_leads=found.open_leads,
        with_score=found.with_score,
        lowest=edges[0],
        highest=edges[-1],
        step=_step(edges[-1] - edges[0]),
        meeting=None if met is None else met.leads,
        perhaps=0 if met is None else met.perhaps,
    )


def score_chart(bands: list[ScoreBand], threshold: float | None, wording: Wording) -> Chart:
    """How many leads have which score, with a line at the threshold."""
    edges = _edges(bands)
    return bar_chart(
        [band_label(one, wording) for one in bands],
        {"": [one.leads for one in bands]},
        edges=edges,
        written=wording.value,
        mark=threshold,
    )


def band_label(band: ScoreBand, wording: Wording) -> str:
    """A band in signs that need no language: `70 – <75`."""
    if band.at_least is None:
        return "–" if band.below is None else f"< {wording.value(band.below)}"
    start = wording.value(band.at_least)
    return f"≥ {start}" if band.below is None else f"{start} – <{wording.value(band.below)}"


def _from_zero_to(maximum: float | None, bands: list[ScoreBand]) -> list[ScoreBand]:
    """With the scores that nobody has below and above, so that a threshold has its place among them."""
    whole = list(bands)
    if bands and (first := bands[0].at_least) is not None and first > 0:
        whole.insert(0, ScoreBand(at_least=0, below=first, leads=0))
    if bands and maximum is not None and (last := bands[-1].below) is not None and last < maximum:
        whole.append(ScoreBand(at_least=last, below=maximum, leads=0))
    return whole


def _edges(bands: list[ScoreBand]) -> list[float]:
    """Where the bands begin and end; those that are open at one end are as wide as the narrowest other one."""
    widths = [one.below - one.at_least for one in bands if one.below is not None and one.at_least is not None]
    width = min(widths, default=1.0)
    edges = [0.0]
    if bands:
        first = bands[0]
        edges = [(first.below or width) - width if first.at_least is None else first.at_least]
    for one in bands:
        edges.append(edges[-1] + width if one.below is None else one.below)
    return edges


def _step(length: float) -> float:
    """1, or a tenth of it, a hundredth and so on, where that is too much."""
    if not length or length >= _STEPS / 10:
        return 1.0
    return float(10.0 ** math.floor(math.log10(length / _STEPS)))
