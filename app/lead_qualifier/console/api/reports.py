"""Reports: what became of the leads that a model qualified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from lead_qualifier.client.csv_output import csv_text
from lead_qualifier.client.model_report import Counts, Durations, ModelReport, figures, report_of
from lead_qualifier.client.qualification_fates import Step
from lead_qualifier.client.report_csv import report_table
from lead_qualifier.client.threshold_advice import acceptance, advice
from lead_qualifier.console.api.forms import sentence
from lead_qualifier.console.api.qualifications import model_name
from lead_qualifier.console.api.report_forms import (
    Acceptance,
    AcceptanceGroup,
    AcceptanceReport,
    Duration,
    Rejections,
)
from lead_qualifier.console.read_model.report_history import ReportedHistory, ReportReader
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.qualification.utc import to_microseconds
from lead_qualifier.wording.sentences import Wording

By = Literal["version", "score", "attribute"]


class Reports:
    """What API and pages ask about acceptance. It is worked out by the rules of `model report`."""

    def __init__(self, reader: ReportReader, rules: RulesReader) -> None:
        self._reader = reader
        self._rules = rules

    def models(self) -> list[tuple[str, str]]:
        """The id and the name of each model, by id."""
        rulebook = self._rules.rulebook()
        return [(one.id, model_name(rulebook, one.id)) for one in rulebook.models]

    def acceptance(
        self, model_id: str, wording: Wording, *, by: By = "version", attribute: str = "", since: datetime | None = None
    ) -> AcceptanceReport:
        """By version, band of scores, or value of an attribute, of qualifications written at `since` or later."""
        report, found = self._report(model_id, attribute if by == "attribute" else None, since)
        groups = {"version": _by_version, "score": _by_score, "attribute": _by_value}[by]
        return AcceptanceReport(
            qualification_model_id=model_id,
            at=datetime.now(UTC),
            since=since,
            complete_from=found.complete_from,
            answers_from=found.answers_from,
            by=by,
            leads=report.leads,
            unreadable_leads=found.unreadable,
            total=Acceptance(**_counts(report.total, report.durations)),
            groups=list(groups(report)),
            advice=[sentence(finding, wording) for finding in advice(report)] if report.total.qualified else [],
        )

    def acceptance_csv(self, model_id: str, *, attribute: str = "", since: datetime | None = None) -> str:
        """The whole report as CSV. Spreadsheets take no text in it for a formula."""
        return csv_text(*report_table(model_id, self._report(model_id, attribute or None, since)[0]))

    def _report(
        self, model_id: str, attribute: str | None, since: datetime | None
    ) -> tuple[ModelReport, ReportedHistory]:
        begin = 0 if since is None else to_microseconds(since)
        found = self._reader.history(model_id, attribute=attribute, since=begin)
        values = None if attribute is None else found.values
        return report_of(found.history, found.fates, values), found


def _by_version(report: ModelReport) -> Iterator[AcceptanceGroup]:
    for one in report.versions:
        yield AcceptanceGroup(version=one.version, **_counts(one.counts, one.durations))


def _by_score(report: ModelReport) -> Iterator[AcceptanceGroup]:
    for one in report.scores:
        name = one.scoring_model_id
        for band, counts in one.bands:
            yield AcceptanceGroup(scoring_model_id=name, start=band.start, below=band.below, **_counts(counts))
        for grade, counts in one.grades.items():
            yield AcceptanceGroup(scoring_model_id=name, grade=grade, **_counts(counts))
        if one.without.qualified:
            yield AcceptanceGroup(scoring_model_id=name, **_counts(one.without))


def _by_value(report: ModelReport) -> Iterator[AcceptanceGroup]:
    for value, counts in report.by_value.items():
        yield AcceptanceGroup(value=value, **_counts(counts))


def _counts(counts: Counts, durations: Mapping[Step, Durations] | None = None) -> dict[str, Any]:
    share = acceptance(counts)
    return {
        **figures(counts),
        "acceptance": None if share is None else round(share, 2),
        "rejections": [Rejections(reason=one, count=count) for one, count in counts.rejected.most_common()],
        "durations": {
            step.value: Duration(count=one.count, median_seconds=round(one.median, 3), p90_seconds=round(one.p90, 3))
            for step, one in (durations or {}).items()
        },
    }
