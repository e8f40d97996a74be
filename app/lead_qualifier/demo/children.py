"""The demo's child processes: started apart from the terminal, and ended with the demo."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import lead_qualifier


class Child:
    """A module that runs as a process of its own, its standard error in a log file.

    It is started at once, so that its imports overlap with other things, and begins when `begin` is called.
    """

    def __init__(self, module: str, *, log: Path) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        program = Path(lead_qualifier.__file__).parents[1]
        paths = [str(program), *filter(None, [os.environ.get("PYTHONPATH")])]
        with log.open("wb") as errors:
            # A session of its own: Ctrl-C in the terminal is for the demo, which then ends its children in order.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "lead_qualifier.demo.attached", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,
            )

    def begin(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Let the module run."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended already: its exit code says so
            self._process.stdin.write(json.dumps({"arguments": arguments, "environment": environment}).encode() + b"\n")
            self._process.stdin.flush()

    @property
    def output(self) -> IO[bytes]:
        """Its standard output."""
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def end_of_log(self) -> str:
        """Its last line of log, for a message."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "nothing"

    def stop(self, timeout: float) -> None:
        """Ask it to end, and make it end after `timeout` seconds."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
