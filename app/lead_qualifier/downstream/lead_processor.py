"""What the processors of services keyed by lead have in common: following leads, and deciding by definitions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, TypeVar

from lead_qualifier.definitions.entries import Definitions, Published
from lead_qualifier.downstream.lead_follower import LeadFollower, S
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE

D = TypeVar("D")
"""A definition, read."""

#: What the engine takes for "no rules yet": nothing is decided.
NO_RULES = -1


class LeadProcessor(LeadFollower[S], Generic[D, S]):
    """Follows leads with the definitions of this cycle.

    `current` gives the newest definitions, or None while they are not known.
    """

    def __init__(
        self,
        *,
        topic_prefix: str,
        source: str,
        current: Callable[[], Definitions | None],
        time_tolerance: timedelta = DEFAULT_TOLERANCE,
    ) -> None:
        super().__init__(topic_prefix=topic_prefix, source=source, time_tolerance=time_tolerance)
        self._newest = current
        self._known: Definitions | None = None
        self._cached: dict[tuple[str, int], D] = {}
        #: What is live, by id, in the order of the ids.
        self.live: dict[str, D] = {}

    @abstractmethod
    def read(self, published: Published) -> D:
        """Read a published definition, once for each version."""

    def begin(self) -> int:
        """Fix the definitions of this cycle."""
        current = self._newest()
        if current is None:
            return NO_RULES
        if current is not self._known:
            wanted = {(one.id, one.version): one for one in current.live.values()}
            self._cached = {key: self._cached.get(key) or self.read(one) for key, one in wanted.items()}
            self.live = {name: self._cached[name, version] for name, version in wanted}
            self._known = current
        return current.revision
