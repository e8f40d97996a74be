"""The overview, which is the first page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.overview import Overviews
from lead_qualifier.console.api.overview_forms import Week
from lead_qualifier.console.pages.rendering import Pages, language_of

ADDRESS = "/"
#: Models with more qualifications than the others have a column of their own.
_MOST_MODELS = 5


@dataclass(frozen=True, slots=True)
class Weekly:
    """How many qualifications there were by week and model. `others`: whether the last column is of other models."""

    models: tuple[str, ...]
    others: bool
    rows: tuple[tuple[date, tuple[int, ...]], ...]


def overview_pages(overviews: Overviews, pages: Pages) -> APIRouter:
    """The page of the overview."""
    router = APIRouter()

    @router.get(ADDRESS, dependencies=[allowed(Permission.VIEW)])
    def show(request: Request) -> Response:
        overview = overviews.show(language_of(request).wording)
        return pages.page(request, "overview.html", overview=overview, weekly=weekly(overview.weeks))

    return router


def weekly(weeks: list[Week]) -> Weekly:
    """The table of the weeks, in their order."""
    names = {one.qualification_model_id: one.name for week in weeks for one in week.models}
    totals = Counter(
        {
            name: sum(one.qualified for week in weeks for one in week.models if one.qualification_model_id == name)
            for name in sorted(names)
        }
    )
    shown = sorted(name for name, _ in totals.most_common(_MOST_MODELS))
    others = len(names) > len(shown)
    rows = []
    for week in weeks:
        counts = {one.qualification_model_id: one.qualified for one in week.models}
        cells = [counts.pop(name, 0) for name in shown]
        rows.append((week.monday, (*cells, sum(counts.values())) if others else tuple(cells)))
    return Weekly(tuple(names[one] for one in shown), others, tuple(rows))
