"""Whether the engine gets on: the last progress, and the transactions that have failed since the last commit."""

from __future__ import annotations

import time
from collections.abc import Mapping

import structlog

from lead_qualifier.engine.errors import Code, Report
from lead_qualifier.engine.partitioning import TopicPartition

log = structlog.get_logger(__name__)


class Progress:
    """Written by the engine's threads and the consumer's, read by the watchdog."""

    def __init__(self, stall_seconds: float) -> None:
        self._stall_seconds = stall_seconds
        self._made_at = time.monotonic()
        self._failing_since: float | None = None  # the first transaction that failed after the last commit
        self._failure = ""
        self._unsettled: dict[TopicPartition, int] = {}  # where the transactions since then would have ended
        self._unassigned_since: float | None = None

    def made(self) -> None:
        """There was progress, or nothing to do."""
        self._made_at = time.monotonic()

    def committed(self) -> None:
        """A transaction was committed."""
        self.made()
        self._failing_since = None
        self._unsettled = {}

    def failed(self, reason: str, unsettled: Mapping[TopicPartition, int]) -> None:
        """A transaction was aborted, or its outcome is unknown. `unsettled`: where it would have ended."""
        self._failing_since = self._failing_since or time.monotonic()
        self._failure = reason
        for tp, offset in unsettled.items():
            self._unsettled[tp] = max(offset, self._unsettled.get(tp, 0))

    def idle_at(self, positions: Mapping[TopicPartition, int]) -> None:
        """Nothing is left to do at these positions: if they are where failed transactions would have ended, those were
        committed after all.
        """
        self.made()
        if self._failing_since is None:
            return
        if all(positions.get(tp, offset) >= offset for tp, offset in self._unsettled.items()):
            log.info("transactions_settled", since_seconds=round(time.monotonic() - self._failing_since))
            self.committed()

    def assigned(self) -> None:
        """The group has given this worker an assignment."""
        self._unassigned_since = None
        self.committed()

    def unassigned(self) -> None:
        """The engine has started, or a rebalance has begun."""
        self._unassigned_since = time.monotonic()

    def problem(self, *, has_work: bool) -> Report | None:
        """Why the process must end, or None."""
        now, limit = time.monotonic(), self._stall_seconds
        if has_work and (stalled := now - self._made_at) > limit:
            return Report(Code.STALLED, {"seconds": round(stalled)})
        since = self._failing_since
        if since is not None and now - since > limit:
            return Report(Code.NO_COMMIT, {"seconds": round(now - since), "reason": self._failure})
        unassigned = self._unassigned_since
        if unassigned is not None and now - unassigned > limit:
            return Report(Code.GROUP_UNSETTLED, {"seconds": round(now - unassigned)})
        return None
