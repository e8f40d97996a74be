"""The report on acceptance: what became of the leads that a model qualified."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from fastapi import APIRouter, Request, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.api.report_forms import AcceptanceGroup, AcceptanceReport
from lead_qualifier.console.api.report_routes import csv_response
from lead_qualifier.console.api.reports import By, Reports
from lead_qualifier.console.pages.charts import Chart, bar_chart
from lead_qualifier.console.pages.rendering import Pages, language_of, shown
from lead_qualifier.console.pages.terms import marked as _
from lead_qualifier.wording.numbers import number

ADDRESS = "/report"
_BY: Mapping[str, By] = {"version": "version", "score": "score", "attribute": "attribute"}
_NOT_THERE = _("none")
_EMPTY = ""


def report_pages(reports: Reports, pages: Pages) -> APIRouter:
    """The report, and the same as CSV."""
    router = APIRouter()
    may_view = [allowed(Permission.VIEW)]

    @router.get(ADDRESS, dependencies=may_view)
    def show(
        request: Request, *, model: str = _EMPTY, by: str = "version", attribute: str = _EMPTY, since: str = _EMPTY
    ) -> Response:
        models = reports.models()
        asked = {"model": model, "by": by, "attribute": attribute.strip(), "since": since}
        chosen = model or next((one for one, _name in models), "")
        lacks_attribute = by == "attribute" and not asked["attribute"]
        report = None
        groups: list[tuple[str, AcceptanceGroup]] = []
        translated = pages.filters(request)["translated"]
        if chosen and not lacks_attribute:
            report = reports.acceptance(
                chosen,
                language_of(request).wording,
                by=_BY.get(by, "version"),
                attribute=asked["attribute"],
                since=_day(since),
            )
            groups = [(_label(one, translated), one) for one in report.groups]
        return pages.page(
            request,
            "report.html",
            report=report,
            groups=groups,
            chart=_chart(groups, translated),
            models=models,
            asked=asked | {"model": chosen},
            missing=None if report is None else missing_in(report),
            lacks_attribute=lacks_attribute,
        )

    @router.get(f"{ADDRESS}.csv", dependencies=may_view)
    def export(model: str, attribute: str = _EMPTY, since: str = _EMPTY) -> Response:
        return csv_response(reports.acceptance_csv(model, attribute=attribute.strip(), since=_day(since)))

    return router


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a report lacks: decisions, and answers of sales, from before these times; None: it lacks none.

    `whole_day`: the first day from which on nothing is missing, if that has begun.
    """

    decisions: datetime | None
    answers: datetime | None
    whole_day: date | None


def missing_in(report: AcceptanceReport) -> Missing | None:
    """None: the report lacks nothing of the time asked for."""
    since = report.since or datetime.min.replace(tzinfo=UTC)
    decisions, answers = (
        None if one is None or one <= since else one for one in (report.complete_from, report.answers_from)
    )
    times = [one for one in (decisions, answers) if one is not None]
    if not times:
        return None
    whole_day = max(times).date() + timedelta(days=1)
    return Missing(decisions=decisions, answers=answers, whole_day=whole_day if whole_day <= report.at.date() else None)


def _label(group: AcceptanceGroup, translated: Callable[..., str]) -> str:
    """What the group is called."""
    if group.version is not None:
        return f"{translated('Version')} {group.version}"
    if group.scoring_model_id is None:
        return shown(translated(_NOT_THERE) if group.value is None else group.value)
    name = shown(group.scoring_model_id)
    if group.grade is not None:
        return f"{name} {shown(group.grade)}"
    if group.start is None:
        return f"{name}: {translated(_NOT_THERE)}" if group.below is None else f"{name} < {number(group.below)}"
    if group.below is None:
        return f"{name} ≥ {number(group.start)}"
    return f"{name} {number(group.start)} – <{number(group.below)}"


def _chart(groups: Sequence[tuple[str, AcceptanceGroup]], translated: Callable[..., str]) -> Chart:
    return bar_chart(
        [label for label, _group in groups],
        {
            translated(_("Accepted")): [one.accepted for _name, one in groups],
            translated(_("Rejected")): [one.rejected for _name, one in groups],
            translated(_("Without an answer")): [one.qualified - one.accepted - one.rejected for _name, one in groups],
        },
    )


def _day(since: str) -> datetime | None:
    """The beginning of the day in UTC. Raises InvalidParameter."""
    if not since:
        return None
    try:
        return datetime.combine(date.fromisoformat(since), time(), UTC)
    except ValueError as error:
        raise InvalidParameter("must be a date, such as 2026-11-23", parameter="since") from error
