"""How the report on a qualification model is shown, to people and to programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lead_qualifier.cli.score_band_views import band_text
from lead_qualifier.cli.screen import columns, moment, note, say, warn
from lead_qualifier.client.model_report import Counts, Durations, ModelReport, ScoreReport, figures
from lead_qualifier.client.model_report_reader import ReportedModel, Retained
from lead_qualifier.client.qualification_fates import Step
from lead_qualifier.client.score_bands import band_as_json
from lead_qualifier.client.threshold_advice import acceptance, advice
from lead_qualifier.messages.fields import plain
from lead_qualifier.wording.numbers import number
from lead_qualifier.wording.sentences import IN_ENGLISH

_MOST_REASONS = 15
#: The units of a length, in seconds, from the longest to the shortest.
_UNITS = {"d": 86_400, "h": 3600, "min": 60, "s": 1}


def show(reported: ReportedModel) -> None:
    """All of it as text."""
    report, total = reported.report, reported.report.total
    for line in _reservations(reported):
        warn(line)
    since = "" if reported.since is None else f" since {moment(reported.since)}"
    say(f"{reported.model_id}: {total.qualified:,} qualifications of {report.leads:,} leads{since}")
    for retained in reported.retained:
        say(f"  {_retained(retained)}")
    if not total.qualified:
        return
    say("")
    _fates(report)
    if report.durations:
        say("")
        columns(
            ("time", "cases", "median", "9 in 10 within"),
            (
                (step.value.replace("_", " "), f"{one.count:,}", length_text(one.median), length_text(one.p90))
                for step, one in report.durations.items()
            ),
            right=("cases", "median", "9 in 10 within"),
        )
    for score in report.scores:
        say("")
        _by_score(score)
    if report.fast_track.qualified:
        say("")
        say(f"fast track, whatever the scores: {_in_short(report.fast_track)}")
    say("")
    for finding in advice(report):
        say(IN_ENGLISH.sentence(finding))
    if reported.unprocessed:
        note(f"{reported.unprocessed:,} records are not processed yet and not included (lead-qualifier worker)")


def _reservations(reported: ReportedModel) -> Iterator[str]:
    if reported.unreadable:
        yield f"{reported.unreadable:,} leads count as open, because their stored state cannot be read"
    if unknown := reported.report.total.unknown:
        yield (
            f"for {unknown:,} qualifications nobody knows whether sales answered: answers of that time are no longer "
            "(or were never) on lead-sales-response; a longer retention.ms of that topic keeps them"
        )


def _retained(retained: Retained) -> str:
    if not retained.exists:
        return f"{retained.topic} does not exist"
    if retained.since is None:
        return f"{retained.topic} is empty"
    if retained.complete:
        return f"{retained.topic} holds events from {moment(retained.since)}"
    return f"{retained.topic} holds all events from {moment(retained.since)}; older ones have been deleted"


def _fates(report: ModelReport) -> None:
    """What became of all, and of those by each version."""
    parts = [report.total, *(one.counts for one in report.versions)]
    titles = ["all", *(f"v{one.version}" for one in report.versions)]
    if len(report.versions) == 1:
        parts, titles = parts[:1], [titles[1]]
    columns(
        ("", *titles),
        ((title, *(f"{cells[index]:,}" for index in range(len(parts)))) for title, cells in _rows(parts)),
        right=titles,
    )


def _rows(parts: list[Counts]) -> Iterator[tuple[str, list[int]]]:
    """The lines of the table, without those that say nothing."""
    yield "qualified", [one.qualified for one in parts]
    yield "assigned", [one.assigned for one in parts]
    for result in sorted(parts[0].results):
        yield f"  {result}", [one.results[result] for one in parts]
    yield "accepted", [one.accepted for one in parts]
    yield "rejected", [one.rejected.total() for one in parts]
    reasons = [reason for reason, _ in parts[0].rejected.most_common()]
    for reason in reasons[:_MOST_REASONS]:
        yield "  without a reason" if reason is None else f"  {reason}", [one.rejected[reason] for one in parts]
    if more := reasons[_MOST_REASONS:]:
        yield f"  {len(more)} more reasons", [sum(one.rejected[reason] for reason in more) for one in parts]
    yield "waiting for an answer", [one.waiting for one in parts]
    for title, cells in (
        ("recycled after a rejection", [one.recycled for one in parts]),
        ("qualified again before an answer", [one.requalified for one in parts]),
        ("closed without an answer", [one.closed for one in parts]),
        ("answer not known", [one.unknown for one in parts]),
    ):
        if any(cells):
            yield title, cells
    yield "converted (the CRM's status now)", [one.converted for one in parts]
    yield "lost (the CRM's status now)", [one.lost for one in parts]
    if any(one.erased for one in parts):
        yield "erased", [one.erased for one in parts]


def _by_score(score: ScoreReport) -> None:
    rows = [(band_text(band, whole=score.whole), counts) for band, counts in score.bands]
    rows += score.grades.items()
    if score.without.qualified:
        rows.append(("no score" if score.bands else "no grade", score.without))
    asked = "" if score.threshold is None else f" (threshold {number(score.threshold)})"
    numbers = ("qualified", "accepted", "rejected", "acceptance", "converted", "lost")
    columns(
        (f"{score.scoring_model_id}{asked}", *numbers),
        (
            (
                f"  {title}",
                f"{counts.qualified:,}",
                f"{counts.accepted:,}",
                f"{counts.rejected.total():,}",
                _acceptance(counts),
                f"{counts.converted:,}",
                f"{counts.lost:,}",
            )
            for title, counts in rows
        ),
        right=numbers,
    )


def _acceptance(counts: Counts) -> str:
    """A percentage, if there are enough answers for one."""
    share = acceptance(counts)
    if share is not None:
        return f"{share:.0%}"
    return f"{counts.accepted:,} of {counts.answered:,}" if counts.answered else "-"


def _in_short(counts: Counts) -> str:
    return (
        f"{counts.qualified:,} qualified, {counts.accepted:,} accepted, {counts.rejected.total():,} rejected, "
        f"{counts.converted:,} converted, {counts.lost:,} lost"
    )


def length_text(seconds: float) -> str:
    """A length of time in the longest unit that it has at least two of, else in seconds."""
    for unit, length in _UNITS.items():
        if seconds >= (length if unit == "s" else 2 * length):
            count = seconds / length
            return f"{count:.0f} {unit}" if count >= 10 else f"{count:.2g} {unit}"
    return "less than 1 s" if seconds else "0 s"


def as_json(reported: ReportedModel) -> dict[str, Any]:
    """All of it for programs. Times are in seconds."""
    report = reported.report
    shown: dict[str, Any] = {"qualification_model_id": reported.model_id, "at": reported.at}
    if reported.since is not None:
        shown["since"] = reported.since
    return shown | {
        "leads": report.leads,
        "unreadable_leads": reported.unreadable,
        "undecided_records": reported.unprocessed,
        "topics": [
            {"topic": one.topic, "exists": one.exists, "complete": one.complete}
            | ({} if one.since is None else {"holds_from": one.since})
            for one in reported.retained
        ],
        "total": _counts_as_json(report.total) | {"durations": _durations_as_json(report.durations)},
        "versions": [
            {
                "version": one.version,
                **_counts_as_json(one.counts),
                "durations": _durations_as_json(one.durations),
            }
            for one in report.versions
        ],
        "scores": [
            {
                "scoring_model_id": one.scoring_model_id,
                **({} if one.threshold is None else {"threshold": plain(one.threshold)}),
                "bands": [{**band_as_json(band), **_counts_as_json(counts)} for band, counts in one.bands],
                "grades": [{"grade": grade, **_counts_as_json(counts)} for grade, counts in one.grades.items()],
                "without": _counts_as_json(one.without),
            }
            for one in report.scores
        ],
        "fast_track": _counts_as_json(report.fast_track),
        "advice": [
            {"code": finding.code, "sentence": IN_ENGLISH.sentence(finding), **finding.arguments}
            for finding in advice(report)
        ],
    }


def _counts_as_json(counts: Counts) -> dict[str, Any]:
    share = acceptance(counts)
    return {
        **figures(counts),
        **({} if share is None else {"acceptance": round(share, 2)}),
        "results": dict(counts.results),
        "rejections": [
            {"count": count} | ({} if reason is None else {"reason": reason})
            for reason, count in counts.rejected.most_common()
        ],
    }


def _durations_as_json(durations: Mapping[Step, Durations]) -> dict[str, Any]:
    return {
        step.value: {"count": one.count, "median_seconds": round(one.median, 3), "p90_seconds": round(one.p90, 3)}
        for step, one in durations.items()
    }
