"""Ends a worker that can no longer work: a process that is alive but idle would hold its partitions for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_TICK_SECONDS = 1.0
#: A tick that comes later than this (seconds) shows that the whole process was stopped (a freeze, a sleeping machine),
#: not one thread of it.
_PAUSE_SECONDS = 5.0


class Watchdog:
    """A thread of its own, since what it watches may be what has stopped.

    `problem` returns why the process must end, or None. The event loop has to call `loop_alive` at least every
    `stall_seconds`. After the whole process was stopped for a while nothing is checked for `stall_seconds`: everything
    looks stale then.
    """

    def __init__(
        self, *, problem: Callable[[], str | None], failed: Callable[[str], object], stall_seconds: float = 60.0
    ) -> None:
        self._problem = problem
        self._failed = failed
        self._stall_seconds = stall_seconds
        self._loop_seen = time.monotonic()
        self._deadline: float | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self.loop_alive()
        self._thread.start()

    def loop_alive(self) -> None:
        """The event loop runs."""
        self._loop_seen = time.monotonic()

    def stopping(self, within: float) -> None:
        """A graceful stop has begun: from now on only its deadline is watched. `within`: in seconds."""
        self._deadline = time.monotonic() + within

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def reason_to_end(self, now: float) -> str | None:
        """Why the process must end at this time (monotonic seconds), or None."""
        if self._deadline is not None:
            return "the graceful stop did not come to its end in time" if now > self._deadline else None
        silent = now - self._loop_seen
        if silent > self._stall_seconds:
            return f"the event loop has not run for {silent:.0f} s"
        return self._problem()

    def _run(self) -> None:
        last = time.monotonic()
        check_from = last
        while not self._stopped.wait(_TICK_SECONDS):
            now = time.monotonic()
            if now - last > _PAUSE_SECONDS:
                check_from = now + self._stall_seconds
            last = now
            if now >= check_from and (reason := self.reason_to_end(now)) is not None:
                self._failed(reason)
                return
