"""What topics hold about the leads that one model has qualified, in columns: some 100 bytes a lead.

Times are microseconds since 1970. Qualifications come first, then what is held about these leads, and then the other
events; each topic in its own order.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from enum import IntEnum
from math import nan

from msgspec import Struct

ACCEPTED = 0
"""The number of the answer that sales accepted a lead. The others are rejections, numbered by their reasons."""
ASSIGNED_RESULTS = frozenset({"assigned", "assigned_manually"})
"""The results of assignment after which somebody owns the lead."""


class Standing(IntEnum):
    """What is known about a lead now."""

    ERASED = 0
    """Nothing is held about it."""
    OPEN = 1
    CONVERTED = 2
    """The CRM says: qualified."""
    LOST = 3
    """The CRM says: disqualified."""


class CriterionStood(Struct, frozen=True, gc=False):
    """How a lead stood on one criterion when it qualified. `threshold` None: the criterion asks for a grade."""

    scoring_model_id: str
    threshold: float | None = None
    score: float | None = None
    grade: str | None = None


class HeldLead(Struct, frozen=True, gc=False):
    """What the workers hold about a lead now.

    `changed`: when the CRM changed it last. `number`: how many times the model has qualified it. `erased_at`: the
    offset in `lead-changed` of the record that erased it, while that is remembered.
    """

    standing: Standing
    changed: int = 0
    number: int = 0
    merged_into: bytes | None = None
    erased_at: int | None = None


class Names:
    """Numbers a few names that many records share."""

    def __init__(self, *names: str | None) -> None:
        self._numbers = {name: number for number, name in enumerate(names)}

    def number(self, name: str | None) -> int:
        """The name's number."""
        return self._numbers.setdefault(name, len(self._numbers))

    def __iter__(self) -> Iterator[str | None]:
        return iter(self._numbers)


class Column:
    """Events of one kind: which lead, when, and what, as a number."""

    def __init__(self) -> None:
        self.lead, self.at, self.what = array("l"), array("q"), array("l")

    def add(self, lead: int, at: int, what: int) -> None:
        """Append an event."""
        self.lead.append(lead)
        self.at.append(at)
        self.what.append(what)


class ModelHistory:
    """Collects qualifications by one model, and what is known about these leads.

    What is known about other leads must not be passed: see `leads`.
    """

    def __init__(self) -> None:
        self.leads: dict[bytes, int] = {}
        """By key, the number of each lead that qualified, or into which such a lead was merged."""
        self.standing, self.changed, self.number = array("b"), array("q"), array("l")
        self.merged_into: dict[int, int] = {}
        self.erased_at: dict[int, int] = {}
        # of each qualification
        self.lead, self.occurred, self.written = array("l"), array("q"), array("q")
        self.version, self.nth, self.known_until = array("l"), array("l"), array("q")
        self.fast_track = array("b")
        self.scores: dict[str, array[float]] = {}
        """By scoring model, the score at each qualification. NaN: none."""
        self.grades: dict[str, array[int]] = {}
        """The same for criteria that ask for a grade: its number in `grade_names`."""
        self.grade_names = Names(None)
        self.thresholds: dict[str, tuple[int, float]] = {}
        """By scoring model, the newest version that asks for a threshold, and the threshold."""
        # what followed
        self.decisions, self.answers, self.rejections_carried_out = Column(), Column(), Column()
        self.results = Names()
        self.reasons = Names("", None)
        """By the number of an answer, the reason of the rejection; None: without one."""

    def qualified(
        self,
        lead: bytes,
        version: int,
        number: int,
        criteria: Iterable[CriterionStood],
        *,
        occurred: int,
        written: int,
        fast_track: bool = False,
        known_until: int = -1,
    ) -> None:
        """The model qualified a lead. `written`: the time of the record. `known_until`: its `lead_changed_offset`."""
        count = len(self.lead)
        self.lead.append(self.follow(lead))
        self.occurred.append(occurred)
        self.written.append(written)
        self.version.append(version)
        self.nth.append(number)
        self.known_until.append(known_until)
        self.fast_track.append(fast_track)
        for one in criteria:
            name = one.scoring_model_id
            if one.threshold is None:
                grades = self.grades.setdefault(name, array("l"))
                grades.extend([0] * (count - len(grades)))
                if len(grades) == count:  # a model may name a scoring model in several groups
                    grades.append(self.grade_names.number(one.grade))
                continue
            self.thresholds[name] = max((version, one.threshold), self.thresholds.get(name, (0, 0.0)))
            scores = self.scores.setdefault(name, array("d"))
            scores.extend([nan] * (count - len(scores)))
            if len(scores) == count:
                scores.append(nan if one.score is None else one.score)

    def follow(self, lead: bytes) -> int:
        """The number of a lead whose events are wanted from now on."""
        number = self.leads.setdefault(lead, len(self.leads))
        if number == len(self.standing):
            self.standing.append(Standing.ERASED)  # unless something is held about it
            self.changed.append(0)
            self.number.append(0)
        return number

    def holds(self, lead: bytes, held: HeldLead) -> None:
        """What is held about a lead. The one that it was merged into is followed."""
        number = self.leads[lead]
        self.standing[number] = held.standing
        self.changed[number] = held.changed
        self.number[number] = held.number
        if held.merged_into is not None:
            self.merged_into[number] = self.follow(held.merged_into)
        if held.erased_at is not None:
            self.erased_at[number] = held.erased_at

    def decided(self, lead: bytes, at: int, result: str) -> None:
        """Assignment decided about a lead."""
        self.decisions.add(self.leads[lead], at, self.results.number(result))

    def answered(self, lead: bytes, at: int, *, accepted: bool, reason: str | None = None) -> None:
        """Sales answered about a lead."""
        self.answers.add(self.leads[lead], at, ACCEPTED if accepted else self.reasons.number(reason))

    def recycled(self, lead: bytes, at: int) -> None:
        """Flags of a lead were taken back, because sales had rejected it at this time."""
        self.rejections_carried_out.add(self.leads[lead], at, 0)

    def survivors(self) -> array[int]:
        """By the number of each lead, that of the lead it was merged into in the end, or its own."""
        found = array("l", range(len(self.standing)))
        for loser in self.merged_into:
            way = [loser]
            while (following := self.merged_into.get(way[-1])) is not None and following not in way:
                way.append(following)
            found[loser] = way[-1] if following is None else min(way[way.index(following) :])
        return found


class ByLead:
    """Looks up events by lead, in the order of the leads' numbers."""

    def __init__(self, column: Column, survivors: array[int]) -> None:
        """`survivors`: by the number of each lead, the one that its events count for."""
        self._column = column
        self._leads = array("l", map(survivors.__getitem__, column.lead))
        self._order = sorted(range(len(self._leads)), key=self._leads.__getitem__)  # stable: in the order of the topic
        self._next = 0

    def of(self, lead: int) -> list[tuple[int, int]]:
        """When and what, in the order of the topic. `lead`: a higher number than in the call before."""
        order, leads, column = self._order, self._leads, self._column
        index, end = self._next, len(order)
        while index < end and leads[order[index]] < lead:
            index += 1
        found = []
        while index < end and leads[event := order[index]] == lead:
            found.append((column.at[event], column.what[event]))
            index += 1
        self._next = index
        return found
