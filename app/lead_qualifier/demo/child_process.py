"""A child process of the demo: detached from the terminal, and ended with the demo."""

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


class ChildProcess:
    """A module that runs in its own process and writes standard error to a log file.

    The process starts immediately, so that its imports overlap with other work; the module runs once `begin` is called.
    """

    def __init__(self, module: str, *, log: Path) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        program = Path(lead_qualifier.__file__).parents[1]
        paths = [str(program), *filter(None, [os.environ.get("PYTHONPATH")])]
        with log.open("wb") as errors:
            # its own session: Ctrl-C in the terminal reaches the demo only, which then stops its children in order
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "lead_qualifier.demo.attached", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,
            )

    def begin(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run the module."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has already ended, which its exit code shows
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
        """The last line of its log, for a message."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "nothing"

    def stop(self, timeout: float) -> None:
        """Terminate it; kill it after `timeout` seconds."""
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
        """Kill it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
