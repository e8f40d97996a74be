"""How a band of scores is shown, to people and to programs."""

from __future__ import annotations

from lead_qualifier.client.score_bands import Band
from lead_qualifier.wording.numbers import number


def band_text(band: Band, *, whole: bool) -> str:
    """`70 to 74`, of `whole` scores; `0.7 to <0.75`, of others."""
    start, below = band.start, band.below
    if start is None:
        return "all" if below is None else f"below {number(below)}"
    if below is None:
        return f"{number(start)} or more"
    if not whole:
        return f"{number(start)} to <{number(below)}"
    return number(start) if below - 1 <= start else f"{number(start)} to {number(below - 1)}"
