"""Scores and changes of models at the same time, on the same leads: is there an order that explains what came out?

Which criteria decided a score is not recorded where nothing qualified. So for each lead an order is searched, of its
scores (in theirs), the commands (in theirs) and the sweeps that publishes cause, which foretells exactly the events
that were found, one after the other. Whichever is found, the lead ends the same: all scores are held, and marks are
what events tell of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.oracle.lead import Lead
from tests.oracle.oracle import Oracle
from tests.oracle.reading import Input
from tests.oracle.registry import Registry
from tests.support import comparison

Event = dict[str, Any]


@dataclass(frozen=True)
class Sweep:
    """What an accepted publish with `existing_leads: evaluate` asks for."""

    model: str
    version: int
    at: datetime
    trigger: dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """The registry after a command, and the sweep that the command asks for."""

    registry: Registry
    sweep: Sweep | None


@dataclass
class Explained:
    """A lead after an order that explains its events, and these events as the oracle foretells them."""

    lead: Lead | None
    events: list[Event]


@dataclass
class Search:
    """For one lead: `before` the turns; `turns`, `scores` and `found` in their orders."""

    lead_id: str
    before: Registry
    turns: Sequence[Turn]
    scores: Sequence[Input]
    found: Sequence[Event]
    partitions: int
    _failed: set[tuple[Any, ...]] = field(default_factory=set)

    def explain(self, lead: Lead | None) -> Explained | None:
        """None: no order does."""
        return self._from(0, 0, 0, lead, {})

    def _from(self, turn: int, score: int, event: int, lead: Lead | None, due: Mapping[str, Sweep]) -> Explained | None:
        if turn == len(self.turns) and score == len(self.scores) and event == len(self.found) and not due:
            return Explained(lead, [])
        # scores so far and events so far say what the lead is: which order led here does not matter
        here = (turn, score, event, tuple(sorted((name, sweep.version) for name, sweep in due.items())))
        if here in self._failed:
            return None
        for after, told, after_lead, after_due in self._moves(turn, score, lead, due):
            end = event + len(told)
            if [_plain(one) for one in told] != [_plain(one) for one in self.found[event:end]]:
                continue
            rest = self._from(*after, end, after_lead, after_due)
            if rest is not None:
                return Explained(rest.lead, [*told, *rest.events])
        self._failed.add(here)
        return None

    def _moves(
        self, turn: int, score: int, lead: Lead | None, due: Mapping[str, Sweep]
    ) -> Iterator[tuple[tuple[int, int], list[Event], Lead | None, Mapping[str, Sweep]]]:
        registry = self.turns[turn - 1].registry if turn else self.before
        for name, sweep in due.items():
            told, swept = self._sweep(registry, lead, sweep)
            yield (turn, score), told, swept, {other: one for other, one in due.items() if other != name}
        if score < len(self.scores):
            oracle = self._oracle(registry, lead)
            oracle.replay(self.scores[score])
            yield (turn, score + 1), oracle.qualified, oracle.leads[self.lead_id], due
        if turn < len(self.turns):
            new = self.turns[turn].sweep
            yield (turn + 1, score), [], lead, due if new is None else {**due, new.model: new}

    def _sweep(self, registry: Registry, lead: Lead | None, sweep: Sweep) -> tuple[list[Event], Lead | None]:
        model = registry.models.get(sweep.model)
        if lead is None or model is None or not model.live or model.version != sweep.version:
            return [], lead
        oracle = self._oracle(registry, lead)
        oracle._evaluate(self.lead_id, sweep.model, model, sweep.at, sweep.at, trigger=sweep.trigger)
        return oracle.qualified, oracle.leads[self.lead_id]

    def _oracle(self, registry: Registry, lead: Lead | None) -> Oracle:
        return Oracle(self.partitions, registry=registry, leads={} if lead is None else {self.lead_id: deepcopy(lead)})


def _plain(event: Event) -> Event:
    """What an order of scores and commands foretells of it."""
    told: Event = comparison._comparable(
        {name: part for name, part in event.items() if name not in {"event_id", "lead_changed_offset"}}
    )
    return told
