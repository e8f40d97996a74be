"""The overview, which is the first page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from fastapi import APIRouter, Request, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.overview import Overviews, announced_of, overview_of
from lead_qualifier.console.api.overview_forms import Week
from lead_qualifier.console.pages.charts import Chart, bar_chart
from lead_qualifier.console.pages.rendering import Pages, language_of
from lead_qualifier.console.pages.terms import marked as _

ADDRESS = "/"
#: The models that qualified most have a colour of their own.
_MOST_MODELS = 3
_OTHERS = _("Other models")


def overview_pages(overviews: Overviews, pages: Pages) -> APIRouter:
    """The page of the overview."""
    router = APIRouter()

    @router.get(ADDRESS, dependencies=[allowed(Permission.VIEW)])
    def show(request: Request) -> Response:
        language = language_of(request)
        looked = overviews.look()
        overview = overview_of(looked, language.wording)
        return pages.page(
            request,
            "overview.html",
            overview=overview,
            announced=announced_of(looked, language.wording),
            weekly=weekly(overview.weeks, pages.filters(request)),
        )

    return router


def weekly(weeks: Sequence[Week], filters: Mapping[str, Callable[..., str]]) -> Chart:
    """The chart of the weeks, by model. Incomplete weeks have an asterisk."""
    counts = [{one.qualification_model_id: one.qualified for one in week.models} for week in weeks]
    names = {one.qualification_model_id: one.name for week in weeks for one in week.models}
    totals = Counter({one: sum(week.get(one, 0) for week in counts) for one in sorted(names)})
    shown = sorted(one for one, _ in totals.most_common(_MOST_MODELS))
    twice = {name for name, times in Counter(names.values()).items() if times > 1}
    series = {
        f"{names[one]} ({one})" if names[one] in twice else names[one]: [week.get(one, 0) for week in counts]
        for one in shown
    }
    if len(names) > len(shown):
        series[filters["translated"](_OTHERS)] = [
            sum(count for one, count in week.items() if one not in shown) for week in counts
        ]
    labels = [f"{filters['day_of_year'](week.monday)}{'' if week.complete else '*'}" for week in weeks]
    return bar_chart(labels, series)
