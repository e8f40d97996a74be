"""What became of the leads that a model qualified: how many sales accepted, by version and by score.

A pure function of a ModelHistory. The unit is the qualification: a lead that qualifies again counts again.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from itertools import groupby
from math import isnan
from typing import NamedTuple

from lead_qualifier.client.model_history import ACCEPTED, ByLead, ModelHistory, Standing
from lead_qualifier.client.score_bands import Band, ScoreBands

BANDS = 10
"""How many bands of scores a report has at most, besides one at either end and those that a threshold parts."""
ASSIGNED_RESULTS = frozenset({"assigned", "assigned_manually"})
"""The results of assignment after which somebody owns the lead."""


class Step(StrEnum):
    """A way whose length is measured."""

    QUALIFIED_TO_ASSIGNED = "qualified_to_assigned"
    ASSIGNED_TO_ACCEPTED = "assigned_to_accepted"
    ACCEPTED_TO_CONVERTED = "accepted_to_converted"
    QUALIFIED_TO_ACCEPTED = "qualified_to_accepted"
    QUALIFIED_TO_CONVERTED = "qualified_to_converted"


class _Unanswered(IntEnum):
    """Why there is no answer of sales."""

    ANSWERED = 0
    WAITING = 1
    UNKNOWN = 2
    REQUALIFIED = 3
    CLOSED = 4


class _Fate(NamedTuple):
    """What became of a qualification. Many have the same."""

    version: int
    fast_track: bool
    standing: int
    result: int = -1
    answer: int = -1
    recycled: bool = False
    unanswered: int = _Unanswered.ANSWERED


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
    """By the newest result of assignment. Those that it never decided about are in none."""
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
        """How many somebody owns."""
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
    """The one of the newest version. None: the criterion asks for a grade."""
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
    """What became of the leads that one model qualified. `leads`: how many; merged ones are one, erased ones count."""

    leads: int
    total: Counts
    durations: Mapping[Step, Durations]
    versions: tuple[VersionReport, ...]
    scores: tuple[ScoreReport, ...]
    fast_track: Counts


def model_report(history: ModelHistory, *, since: int = 0, answers_from: int = 0) -> ModelReport:
    """The report on the qualifications whose events were written at `since` or later.

    `answers_from`: sales responses of before may be missing. Both in microseconds since 1970.
    """
    return _Reporter(history, since, answers_from).report()


class _Reporter:
    def __init__(self, history: ModelHistory, since: int, answers_from: int) -> None:
        self._history, self._since, self._answers_from = history, since, answers_from
        self._fates: dict[_Fate, int] = {}
        self._fate = array("l", [-1]) * len(history.lead)
        self._lengths: defaultdict[tuple[Step, int], array[int]] = defaultdict(lambda: array("q"))
        self._leads = 0
        owned = [number for number, result in enumerate(history.results) if result in ASSIGNED_RESULTS]
        self._owned = frozenset(owned)

    def report(self) -> ModelReport:
        history = self._history
        survivors = history.survivors()
        lead = array("l", map(survivors.__getitem__, history.lead))
        events = [
            ByLead(column, survivors) for column in (history.decisions, history.answers, history.rejections_carried_out)
        ]
        for number, group in groupby(sorted(range(len(lead)), key=lead.__getitem__), key=lead.__getitem__):
            self._follow(number, list(group), *(column.of(number) for column in events))
        total, durations = self._counts(self._of(None)), self._durations(None)
        versions = sorted({fate.version for fate in self._fates})
        return ModelReport(
            leads=self._leads,
            total=total,
            durations=durations,
            versions=tuple(
                VersionReport(version, self._counts(self._of(version)), self._durations(version))
                for version in versions
            ),
            scores=tuple(self._by_score(name) for name in {**history.scores, **history.grades}),
            fast_track=self._counts(self._of(None, fast_track=True)),
        )

    def _follow(
        self,
        lead: int,
        qualifications: list[int],
        decisions: list[tuple[int, int]],
        answers: list[tuple[int, int]],
        recycled: list[tuple[int, int]],
    ) -> None:
        """Find out what became of the qualifications of one lead."""
        history = self._history
        written, occurred = history.written, history.occurred
        if any(written[one] >= self._since for one in qualifications):
            self._leads += 1
        held = [one for one in qualifications if not self._is_erased(one, lead)]
        if len(held) < len(qualifications):
            for one in set(qualifications).difference(held):
                self._settle(one, _Fate(history.version[one], bool(history.fast_track[one]), Standing.ERASED))
            begun = min((written[one] for one in held), default=0)
            decisions = [event for event in decisions if event[0] >= begun]
        if not held:
            return
        held.sort(key=lambda one: (written[one], occurred[one], one))
        decisions.sort(key=_time)
        answer_of = _newest(held, occurred, answers)
        taken_back = _newest(held, occurred, recycled)
        newest = held[-1]
        for one, following in zip(held, [*held[1:], None], strict=True):
            end = math.inf if following is None else written[following]
            until = [event for event in decisions if event[0] < end]
            at, answer = answer_of.get(one, (0, -1))
            standing = history.standing[lead] if one == newest else Standing.OPEN
            self._settle(
                one,
                _Fate(
                    history.version[one],
                    bool(history.fast_track[one]),
                    standing,
                    until[-1][1] if until else -1,
                    answer,
                    one in taken_back,
                    _Unanswered.ANSWERED if answer >= 0 else self._unanswered(one, newest, standing),
                ),
            )
            if written[one] >= self._since:
                self._measure(one, until, at if answer == ACCEPTED else None, standing, lead)

    def _is_erased(self, one: int, lead: int) -> bool:
        """Whether nothing held about the lead is about the one that qualified then."""
        history = self._history
        if history.standing[lead] == Standing.ERASED:
            return True
        if history.lead[one] != lead:
            return False  # merged into it
        erased_at = history.erased_at.get(lead)
        return (erased_at is not None and history.known_until[one] <= erased_at) or (
            history.nth[one] > history.number[lead]
        )

    def _unanswered(self, one: int, newest: int, standing: int) -> _Unanswered:
        if one != newest:
            return _Unanswered.REQUALIFIED
        if standing != Standing.OPEN:
            return _Unanswered.CLOSED
        return _Unanswered.WAITING if self._history.written[one] >= self._answers_from else _Unanswered.UNKNOWN

    def _settle(self, one: int, fate: _Fate) -> None:
        if self._history.written[one] >= self._since:
            self._fate[one] = self._fates.setdefault(fate, len(self._fates))

    def _measure(
        self, one: int, decisions: Iterable[tuple[int, int]], accepted: int | None, standing: int, lead: int
    ) -> None:
        history = self._history
        qualified, version = history.written[one], history.version[one]
        assigned = min((at for at, result in decisions if result in self._owned and at >= qualified), default=None)
        converted = history.changed[lead] if standing == Standing.CONVERTED else None
        for step, begin, end in (
            (Step.QUALIFIED_TO_ASSIGNED, qualified, assigned),
            (Step.ASSIGNED_TO_ACCEPTED, assigned, accepted),
            (Step.ACCEPTED_TO_CONVERTED, accepted, converted),
            (Step.QUALIFIED_TO_ACCEPTED, qualified, accepted),
            (Step.QUALIFIED_TO_CONVERTED, qualified, converted),
        ):
            if begin is not None and end is not None and end >= begin:
                self._lengths[step, version].append(end - begin)

    def _of(self, version: int | None, *, fast_track: bool = False) -> Counter[int]:
        """How often each fate is there, of one version (None: of all), or of fast-tracked leads only."""
        counted = Counter(self._fate)
        return Counter(
            {
                number: counted[number]
                for fate, number in self._fates.items()
                if version in {None, fate.version} and fate.fast_track >= fast_track
            }
        )

    def _counts(self, numbers: Counter[int]) -> Counts:
        """Add up. `numbers`: how often each fate is there."""
        counts = Counts()
        fates = tuple(self._fates)
        results, reasons = tuple(self._history.results), tuple(self._history.reasons)
        for number, count in numbers.items():
            fate = fates[number]
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
            counts.waiting += count * (fate.unanswered == _Unanswered.WAITING)
            counts.unknown += count * (fate.unanswered == _Unanswered.UNKNOWN)
            counts.requalified += count * (fate.unanswered == _Unanswered.REQUALIFIED)
            counts.closed += count * (fate.unanswered == _Unanswered.CLOSED)
        return counts

    def _durations(self, version: int | None) -> Mapping[Step, Durations]:
        found = {}
        for step in Step:
            lengths = sorted(
                length
                for (one, of), each in self._lengths.items()
                if one is step and version in {None, of}
                for length in each
            )
            if lengths:
                found[step] = Durations(len(lengths), _share(lengths, 0.5), _share(lengths, 0.9))
        return found

    def _by_score(self, name: str) -> ScoreReport:
        """The report on one scoring model."""
        history, fates = self._history, tuple(self._fates)
        chosen = [index for index, fate in enumerate(self._fate) if fate >= 0 and not fates[fate].fast_track]
        scores, grades = history.scores.get(name, ()), history.grades.get(name, ())
        known = array("d", (score for index in chosen if index < len(scores) and not isnan(score := scores[index])))
        threshold = history.thresholds[name][1] if name in history.thresholds else None
        bands = ScoreBands(known, cuts=() if threshold is None else (threshold,), most=BANDS)
        by_band: defaultdict[int, Counter[int]] = defaultdict(Counter)
        by_grade: defaultdict[str, Counter[int]] = defaultdict(Counter)
        without: Counter[int] = Counter()
        grade_names = tuple(history.grade_names)
        for index in chosen:
            fate = self._fate[index]
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


def _newest(held: list[int], occurred: array[int], events: Iterable[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """The newest event about each of these qualifications of a lead: one is about the newest that occurred before."""
    found: dict[int, tuple[int, int]] = {}
    for at, what in events:
        before = [one for one in held if occurred[one] < at]
        if before:
            about = max(reversed(before), key=occurred.__getitem__)  # of two of the same time, the later
            if about not in found or found[about][0] <= at:
                found[about] = (at, what)
    return found


def _time(event: tuple[int, int]) -> int:
    return event[0]


def _share(ordered: list[int], share: float) -> float:
    """The length, in seconds, that so large a share of them does not exceed."""
    return ordered[math.ceil(share * len(ordered)) - 1] / 1e6
