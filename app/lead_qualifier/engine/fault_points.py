"""Named points in the engine at which tests stop, kill or freeze a worker."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class FaultPoint(StrEnum):
    """In the order in which a partition meets them."""

    OPEN_BEGUN = "open.begun"
    OPEN_RESTORED = "open.restored"
    OPEN_DONE = "open.done"
    CYCLE_SELECTED = "cycle.selected"
    CYCLE_PROCESSED = "cycle.processed"
    TRANSACTION_BEGUN = "transaction.begun"
    TRANSACTION_PRODUCED = "transaction.produced"
    TRANSACTION_FLUSHED = "transaction.flushed"
    TRANSACTION_OFFSETS = "transaction.offsets"
    TRANSACTION_COMMITTED = "transaction.committed"
    CYCLE_APPLIED = "cycle.applied"
    SWEEP_CHUNK = "sweep.chunk"
    CLOSED = "closed"


FaultHook = Callable[[FaultPoint], None]


def no_fault_hook(point: FaultPoint) -> None:
    """What runs outside of tests."""
