"""The report on a qualification model as a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lead_qualifier.client.csv_output import Cell
from lead_qualifier.client.model_report import Counts, Durations, ModelReport, figures
from lead_qualifier.client.qualification_fates import Step
from lead_qualifier.client.score_bands import band_as_json
from lead_qualifier.client.threshold_advice import acceptance


def report_table(model_id: str, report: ModelReport) -> tuple[list[str], list[dict[str, Cell]]]:
    """Columns and rows: one for the total, each version, each band of scores, and each value of an attribute."""
    columns = ["qualification_model_id", "group", "version", "scoring_model_id", "from", "below", "grade"]
    columns += ["value"] if report.by_value else []
    columns += [*figures(report.total), "acceptance"]
    columns += [name for step in Step for name in _durations(step, None)]
    columns += [f"result: {result}" for result in sorted(report.total.results)]
    columns += [_rejected(reason) for reason, _ in report.total.rejected.most_common()]
    return columns, [{"qualification_model_id": model_id, **row} for row in _rows(report)]


def _rejected(reason: str | None) -> str:
    return "rejected without a reason" if reason is None else f"rejected: {reason}"


def _rows(report: ModelReport) -> Iterator[dict[str, Cell]]:
    yield {"group": "total", **_counts(report.total), **_times(report.durations)}
    for one in report.versions:
        yield {"group": "version", "version": one.version, **_counts(one.counts), **_times(one.durations)}
    for score in report.scores:
        name: dict[str, Cell] = {"scoring_model_id": score.scoring_model_id}
        for band, counts in score.bands:
            yield {"group": "score", **name, **band_as_json(band), **_counts(counts)}
        for grade, counts in score.grades.items():
            yield {"group": "grade", **name, "grade": grade, **_counts(counts)}
        if score.without.qualified:
            yield {"group": "no score" if score.bands else "no grade", **name, **_counts(score.without)}
    for value, counts in report.by_value.items():
        yield {"group": "attribute", "value": value, **_counts(counts)}
    if report.fast_track.qualified:
        yield {"group": "fast track", **_counts(report.fast_track)}


def _counts(counts: Counts) -> dict[str, Cell]:
    share = acceptance(counts)
    return {
        **figures(counts),
        "acceptance": None if share is None else round(share, 2),
        **{f"result: {result}": count for result, count in counts.results.items()},
        **{_rejected(reason): count for reason, count in counts.rejected.items()},
    }


def _times(durations: Mapping[Step, Durations]) -> dict[str, Cell]:
    return {name: value for step in Step for name, value in _durations(step, durations.get(step)).items()}


def _durations(step: Step, one: Durations | None) -> dict[str, Cell]:
    return {
        f"{step.value} count": None if one is None else one.count,
        f"{step.value} median seconds": None if one is None else round(one.median, 3),
        f"{step.value} p90 seconds": None if one is None else round(one.p90, 3),
    }
