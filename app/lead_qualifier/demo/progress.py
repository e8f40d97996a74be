"""How far the demo is: what was produced, decided and qualified. The screens show it, and nothing else keeps it."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from lead_qualifier.demo.downstream_progress import DownstreamProgress
from lead_qualifier.demo.figures import Figures
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_QUALIFIED, LEAD_SCORE_CHANGED
from lead_qualifier.qualification.decide import Outcome

_RATE_SECONDS = 5.0


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

    def take(self, events: list[dict[str, Any]]) -> None:
        """Take qualified leads as they came."""
        if events and self.first_after is None:
            self.first_after = time.monotonic() - self.begun
        self.qualified += len(events)
        self.newest.extend(events)
        for event in events:
            self.downstream.take(LEAD_QUALIFIED.name, event)
