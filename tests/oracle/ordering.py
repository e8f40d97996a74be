"""Searches an order of a lead's records that explains the output, as a cycle records no order between topics.

It asks an oracle with one order after the other, from the lead's first record: an oracle need not be copied then, and
the first order is nearly always the right one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.oracle.journal import Cycle
from tests.oracle.reading import Input

#: So many orders are tried for a lead.
_TRIED = 3_000

Outputs = Mapping[str, Sequence[Any]]
"""What came out about a lead: by topic, in its order."""


class OfLead(Protocol):
    """An oracle of one lead."""

    @property
    def told(self) -> Mapping[str, Sequence[Any]]:
        """What must come out so far, by topic."""

    def at(self, now: int, revision: int) -> None:
        """The time and the rules from now on."""

    def take(self, record: Input) -> None:
        """A record about the lead."""

    def wakings(self) -> int:
        """In how many ways could it be woken now?"""

    def wake(self, way: int) -> None:
        """What its time has come for is decided, or what new rules want of known leads."""

    def overdue(self, now: int) -> bool:
        """Should something have been decided by then that was not?"""


@dataclass(frozen=True)
class Step:
    """What a cycle had to do with a lead. `woken`: it changed, perhaps because its time had come."""

    now: int
    revision: int
    records: tuple[tuple[Input, ...], ...]
    woken: bool


def steps_of(cycles: Sequence[Cycle], leads_of: Callable[[Input], bytes | None]) -> dict[bytes, list[Step]]:
    """By lead, every cycle that had to do with it. `leads_of`: the lead that a record is about; None: of none."""
    steps: dict[bytes, list[Step]] = {}
    for cycle in cycles:
        by_lead: dict[bytes, dict[str, list[Input]]] = {lead: {} for lead in cycle.changed}
        for topic, records in cycle.records.items():
            for record in records:
                if (lead := leads_of(record)) is not None:
                    by_lead.setdefault(lead, {}).setdefault(topic, []).append(record)
        for lead, topics in by_lead.items():
            step = Step(cycle.now, cycle.revision, tuple(tuple(one) for one in topics.values()), lead in cycle.changed)
            steps.setdefault(lead, []).append(step)
    return steps


@dataclass
class _Choices:
    """Takes `wanted` at the first points, and then whatever is first; `options`: of each point, how many there were."""

    wanted: list[int]
    taken: list[int] = field(default_factory=list)
    options: list[int] = field(default_factory=list)

    def choose(self, options: int) -> int:
        if options == 1:
            return 0
        at = len(self.taken)
        choice = self.wanted[at] if at < len(self.wanted) else 0
        self.taken.append(choice)
        self.options.append(options)
        return choice

    def next(self) -> list[int] | None:
        """The next choices to try: another at the last point that has one."""
        taken, options = list(self.taken), list(self.options)
        while taken and taken[-1] + 1 >= options[-1]:
            taken.pop()
            options.pop()
        if not taken:
            return None
        taken[-1] += 1
        return taken


def unexplained(
    steps: Sequence[Step], make: Callable[[], OfLead], found: Outputs, *, until: int | None = None
) -> str | None:
    """None: some order of the steps explains what was found; otherwise how the first one fails that got farthest.

    `until`: nothing may still be due that should have been decided by then (milliseconds since 1970).
    """
    wanted: list[int] | None = []
    farthest, why = -1, "there is nothing"
    tried = 0
    while wanted is not None and tried < _TRIED:
        tried += 1
        choices = _Choices(wanted)
        at, wrong = _follow(steps, make(), found, choices, until)
        if wrong is None:
            return None
        if at > farthest:
            farthest, why = at, wrong
        wanted = choices.next()
    return f"{why} (after {farthest} of {len(steps)} steps; {tried} orders tried)"


def _follow(
    steps: Sequence[Step], oracle: OfLead, found: Outputs, choices: _Choices, until: int | None
) -> tuple[int, str | None]:
    for number, step in enumerate(steps):
        oracle.at(step.now, step.revision)
        # known leads are looked at before a cycle's records; whether this one was is not written down if it has some
        ways = oracle.wakings() if step.woken else 0
        if ways and (way := choices.choose(ways + bool(step.records))) < ways:
            oracle.wake(way)
        for record in _interleaved(step.records, choices):
            oracle.take(record)
            if (wrong := _differs(oracle.told, found)) is not None:
                return number, wrong
        if (wrong := _differs(oracle.told, found)) is not None:
            return number, wrong
    for topic, events in found.items():
        told = oracle.told.get(topic, ())
        if len(told) != len(events):
            return len(steps), f"{topic}: came out, though nothing foretold it: {events[len(told)]}"
    if until is not None and oracle.overdue(until):
        return len(steps), "its time came, and nothing was decided"
    return len(steps), None


def _interleaved(topics: tuple[tuple[Input, ...], ...], choices: _Choices) -> Iterator[Input]:
    left = [list(one) for one in topics]
    while left := [one for one in left if one]:
        yield left[choices.choose(len(left))].pop(0)


def _differs(told: Mapping[str, Sequence[Any]], found: Outputs) -> str | None:
    for topic, foretold in told.items():
        events = found.get(topic, ())
        if not foretold:
            continue
        if len(foretold) > len(events):
            return f"{topic}: missing: {foretold[len(events)]}"
        # what came before was compared when it was told, but for several at once
        for mine, its in zip(foretold, events, strict=False):
            if mine != its:
                return f"{topic}: {its}, expected {mine}"
    return None
