"""What the engine reports about its work, for metrics."""

from __future__ import annotations

from collections.abc import Sequence

from lead_qualifier.engine.partition import PartitionResult


class Observer:
    """Is called with what the engine has done. This base class ignores it.

    Each method is called in the thread that does the work, and must return quickly and raise nothing.
    """

    def cycle(self, results: Sequence[PartitionResult], *, process_seconds: float, transaction_seconds: float) -> None:
        """A cycle has been committed. Called in the cycle's thread."""

    def aborted(self, reason: str) -> None:
        """A transaction was aborted, or its outcome is unknown. Called in the cycle's thread."""

    def rebalanced(self) -> None:
        """The consumer group has given this worker a new assignment. Called in the consumer's thread."""

    def restored(self, seconds: float) -> None:
        """A partition is restored and open, so many seconds after its assignment. Called in the restoring thread."""
