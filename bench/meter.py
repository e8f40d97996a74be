"""What a measured process finds out about itself: CPU time and clock from when it may read to its last commit."""

from __future__ import annotations

import resource
import sys
import time

import msgspec
from msgspec import Struct


class Measured(Struct, frozen=True):
    """From the moment at which partitions are assigned, restored and may be read, to the commit that decides the last
    event.

    `cpu_seconds`: user and system time of the whole process, all threads. `seconds`: the clock. `peak_mib`: the largest
    resident memory of the process in its life.
    """

    events: int
    cpu_seconds: float
    seconds: float
    peak_mib: float

    @property
    def cpu_us_per_event(self) -> float:
        return self.cpu_seconds / self.events * 1e6

    @property
    def events_per_second(self) -> float:
        return self.events / self.seconds


class Meter:
    """Prints `ready` when reading may begin, and the Measured as JSON once `expected` events are decided (0: never)."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._began: tuple[float, float] | None = None

    def ready(self) -> None:
        if self._began is None:
            self._began = (_cpu_seconds(), time.monotonic())
            _tell("ready")

    def decided(self, total: int) -> None:
        """`total` events are decided and committed so far."""
        if self._expected and total >= self._expected and self._began is not None:
            cpu, clock = self._began
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            measured = Measured(total, _cpu_seconds() - cpu, time.monotonic() - clock, peak)
            self._expected = 0
            _tell(msgspec.json.encode(measured).decode())


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
