"""Runs a broker's process for as long as any program uses it: a program of its own, so that it outlives a killed one.

Each user of the broker holds a shared lock on a file. Locks go with the process that holds them, however it ends, so
getting the lock exclusively means that nobody is left.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

STOP_SECONDS = 30


def main() -> int:
    """Arguments: the users' lock file, the file that describes the running broker, its log, then its command."""
    lock, description, log = map(Path, sys.argv[1:4])
    with log.open("wb") as output:
        broker = subprocess.Popen(sys.argv[4:], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: stop(broker))
    threading.Thread(target=_stop_when_unused, args=(lock, description, broker), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # the process that asked for it has ended already
        os.write(sys.stdout.fileno(), f"{broker.pid}\n".encode())
    return broker.wait()


def stop(broker: subprocess.Popen[bytes]) -> None:
    """Stop it in order, by force when that takes too long."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(broker.pid, signal.SIGCONT)  # a frozen one would never see the next signal
        broker.terminate()
    force = threading.Timer(STOP_SECONDS, broker.kill)
    force.daemon = True
    force.start()


def _stop_when_unused(lock: Path, description: Path, broker: subprocess.Popen[bytes]) -> None:
    with lock.open("a") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        description.unlink(missing_ok=True)  # from here on nobody may join
        stop(broker)
        broker.wait()


if __name__ == "__main__":
    sys.exit(main())
