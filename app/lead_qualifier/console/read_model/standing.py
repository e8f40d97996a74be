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

    @property
    def percent(self) -> int:
        """How much of the rebuild is done; less than 100 until it is over."""
        return min(99, self.read * 100 // self.total) if self.total else 0
