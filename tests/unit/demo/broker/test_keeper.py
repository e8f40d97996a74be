"""The program that runs a broker for its users."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from lead_qualifier.demo.broker import keeper
from tests.support.subscriptions import until


def test_a_broker_is_stopped_if_the_program_that_starts_it_ends_before_it_hears_of_it(tmp_path: Path) -> None:
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writes, bytes(4096))  # the pipe is full: the keeper waits to say what it has started
    os.set_blocking(writes, True)
    started = tmp_path / "pid"
    broker = "import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n'); time.sleep(60)"
    lock, description, log = (tmp_path / name for name in ("users.lock", "running.json", "broker.log"))
    with lock.open("w") as user:
        fcntl.flock(user, fcntl.LOCK_SH)
        keeping = subprocess.Popen(
            [sys.executable, "-I", keeper.__file__, lock, description, log, sys.executable, "-c", broker, started],
            stdout=writes,
        )
        os.close(writes)
        until(lambda: started.exists() and started.read_text().endswith("\n"))
        os.close(reads)
    keeping.wait(20)
    until(_ended(int(started.read_text())))


def _ended(pid: int) -> Callable[[], bool]:
    def ended() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    return ended
