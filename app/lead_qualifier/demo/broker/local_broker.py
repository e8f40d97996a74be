"""A broker that runs as a process on this machine, shared by the programs that use its folder."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from lead_qualifier.demo.broker import keeper
from lead_qualifier.demo.broker.errors import DidNotStart
from lead_qualifier.demo.broker.kinds import IN_ORDER
from lead_qualifier.demo.broker.usage import Usage
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import BrokerUnreachable
from lead_qualifier.settings import Settings

START_SECONDS = 90.0
STOP_SECONDS = 40.0
_POLL_SECONDS = 0.05
_RUNNING = "running.json"


class LocalBroker(ABC):
    """One broker. If one of the same folder runs already, also another program's, it is used, not started again.

    `start` and `close` are for users that share it; `stop`, `kill`, `freeze`, `thaw` and `restart` act on the process
    itself, no matter who uses it, and are for tests of what happens then. As a context manager it starts and closes.
    """

    name = "the broker"
    """What messages call it."""
    description = "a broker"
    """What it is, for people."""
    workers_limit: int | None = None
    """How many workers it can serve; None: no limit."""

    def __init__(self, folder: Path, *, ports: int) -> None:
        """`folder` keeps its data, and `ports` is how many it listens on, the first of them for clients."""
        self.folder = folder.absolute()
        self.log = self.folder / "broker.log"
        self.pid: int | None = None
        """Its process, while it runs."""
        self.ports = [0] * ports
        self._usage = Usage(self.folder)
        self._keeper: subprocess.Popen[str] | None = None
        self._description = self.folder / _RUNNING

    @abstractmethod
    def _prepare(self) -> None:
        """Make files that the process needs. Raises DidNotStart."""

    @abstractmethod
    def _command(self) -> list[str]:
        """What to run. The folder's whole path is in it: the process is known by that."""

    def _working_folder(self) -> Path:
        """Where to run it."""
        return self.folder

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.ports[0]}"

    @property
    def data_location(self) -> str:
        """Where its data lies and how to be rid of it, for people."""
        folder = shown_path(self.folder)
        return f"its data stays in the folder {folder} (to start afresh: rm -r {folder})"

    @property
    def connection(self) -> Connection:
        """The connection for clients."""
        return Connection(bootstrap_servers=self.bootstrap_servers)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, timeout: float = START_SECONDS) -> bool:
        """Have it running. True: started; False: one ran already and is used.

        Raises DidNotStart.
        """
        try:
            self._usage.join(STOP_SECONDS)
        except TimeoutError as error:
            raise DidNotStart(str(error)) from None
        try:
            with self._usage.starting():
                if self._join_running():
                    return False
                self._choose_ports()
                self._launch(timeout)
                return True
        except BaseException:
            self._usage.leave()
            raise

    def close(self) -> None:
        """Use it no more: it stops when nobody else uses it."""
        self._usage.leave()
        deadline = time.monotonic() + STOP_SECONDS
        while self._running() and time.monotonic() < deadline:
            with self._usage.alone() as alone:
                if alone:
                    self.stop()
                    return
            if self._usage.others():
                break
            time.sleep(_POLL_SECONDS)  # its keeper is stopping it
        self._reap()

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Stop the process in order, by force after `timeout` seconds."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        if not self._wait_until_ended(timeout):
            self.kill()
        self._forget()

    def kill(self) -> None:
        """End the process at once, as kill -9 does."""
        self._signal(signal.SIGKILL)
        self._wait_until_ended(STOP_SECONDS)
        self._forget()

    def freeze(self) -> None:
        """Halt the process: connections stay, nothing answers."""
        if self.pid is not None and self._running():
            halt(self.pid)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self._signal(signal.SIGCONT)

    def restart(self, timeout: float = START_SECONDS) -> None:
        """Run it again on the same ports and data, stopping it first where it still runs. Raises DidNotStart."""
        if self._running():
            self.stop()
        self._launch(timeout)

    def _join_running(self) -> bool:
        """Use this folder's broker if it runs and answers; end it if it runs and does not answer."""
        try:
            running = json.loads(self._description.read_text())
            self.pid, self.ports = int(running["pid"]), [int(port) for port in running["ports"]]
        except (FileNotFoundError, ValueError, KeyError):
            return False
        if self._running():
            try:
                self.connection.check_reachable(timeout=5)
            except BrokerUnreachable:
                self.stop(timeout=5)
            else:
                return True
        self._forget()
        return False

    def _choose_ports(self) -> None:
        """The ports of last time where they are free: an address written down then still works."""
        remembered = self.folder / "ports.json"
        if not all(self.ports):
            with contextlib.suppress(FileNotFoundError, ValueError):
                self.ports = [int(port) for port in json.loads(remembered.read_text())]
        if not all(port and is_free(port) for port in self.ports):
            self.ports = free_ports(len(self.ports))
        remembered.write_text(json.dumps(self.ports))

    def _launch(self, timeout: float) -> None:
        self._prepare()
        keeping = [sys.executable, "-I", keeper.__file__, str(self._usage.lock), str(self._description), str(self.log)]
        # A session of its own: Ctrl-C in a terminal is for the program, which then leaves in order, not for the broker.
        self._keeper = subprocess.Popen(
            keeping + self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=self._working_folder(),
            start_new_session=True,
            text=True,
        )
        assert self._keeper.stdout is not None
        with self._keeper.stdout as answer:
            self.pid = int(answer.readline())
        try:
            self._wait_until_ready(timeout)
        except BaseException:
            self.kill()
            raise
        # Written to another file and renamed, so that readers see all of it or nothing.
        new = self._description.with_suffix(".new")
        new.write_text(json.dumps({"pid": self.pid, "ports": self.ports, "address": self.bootstrap_servers}))
        new.rename(self._description)

    def _wait_until_ready(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self._running():
                raise DidNotStart(f"{self.name} ended while it started; {self._end_of_log()}")
            # A plain connection first: librdkafka, once refused, waits longer and longer before it tries again.
            with contextlib.suppress(OSError, BrokerUnreachable):
                socket.create_connection(("127.0.0.1", self.ports[0]), 0.5).close()
                self.connection.check_reachable(timeout=2)
                return
            time.sleep(_POLL_SECONDS)
        raise DidNotStart(
            f"{self.name} did not answer at {self.bootstrap_servers} within {timeout:g} s; {self._end_of_log()}"
        )

    def _end_of_log(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            lines = []
        errors = [line for line in lines if "ERROR" in line or "FATAL" in line] or lines
        return f"its log {self.log} says: {errors[-1] if errors else 'nothing'}"

    def _running(self) -> bool:
        """Does the process run, and is it ours? (A process id of long ago may be anyone's now.)"""
        if self.pid is None:
            return False
        if self._keeper is not None and self._keeper.poll() is None:
            return True  # it lives as long as the process
        return str(self.folder) in _command_of(self.pid)

    def _signal(self, number: signal.Signals) -> None:
        if self._running():
            assert self.pid is not None
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _wait_until_ended(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while self._running():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _forget(self) -> None:
        self.pid = None
        self._description.unlink(missing_ok=True)
        self._reap()

    def _reap(self) -> None:
        """Its keeper ends with it."""
        if self._keeper is not None and not self._running():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._keeper.wait(5)
                self._keeper = None


def _command_of(pid: int) -> str:
    """The command line of a process, empty when there is none or it has ended and waits for its parent."""
    if Path("/proc/self/cmdline").exists():  # Linux; slim images have no ps
        with contextlib.suppress(OSError):
            return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    asked = ["ps", "-o", "stat=,args=", "-ww", "-p", str(pid)]
    shown = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return "" if shown.startswith("Z") else shown


def halt(pid: int) -> None:
    """Stop a process, and wait until every thread stands still: on a busy machine some go on for a moment.

    Where the system does not show threads as files, it is not waited for.
    """
    with contextlib.suppress(OSError):  # it has ended
        os.kill(pid, signal.SIGSTOP)
        threads = Path("/proc") / str(pid) / "task"
        while not all(_stands_still(thread) for thread in threads.iterdir()):
            time.sleep(_POLL_SECONDS)


def _stands_still(thread: Path) -> bool:
    try:
        state = (thread / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # it has ended
        return True
    return state in {"T", "Z", "X"}  # stopped, or ended


def find_running(settings: Settings) -> Connection | None:
    """The connection to the broker given, else to one that runs for the demo in this folder; None: there is neither."""
    if settings.kafka_bootstrap_servers is not None:
        return settings.connection()
    addresses = (_running_address(settings.data_dir / kind) for kind in IN_ORDER)
    return next((Connection(bootstrap_servers=address) for address in addresses if address is not None), None)


def _running_address(folder: Path) -> str | None:
    try:
        address = str(json.loads((folder / _RUNNING).read_text())["address"])
        # No process needs to be asked: while one of its users lives, nobody else gets the lock exclusively.
        with Usage(folder.absolute()).alone() as unused:
            return None if unused else address
    except (FileNotFoundError, ValueError, KeyError):
        return None


def shown_path(path: Path) -> Path:
    """Relative where it lies below the working directory."""
    working = Path.cwd()
    return path.relative_to(working) if path.is_relative_to(working) else path


def free_ports(count: int) -> list[int]:
    """That many ports of the loopback address which nobody uses now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def is_free(port: int) -> bool:
    """Does nobody listen on this port of the loopback address?"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
