"""What became of each qualification by a model: assignment's result, sales' answer, and how long each step took."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from lead_qualifier.client.model_history import ACCEPTED, ASSIGNED_RESULTS, ByLead, ModelHistory, Standing


class Step(StrEnum):
    """From one event about a lead to a later one; its duration is measured."""

    QUALIFIED_TO_ASSIGNED = "qualified_to_assigned"
    ASSIGNED_TO_ACCEPTED = "assigned_to_accepted"
    ACCEPTED_TO_CONVERTED = "accepted_to_converted"
    QUALIFIED_TO_ACCEPTED = "qualified_to_accepted"
    QUALIFIED_TO_CONVERTED = "qualified_to_converted"


class Unanswered(IntEnum):
    """Why there is no answer from sales."""

    ANSWERED = 0
    WAITING = 1
    UNKNOWN = 2
    REQUALIFIED = 3
    CLOSED = 4


class Fate(NamedTuple):
    """What became of a qualification. `result` and `answer` are numbers of the history; -1: none."""

    version: int
    fast_track: bool
    standing: int
    result: int = -1
    answer: int = -1
    recycled: bool = False
    unanswered: int = Unanswered.ANSWERED


@dataclass(frozen=True, slots=True)
class QualificationFates:
    """What became of the qualifications asked for. `leads`: how many leads these are."""

    leads: int
    different: Sequence[Fate]
    """Each fate once; many qualifications share one."""
    of: array[int]
    """By qualification, the index of its fate among the different ones; -1: not asked for."""
    durations: Mapping[Step, array[int]]
    """By step, and by qualification, how many microseconds it took; -1: it did not happen, or was not asked for."""


def qualification_fates(history: ModelHistory, *, since: int, answers_from: int) -> QualificationFates:
    """What became of the qualifications whose events were written at `since` or later.

    `answers_from`: sales responses from before then may be missing. Both in microseconds since 1970.
    """
    return _Follower(history, since, answers_from).fates()


class _Follower:
    def __init__(self, history: ModelHistory, since: int, answers_from: int) -> None:
        self._history, self._since, self._answers_from = history, since, answers_from
        self._numbers: dict[Fate, int] = {}
        self._of = array("l", [-1]) * len(history.lead)
        self._durations = {step: array("q", [-1]) * len(history.lead) for step in Step}
        self._leads = 0
        owned = [number for number, result in enumerate(history.results) if result in ASSIGNED_RESULTS]
        self._owned = frozenset(owned)

    def fates(self) -> QualificationFates:
        history = self._history
        survivors = history.survivors()
        lead = array("l", map(survivors.__getitem__, history.lead))
        events = [
            ByLead(column, survivors) for column in (history.decisions, history.answers, history.rejections_carried_out)
        ]
        for number, group in groupby(sorted(range(len(lead)), key=lead.__getitem__), key=lead.__getitem__):
            self._follow(number, list(group), *(column.of(number) for column in events))
        return QualificationFates(self._leads, tuple(self._numbers), self._of, self._durations)

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
                self._settle(one, Fate(history.version[one], bool(history.fast_track[one]), Standing.ERASED))
            begun = min((written[one] for one in held), default=0)
            decisions = [event for event in decisions if event[0] >= begun]
        if not held:
            return
        held.sort(key=lambda one: (written[one], occurred[one], one))
        decisions.sort(key=itemgetter(0))
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
                Fate(
                    history.version[one],
                    bool(history.fast_track[one]),
                    standing,
                    until[-1][1] if until else -1,
                    answer,
                    one in taken_back,
                    Unanswered.ANSWERED if answer >= 0 else self._unanswered(one, newest, standing),
                ),
            )
            if written[one] >= self._since:
                self._measure(one, until, at if answer == ACCEPTED else None, standing, lead)

    def _is_erased(self, one: int, lead: int) -> bool:
        """Whether what was known about the lead when this one qualified has been erased since."""
        history = self._history
        if history.standing[lead] == Standing.ERASED:
            return True
        if history.lead[one] != lead:
            return False  # merged into it
        erased_at = history.erased_at.get(lead)
        return (erased_at is not None and history.known_until[one] <= erased_at) or (
            history.nth[one] > history.number[lead]
        )

    def _unanswered(self, one: int, newest: int, standing: int) -> Unanswered:
        if one != newest:
            return Unanswered.REQUALIFIED
        if standing != Standing.OPEN:
            return Unanswered.CLOSED
        return Unanswered.WAITING if self._history.written[one] >= self._answers_from else Unanswered.UNKNOWN

    def _settle(self, one: int, fate: Fate) -> None:
        if self._history.written[one] >= self._since:
            self._of[one] = self._numbers.setdefault(fate, len(self._numbers))

    def _measure(
        self, one: int, decisions: Iterable[tuple[int, int]], accepted: int | None, standing: int, lead: int
    ) -> None:
        history = self._history
        qualified = history.written[one]
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
                self._durations[step][one] = end - begin


def _newest(held: list[int], occurred: array[int], events: Iterable[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """By qualification of a lead, the newest event about it: about the newest qualification that occurred before."""
    found: dict[int, tuple[int, int]] = {}
    for at, what in events:
        before = [one for one in held if occurred[one] < at]
        if before:
            about = max(reversed(before), key=occurred.__getitem__)  # of two of the same time, the later
            if about not in found or found[about][0] <= at:
                found[about] = (at, what)
    return found
