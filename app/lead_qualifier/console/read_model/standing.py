"""How the projection stands: what it is doing, how far behind it is, and what keeps it from going on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What the projection is doing."""

    STARTING = "starting"
    REBUILDING = "rebuilding"
    FOLLOWING = "following"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it stands now. `reason`: why it reads everything again; `problem`: why it does not go on."""

    phase: Phase = Phase.STARTING
    behind: int = 0
    """Records that are not projected yet. Markers of transactions count, until they are passed."""
    read: int = 0
    """While it rebuilds: how many of `total` offsets have been read."""
    total: int = 0
    reason: str | None = None
    problem: str | None = None
    database_away: bool = False
    caught_up_ms: int = 0
    """All that was written until then is projected; while it rebuilds, when it began."""
    rebuilds: int = 0
    """How often this process has begun to read everything again."""
    projected: int = 0
    """How many offsets this process has projected."""

    def seconds_behind(self, now_ms: int) -> float:
        """Age of the data in seconds; 0 if it is current."""
        if self.phase is Phase.STARTING or (not self.behind and self.problem is None):
            return 0.0
        return max(0, now_ms - self.caught_up_ms) / 1000

    @property
    def progress(self) -> float | None:
        """The share of the rebuild that is done; None if there is none."""
        if self.phase is not Phase.REBUILDING:
            return None
        return min(1.0, self.read / self.total) if self.total else 0.0

    @property
    def percent(self) -> int:
        """How much of the rebuild is done; less than 100 until it is over."""
        return min(99, self.read * 100 // self.total) if self.total else 0
