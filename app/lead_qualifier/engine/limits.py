"""How much the engine takes on at once."""

from __future__ import annotations

from dataclasses import dataclass

from lead_qualifier.engine.clock import DEFAULT_TOLERANCE_SECONDS

#: A cycle never gets smaller than this part of its limits, however many transactions fail.
_LEAST = 1 / 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Set by the program that runs the engine."""

    #: Records in one transaction. Under load, the more they are the fewer states are written: each key's only once.
    cycle_records: int = 50_000
    queued_records: int = 100_000
    #: Bytes of inputs, and of states and outputs, in one transaction: the broker ends one that takes longer than ten
    #: seconds.
    cycle_bytes: int = 64 * 1024 * 1024
    queued_bytes: int = 256 * 1024 * 1024
    #: The process exits after this long (seconds) without progress, although there is work.
    stall_seconds: float = 120.0
    #: How long a rebalance waits for the running transaction; must be well below the group's rebalance timeout.
    revocation_seconds: float = 15.0
    transaction_seconds: float = 30.0
    #: How far (seconds) the time at which a partition is processed may be ahead of its records' times at the broker.
    clock_seconds: float = DEFAULT_TOLERANCE_SECONDS
    #: How long (seconds) the first record waits for others to share its transaction.
    commit_interval: float = 0.0
    #: As many records, or bytes, do not wait for more.
    enough_records: int = 5_000
    enough_bytes: int = 4 * 1024 * 1024


DEFAULT_LIMITS = Limits()


class CycleSize:
    """The limits of the next cycle: smaller after failed transactions, then growing again."""

    def __init__(self, max_records: int, max_bytes: int) -> None:
        self.max_records = max_records
        self._max_bytes = max_bytes
        self._scale = 1.0

    def records_share(self, partitions: int) -> int:
        """How many records each of `partitions` may have, at least one."""
        return max(1, int(self.max_records * self._scale) // max(1, partitions))

    def bytes_share(self, partitions: int) -> int:
        """How many bytes each of `partitions` may have, at least one."""
        return max(1, int(self._max_bytes * self._scale) // max(1, partitions))

    @property
    def bytes(self) -> float:
        """Bytes to write in the whole cycle."""
        return self._max_bytes * self._scale

    def shrink(self) -> None:
        """A transaction was not committed."""
        self._scale = max(_LEAST, self._scale / 2)

    def grow(self) -> None:
        """A transaction was committed."""
        self._scale = min(1.0, self._scale * 2)
