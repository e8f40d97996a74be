"""How far the demo is: what was produced, decided, qualified and done downstream. Only the screens show it."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lead_qualifier.demo.event_tail import TopicEvent
from lead_qualifier.demo.simulated_world import name_of
from lead_qualifier.demo.worker_metrics import Figures
from lead_qualifier.messages.topics import (
    JOURNEY_ENTRY_REQUESTED,
    LEAD_ASSIGNED,
    LEAD_CHANGED,
    LEAD_QUALIFIED,
    LEAD_SCORE_CHANGED,
    SEQUENCE_STEP_DUE,
)
from lead_qualifier.qualification.decide import Outcome

_RATE_SECONDS = 5.0
#: How many leads are remembered until one of them has passed all topics.
_REMEMBERED = 5_000
_WAY = (LEAD_QUALIFIED.name, JOURNEY_ENTRY_REQUESTED.name, LEAD_ASSIGNED.name, SEQUENCE_STEP_DUE.name)
"""The topics that the followed lead has to appear in."""


@dataclass(slots=True)
class DownstreamProgress:
    """Collects events, in whatever order they are read."""

    entries: int = 0
    assigned: Counter[str] = field(default_factory=Counter)
    """Leads by owner."""
    steps: int = 0
    """Sequence steps due."""
    notice: str = ""
    """Why there are no figures, if so."""
    followed: str | None = None
    """The lead that is followed: the first to appear in all topics."""
    _steps: dict[str, dict[str, str]] = field(default_factory=dict)

    def take(self, topic: str, event: Mapping[str, Any]) -> None:
        """Add an event of a topic, named without prefix."""
        lead_id = event["lead_id"]
        if topic == JOURNEY_ENTRY_REQUESTED.name:
            self.entries += 1
        elif topic == LEAD_ASSIGNED.name:
            if (owner := event.get("owner")) is None:
                return  # waits
            self.assigned[owner["id"]] += 1
        elif topic == SEQUENCE_STEP_DUE.name:
            self.steps += 1
        if self.followed is not None and lead_id != self.followed:
            return
        steps = self._steps.setdefault(lead_id, {})
        if topic == SEQUENCE_STEP_DUE.name and topic in steps:
            steps[topic] += f", then {event['step_id']}"
        else:
            steps.setdefault(topic, _step(topic, event))
        if all(topic in steps for topic in _WAY):
            self.followed = lead_id
            self._steps = {lead_id: steps}
        elif len(self._steps) > _REMEMBERED:
            del self._steps[next(iter(self._steps))]

    def lines(self) -> list[str]:
        """What happened to the followed lead: its name, then a line for each step. Empty if none is followed yet."""
        if self.followed is None:
            return []
        steps = self._steps[self.followed]
        return [f"{self.followed} {_name(self.followed)}", *(steps[topic] for topic in _WAY)]

    def figures(self) -> str:
        """All figures in one line."""
        if self.notice:
            return self.notice
        return f"journey entries {self.entries:,}, assigned {self.assigned.total():,}, steps due {self.steps:,}"


@dataclass(slots=True)
class Progress:
    """Everything shown, as of now."""

    begun: float = field(default_factory=time.monotonic)
    produced: int = 0
    figures: Figures = field(default_factory=Figures)
    newest: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=50))
    """The newest lead-qualified events, the newest last."""
    qualified: int = 0
    first_after: float | None = None
    """Seconds from the start of the command to the first qualified lead."""
    downstream: DownstreamProgress = field(default_factory=DownstreamProgress)
    notice: str = ""
    """What is not as it should be, for people; empty if nothing."""
    _decided_at: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=200))

    @property
    def decided(self) -> int:
        """Scores and lead changes decided."""
        return self.figures.events[LEAD_SCORE_CHANGED.name] + self.figures.events[LEAD_CHANGED.name]

    @property
    def rate(self) -> float:
        """Events decided per second, over the last few."""
        if len(self._decided_at) < 2:
            return 0.0
        (then, before), (now, after) = self._decided_at[0], self._decided_at[-1]
        return max(0.0, (after - before) / (now - then)) if now > then else 0.0

    def outcomes(self) -> Counter[str]:
        """Over all models, in the domain's order."""
        counted: Counter[str] = Counter({outcome.value: 0 for outcome in Outcome})
        for (_, outcome), count in self.figures.outcomes.items():
            counted[outcome] += count
        return Counter({outcome: count for outcome, count in counted.items() if count})

    def look(self, figures: Figures | None) -> None:
        """Take the worker's figures, if it gave any."""
        if figures is None:
            return
        self.figures = figures
        now = time.monotonic()
        self._decided_at.append((now, self.decided))
        while self._decided_at[0][0] < now - _RATE_SECONDS:
            self._decided_at.popleft()

    def take(self, events: Iterable[TopicEvent]) -> list[dict[str, Any]]:
        """Add events of any topic as they came; returns the qualified leads among them."""
        new = []
        for topic, event in events:
            self.downstream.take(topic, event)
            if topic == LEAD_QUALIFIED.name:
                new.append(event)
        if new and self.first_after is None:
            self.first_after = time.monotonic() - self.begun
        self.qualified += len(new)
        self.newest.extend(new)
        return new


def _name(lead_id: str) -> str:
    number = lead_id.removeprefix("L-")
    return name_of(int(number)) if number.isdecimal() else ""


def _step(topic: str, event: Mapping[str, Any]) -> str:
    if topic == LEAD_QUALIFIED.name:
        scores = ", ".join(f"{one['scoring_model_id']} {one['score']:g}" for one in event["criteria"] if "score" in one)
        return f"qualified by {event['qualification_model_id']} v{event['qualification_model_version']} ({scores})"
    if topic == JOURNEY_ENTRY_REQUESTED.name:
        return f"enters journey {event['journey_id']} v{event['journey_version']}"
    if topic == SEQUENCE_STEP_DUE.name:
        return f"steps of sequence {event['sequence_id']} v{event['sequence_version']} due: {event['step_id']}"
    owner = event["owner"]
    how = f"segment {event['segment']}, rule {event['rule']}" if "rule" in event else "by hand"
    return f"assigned to {owner['kind']} {owner['id']} ({how})"
