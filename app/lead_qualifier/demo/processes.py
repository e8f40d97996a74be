"""The demo's processes, which end with it: worker, producer, downstream services and console."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Self

import lead_qualifier
from lead_qualifier.settings import Settings

_PRODUCER_STOP_SECONDS = 8.0
_WORKER_STOP_SECONDS = 15.0


class ChildProcess:
    """A module in a process of its own, detached from the terminal, whose standard error goes to a log file.

    The process starts immediately, so that its imports overlap with other work; the module runs once `begin` is called.
    """

    def __init__(self, module: str, *, log: Path, descriptors: Sequence[int] = ()) -> None:
        """`descriptors`: of open files that it inherits."""
        self.name = log.stem
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        program = Path(lead_qualifier.__file__).parents[1]
        paths = [str(program), *filter(None, [os.environ.get("PYTHONPATH")])]
        with log.open("wb") as errors:
            # its own session: Ctrl-C in the terminal reaches the demo only, which then stops its children in order
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "lead_qualifier.demo.child_main", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,
                pass_fds=descriptors,
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
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def end_of_log(self) -> str:
        """The last line of its log, for a message."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "nothing"

    def how_it_ended(self) -> str:
        """Its exit code and the end of its log, for a message."""
        return f"the {self.name} exited with {self.exit_code}; its log {self.log} ends with: {self.end_of_log()}"

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


class DemoProcesses:
    """Starts and stops them. Worker and producer start along with the broker, and import meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._folder = (settings.data_dir / "demo").absolute()
        self.worker = self._child("lead_qualifier", "worker.log")
        self.producer = self._child("lead_qualifier.demo.producer", "producer.log")
        self.services: ChildProcess | None = None
        self.console: ChildProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def replace_worker(self) -> None:
        """Replace a worker that has ended."""
        self.worker.stop(1)
        self.worker = self._child("lead_qualifier", "worker.log")

    def begin_services(self, arguments: list[str], environment: dict[str, str]) -> ChildProcess:
        """Start the downstream services, after the others: the first qualified lead does not need them."""
        self.services = self._child("lead_qualifier", "downstream.log")
        self.services.begin(arguments, environment)
        return self.services

    def begin_console(self, listener: socket.socket, key: str, environment: Mapping[str, str]) -> ChildProcess:
        """Start the console, which serves the socket from now on. `key`: of its link."""
        descriptor = listener.fileno()
        log = self._folder / "console.log"
        self.console = ChildProcess("lead_qualifier.console", log=log, descriptors=[descriptor])
        self.console.begin([str(descriptor), key], environment)
        listener.close()  # a browser is to see whether the process lives
        return self.console

    def stop(self) -> None:
        """Stop all, the producer first, so that the others finish their work."""
        self.producer.stop(_PRODUCER_STOP_SECONDS)
        self.worker.stop(_WORKER_STOP_SECONDS)
        for one in self._begun_later:
            one.stop(_WORKER_STOP_SECONDS)

    def kill(self) -> None:
        """Kill all."""
        for one in (self.producer, self.worker, *self._begun_later):
            one.kill()

    @property
    def _begun_later(self) -> list[ChildProcess]:
        return [one for one in (self.services, self.console) if one is not None]

    def _child(self, module: str, log: str) -> ChildProcess:
        return ChildProcess(module, log=self._folder / log)
