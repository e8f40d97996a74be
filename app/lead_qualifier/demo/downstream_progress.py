"""What the downstream services made of qualified leads: figures, and one lead followed all the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lead_qualifier.demo.world import name_of
from lead_qualifier.messages.downstream_topics import JOURNEY_ENTRY_REQUESTED, LEAD_ASSIGNED, SEQUENCE_STEP_DUE
from lead_qualifier.messages.topics import LEAD_QUALIFIED

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
