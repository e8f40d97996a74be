"""Who uses the broker of a data folder: a shared lock for each program, so that the last one to leave stops it."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class Usage:
    """One program's share in the broker of a data folder."""

    def __init__(self, folder: Path) -> None:
        self.lock = folder / "users.lock"
        self._starting = folder / "start.lock"
        self._held: IO[str] | None = None

    def join(self, timeout: float) -> None:
        """Count as a user. Waits while the broker is being stopped; raises TimeoutError after `timeout` seconds."""
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        self._held = self.lock.open("a")
        deadline = time.monotonic() + timeout
        while not _try_lock(self._held, fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                self.leave()
                raise TimeoutError(f"the broker of {self.lock.parent} has been stopping for {timeout:g} s")
            time.sleep(0.05)

    def leave(self) -> None:
        """Count as a user no more."""
        if self._held is not None:
            self._held.close()
            self._held = None

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """True while nobody uses the broker and, for the time of the `with`, nobody can begin to."""
        with self.lock.open("a") as lock:
            yield _try_lock(lock, fcntl.LOCK_EX)

    def others(self) -> bool:
        """Does another program use the broker? (False as well while one has it alone.)"""
        with self.lock.open("a") as lock:
            if not _try_lock(lock, fcntl.LOCK_SH):
                return False
            return not _try_lock(lock, fcntl.LOCK_EX)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """One program at a time looks whether a broker runs and starts it."""
        self._starting.parent.mkdir(parents=True, exist_ok=True)
        with self._starting.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
