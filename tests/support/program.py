"""Starts programs of the product and of the tests, each in a process of its own, without waiting for imports."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tests.support.fork_server import LENGTH, SESSION_SECONDS

ROOT = Path(__file__).parents[2]
#: Seconds after which others notice that a member of a consumer group is gone.
SHORT_SESSION = 2.0
#: Variables that Python or its libraries read when they start, so that a copy would come too late for them.
_READ_AT_START = ("PYTHON", "LC_", "LANG", "TERM", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_", "SSL_")
#: It has all that it names already.
_HARMLESS = frozenset({"PYTHONPATH"})


def without_settings() -> dict[str, str]:
    """The environment of this process, without the product's settings and those of the connection."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("LEAD_QUALIFIER_", "KAFKA_"))}


def start(
    program: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path = ROOT,
    stdin: IO[Any] | None = None,
    stdout: IO[Any] | None = None,
    stderr: IO[Any] | None = None,
    session: float | None = SHORT_SESSION,
) -> Process:
    """Start a module, as `python -m` does, with arguments: `program` is both. Streams that are None lead nowhere.

    `session`: after how many seconds of silence the group goes on without it, where the broker is of the tests' making
    and allows it; None: as users have it.
    """
    environment = dict(environment)
    if session is not None and "KAFKA_BOOTSTRAP_SERVERS" not in os.environ:
        environment[SESSION_SECONDS] = str(session)
    with open(os.devnull, "r+b") as nowhere:  # noqa: PTH123  no file
        streams = [(stream or nowhere).fileno() for stream in (stdin, stdout, stderr)]
        if sys.platform != "linux" or _differs(environment):
            return subprocess.Popen(
                [sys.executable, "-m", *program],
                cwd=folder,
                env=environment,
                stdin=streams[0],
                stdout=streams[1],
                stderr=streams[2],
            )
        return _server().start(program, environment, folder, streams)


def run(
    program: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    stdin: bytes = b"",
    timeout: float = 60,
    session: float | None = SHORT_SESSION,
) -> tuple[int, bytes, bytes]:
    """Run a module to its end. Returns its exit code, and what it wrote to standard output and error. `session`: as of
    `start`.

    Raises subprocess.TimeoutExpired, after which it does not run any more.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        process = start(
            program, environment=environment, folder=folder, stdin=given, stdout=out, stderr=err, session=session
        )
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise
        out.seek(0)
        err.seek(0)
        return code, out.read(), err.read()


class ForkedProcess:
    """A process that the fork server started; what of subprocess.Popen the tests use."""

    def __init__(self, pid: int, ended: int, program: Sequence[str]) -> None:
        self.pid = pid
        self.args = program
        self.returncode: int | None = None
        self._ended = ended
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code, None while it runs; negative: the signal that ended it."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return its exit code. Raises subprocess.TimeoutExpired."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        with self._lock:
            if self.returncode is None:
                waiting = select.poll()  # unlike select.select it takes any number
                waiting.register(self._ended, select.POLLIN)
                if waiting.poll(None if timeout is None else timeout * 1000):
                    told = os.read(self._ended, 32)
                    os.close(self._ended)
                    assert told, "the fork server is gone"
                    self.returncode = int(told)
            return self.returncode


Process = subprocess.Popen[bytes] | ForkedProcess


class _Server:
    """The fork server of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection, theirs = socket.socketpair()
        with theirs:
            self.environment = dict(os.environ)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno())],
                cwd=ROOT,
                env={**self.environment, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "app")))},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        atexit.register(self.close)

    def start(
        self, program: Sequence[str], environment: Mapping[str, str], folder: Path, streams: Sequence[int]
    ) -> ForkedProcess:
        module, *arguments = program
        request = json.dumps(
            {"module": module, "arguments": arguments, "environment": dict(environment), "folder": str(folder)}
        ).encode()
        ended, tell = os.pipe()
        with self._lock:
            socket.send_fds(self._connection, [LENGTH.pack(len(request))], [*streams, tell])
            os.close(tell)
            self._connection.sendall(request)
            answer = self._connection.recv(LENGTH.size, socket.MSG_WAITALL)
        assert answer, "the fork server is gone"
        return ForkedProcess(LENGTH.unpack(answer)[0], ended, program)

    def close(self) -> None:
        self._connection.close()
        self._process.wait(10)


_started: list[_Server] = []
_starting = threading.Lock()


def _server() -> _Server:
    with _starting:
        if not _started:
            _started.append(_Server())
        return _started[0]


def _differs(environment: Mapping[str, str]) -> bool:
    """Does a variable differ that is read at start?"""
    ours = os.environ
    return any(
        environment.get(name) != ours.get(name)
        for name in {*environment, *ours} - _HARMLESS
        if name.startswith(_READ_AT_START)
    )
