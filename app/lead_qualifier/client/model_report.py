"""What became of the leads that a model qualified: how many sales accepted, by version and by score.

A pure function of a ModelHistory. The unit is the qualification: a lead that qualifies again counts again.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from math import isnan

from lead_qualifier.client.model_history import ACCEPTED, ASSIGNED_RESULTS, ModelHistory, Standing
from lead_qualifier.client.qualification_fates import Fate, QualificationFates, Step, Unanswered, qualification_fates
from lead_qualifier.client.score_bands import Band, ScoreBands

BANDS = 10
"""How many bands of scores a report has at most, besides one at either end and those that a threshold parts."""


@dataclass(slots=True)
class Counts:
    """Numbers of qualifications.

    Each counts as `erased`, `accepted`, one of `rejected` or one of those without an answer: `waiting`, `requalified`
    (the lead qualified again before sales answered), `closed` (converted or lost, with no answer) or `unknown` (an
    answer may have been deleted with its topic's old records). `converted` and `lost` go by the CRM's status now;
    only the newest qualification of a lead counts there. Nothing else is counted about erased leads.
    """

    qualified: int = 0
    results: Counter[str] = field(default_factory=Counter)
    """By the newest result of assignment. Leads about which it never decided are left out."""
    accepted: int = 0
    rejected: Counter[str | None] = field(default_factory=Counter)
    """By reason; None: without one."""
    recycled: int = 0
    waiting: int = 0
    requalified: int = 0
    closed: int = 0
    unknown: int = 0
    converted: int = 0
    lost: int = 0
    erased: int = 0

    @property
    def assigned(self) -> int:
        """How many have an owner."""
        return sum(self.results[result] for result in ASSIGNED_RESULTS)

    @property
    def answered(self) -> int:
        """How many sales accepted or rejected."""
        return self.accepted + self.rejected.total()


@dataclass(frozen=True, slots=True)
class Durations:
    """How long a step took, in seconds: `count` times, half of them at most `median`, nine in ten at most `p90`."""

    count: int
    median: float
    p90: float


@dataclass(frozen=True, slots=True)
class VersionReport:
    """What became of the qualifications by one version."""

    version: int
    counts: Counts
    durations: Mapping[Step, Durations]


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What became of the qualifications, by their score on one scoring model.

    Fast-tracked leads are left out, because they qualified whatever their scores.
    """

    scoring_model_id: str
    threshold: float | None
    """That of the newest version. None: the criterion asks for a grade."""
    whole: bool
    """Whether all scores are whole numbers."""
    bands: tuple[tuple[Band, Counts], ...]
    """Lowest first. Empty if the criterion asks for a grade."""
    grades: Mapping[str, Counts]
    """By grade. Empty unless the criterion asks for one."""
    without: Counts
    """Those without a score or grade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """What became of the leads that one model qualified. `leads`: how many these are, including erased ones. Leads that
    were merged count as one.
    """

    leads: int
    total: Counts
    durations: Mapping[Step, Durations]
    versions: tuple[VersionReport, ...]
    scores: tuple[ScoreReport, ...]
    fast_track: Counts
    by_value: Mapping[str | None, Counts] = field(default_factory=dict)
    """By the value of an attribute; None: of leads without it. Empty unless an attribute was asked for."""


def model_report(history: ModelHistory, *, since: int = 0, answers_from: int = 0) -> ModelReport:
    """The report on the qualifications whose events were written at `since` or later.

    `answers_from`: sales responses from before then may be missing. Both in microseconds since 1970.
    """
    return report_of(history, qualification_fates(history, since=since, answers_from=answers_from))


def report_of(history: ModelHistory, fates: QualificationFates, values: Mapping[int, str] | None = None) -> ModelReport:
    """The report, given what became of each qualification in the history.

    Of the history it takes leads, scores, grades, thresholds, and the names that the fates refer to. `values`: by the
    number of a lead, the value of the attribute by which they are counted; a merged lead has that of its survivor.
    """
    return _Reporter(history, fates).report(values)


def figures(counts: Counts) -> dict[str, int]:
    """The numbers of qualifications, by the names that programs and spreadsheets know them by."""
    return {
        "qualified": counts.qualified,
        "assigned": counts.assigned,
        "accepted": counts.accepted,
        "rejected": counts.rejected.total(),
        "recycled": counts.recycled,
        "waiting": counts.waiting,
        "requalified": counts.requalified,
        "closed_unanswered": counts.closed,
        "answer_unknown": counts.unknown,
        "converted": counts.converted,
        "lost": counts.lost,
        "erased": counts.erased,
    }


class _Reporter:
    """Adds up."""

    def __init__(self, history: ModelHistory, fates: QualificationFates) -> None:
        self._history, self._fates = history, fates
        self._cases = Counter(fates.of)
        slow = [not fate.fast_track for fate in fates.different]
        self._scored = [index for index, fate in enumerate(fates.of) if fate >= 0 and slow[fate]]
        self._lengths = {step: self._by_fate(step) for step in Step}

    def report(self, values: Mapping[int, str] | None = None) -> ModelReport:
        """All of it."""
        history, different = self._history, self._fates.different
        versions = sorted({fate.version for fate in different})
        return ModelReport(
            leads=self._fates.leads,
            total=self._counts_of(lambda _: True),
            durations=self._durations(lambda _: True),
            versions=tuple(self._by_version(version) for version in versions),
            scores=tuple(self._by_score(name) for name in {**history.scores, **history.grades}),
            fast_track=self._counts_of(lambda fate: fate.fast_track),
            by_value={} if values is None else self._by_value(values),
        )

    def _by_value(self, values: Mapping[int, str]) -> Mapping[str | None, Counts]:
        """Those with the most qualifications first."""
        survivors, cases = self._history.survivors(), defaultdict[str | None, Counter[int]](Counter)
        for index, fate in enumerate(self._fates.of):
            if fate >= 0:
                cases[values.get(survivors[self._history.lead[index]])][fate] += 1
        counted = {value: self._counts(of_value) for value, of_value in cases.items()}
        return dict(sorted(counted.items(), key=lambda one: (-one[1].qualified, one[0] is None, one[0] or "")))

    def _by_version(self, version: int) -> VersionReport:
        def of_version(fate: Fate) -> bool:
            return fate.version == version

        return VersionReport(version, self._counts_of(of_version), self._durations(of_version))

    def _counts_of(self, chosen: Callable[[Fate], bool]) -> Counts:
        """Add up all qualifications with a chosen fate."""
        different = self._fates.different
        return self._counts({number: self._cases[number] for number, fate in enumerate(different) if chosen(fate)})

    def _counts(self, cases: Mapping[int, int]) -> Counts:
        """Add up. `cases`: by the index of a fate, how many qualifications have it."""
        counts = Counts()
        results, reasons = tuple(self._history.results), tuple(self._history.reasons)
        for number, count in cases.items():
            fate = self._fates.different[number]
            counts.qualified += count
            if fate.standing == Standing.ERASED:
                counts.erased += count
                continue
            if fate.result >= 0:
                counts.results[str(results[fate.result])] += count
            if fate.answer == ACCEPTED:
                counts.accepted += count
            elif fate.answer > ACCEPTED:
                counts.rejected[reasons[fate.answer]] += count
            counts.recycled += count * fate.recycled
            counts.converted += count * (fate.standing == Standing.CONVERTED)
            counts.lost += count * (fate.standing == Standing.LOST)
            counts.waiting += count * (fate.unanswered == Unanswered.WAITING)
            counts.unknown += count * (fate.unanswered == Unanswered.UNKNOWN)
            counts.requalified += count * (fate.unanswered == Unanswered.REQUALIFIED)
            counts.closed += count * (fate.unanswered == Unanswered.CLOSED)
        return counts

    def _by_fate(self, step: Step) -> Mapping[int, list[int]]:
        """How long the step took, by the index of a fate."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for length, fate in zip(self._fates.durations[step], self._fates.of, strict=True):
            if length >= 0 <= fate:
                found[fate].append(length)
        return found

    def _durations(self, chosen: Callable[[Fate], bool]) -> Mapping[Step, Durations]:
        """Of the qualifications with a chosen fate."""
        numbers = [number for number, fate in enumerate(self._fates.different) if chosen(fate)]
        found = {}
        for step, lengths in self._lengths.items():
            if ordered := sorted(chain.from_iterable(lengths[number] for number in numbers if number in lengths)):
                found[step] = Durations(len(ordered), _share(ordered, 0.5), _share(ordered, 0.9))
        return found

    def _by_score(self, name: str) -> ScoreReport:
        """The report on one scoring model."""
        history, fates, chosen = self._history, self._fates.of, self._scored
        scores, grades = history.scores.get(name, ()), history.grades.get(name, ())
        known = array("d", (score for index in chosen if index < len(scores) and not isnan(score := scores[index])))
        threshold = history.thresholds[name][1] if name in history.thresholds else None
        bands = ScoreBands(known, cuts=() if threshold is None else (threshold,), most=BANDS)
        by_band: defaultdict[int, Counter[int]] = defaultdict(Counter)
        by_grade: defaultdict[str, Counter[int]] = defaultdict(Counter)
        without: Counter[int] = Counter()
        grade_names = tuple(history.grade_names)
        for index in chosen:
            fate = fates[index]
            if index < len(scores) and not isnan(score := scores[index]):
                by_band[bands.index(score)][fate] += 1
            elif index < len(grades) and (grade := grade_names[grades[index]]) is not None:
                by_grade[grade][fate] += 1
            else:
                without[fate] += 1
        shown = range(min(by_band), max(by_band) + 1) if by_band else ()
        return ScoreReport(
            name,
            threshold,
            bands.whole,
            tuple((bands.band(index), self._counts(by_band[index])) for index in shown),
            {grade: self._counts(by_grade[grade]) for grade in sorted(by_grade)},
            self._counts(without),
        )


def _share(ordered: list[int], share: float) -> float:
    """The length in seconds that this share of them does not exceed."""
    return ordered[math.ceil(share * len(ordered)) - 1] / 1e6
