"""Base of the processors that decide about leads by the live definitions of one kind."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, TypeVar

from typing_extensions import override

from lead_qualifier.definitions.entries import Definitions, Published
from lead_qualifier.downstream.lead_follower import LeadFollower, S
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE

D = TypeVar("D")
"""A published definition in the form that decisions need."""

#: What `begin` returns while the definitions are unknown: the engine then handles nothing.
UNKNOWN_RULES = -1


class RuleBasedProcessor(LeadFollower[S], Generic[D, S]):
    """Follows leads, with the definitions that are live in this cycle."""

    def __init__(
        self,
        *,
        topic_prefix: str,
        source: str,
        current: Callable[[], Definitions | None],
        time_tolerance: timedelta = DEFAULT_TOLERANCE,
    ) -> None:
        """`current` returns the newest definitions, the same object while they do not change; None: still unknown."""
        super().__init__(topic_prefix=topic_prefix, source=source, time_tolerance=time_tolerance)
        self._newest = current
        self._known: Definitions | None = None
        self._cached: dict[tuple[str, int], D] = {}
        #: The live definitions, in the order of their ids.
        self.live: dict[str, D] = {}

    @abstractmethod
    def read_definition(self, published: Published) -> D:
        """Convert a published definition. Called once for each version."""

    @override
    def begin(self) -> int:
        """Take the definitions for this cycle. Returns their revision, or UNKNOWN_RULES."""
        current = self._newest()
        if current is None:
            return UNKNOWN_RULES
        if current is not self._known:
            wanted = {(one.id, one.version): one for one in current.live.values()}
            self._cached = {key: self._cached.get(key) or self.read_definition(one) for key, one in wanted.items()}
            self.live = {name: self._cached[name, version] for name, version in wanted}
            self._known = current
        return current.revision
