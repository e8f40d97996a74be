"""Apache Kafka on this machine's Java: one KRaft node on the loopback address, its data in a folder that stays."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from app.broker import keeper
from app.broker.usage import Usage
from app.kafka import BrokerUnreachable, Connection

START_SECONDS = 90.0
STOP_SECONDS = 40.0

SINGLE_NODE: dict[str, str] = {
    # Topics of Kafka's own: one copy, as there is one node; few partitions, each of which costs time at start.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "8",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    # A worker that starts need not wait for others to come.
    "group.initial.rebalance.delay.ms": "0",
    # A dead worker's transaction is ended soon after its time is up.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # After a crash the node may come back at once: it need not outwait its former self (9 s by default).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # A misspelt topic is an error, not a new topic.
    "auto.create.topics.enable": "false",
}
"""Settings for one node that starts quickly; for a container as well."""

_LOGGING = """\
Configuration:
  Appenders: {Console: {name: STDOUT, PatternLayout: {pattern: "%d %p %c{1} %m%n"}}}
  Loggers: {Root: {level: WARN, AppenderRef: [{ref: STDOUT}]}}
"""


class DidNotStart(Exception):
    """Kafka ended, or did not answer in time; the message has the end of its log and where the rest is."""


class LocalKafka:
    """One Kafka node. A node of the same folder that runs already, also another program's, is used, not started again.

    `start` and `close` are for users that share it; `stop`, `kill`, `freeze`, `thaw` and `restart` act on the process
    itself, whoever uses it, and are for tests of what happens then. As a context manager it starts and closes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        java: Path,
        libs: Path,
        heap: str = "1g",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`folder` keeps the data; `settings` are laid over Kafka's server properties; `heap` is the JVM's -Xmx."""
        self.folder = folder.absolute()
        self.log = self.folder / "kafka.log"
        self.pid: int | None = None
        """Kafka's process, while it runs."""
        self.port = 0
        self._java = java
        self._libs = libs
        self._heap = heap
        self._settings = dict(settings or {})
        self._controller_port = 0
        self._usage = Usage(self.folder)
        self._keeper: subprocess.Popen[str] | None = None
        self._description = self.folder / "running.json"
        self._properties = self.folder / "server.properties"

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.port}"

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
            if self._description.exists():  # else its keeper is at it
                with self._usage.alone() as alone:
                    if alone:
                        self.stop()
                        break
                if self._description.exists():
                    break
            time.sleep(0.05)
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
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self._signal(signal.SIGCONT)

    def restart(self, timeout: float = START_SECONDS) -> None:
        """Run it again on the same ports and data, stopping it first where it still runs."""
        if self._running():
            self.stop()
        self._launch(timeout)

    def _join_running(self) -> bool:
        """Use a node of this folder that runs; end one that runs and does not answer."""
        try:
            running = json.loads(self._description.read_text())
        except (FileNotFoundError, ValueError):
            return False
        self.pid, self.port, self._controller_port = running["pid"], running["port"], running["controller_port"]
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
        if not self.port:
            with contextlib.suppress(FileNotFoundError, ValueError):
                last = json.loads((self.folder / "ports.json").read_text())
                self.port, self._controller_port = last["port"], last["controller_port"]
        if not (self.port and _is_free(self.port) and _is_free(self._controller_port)):
            self.port, self._controller_port = free_ports(2)
        (self.folder / "ports.json").write_text(
            json.dumps({"port": self.port, "controller_port": self._controller_port})
        )

    def _launch(self, timeout: float) -> None:
        self._configure()
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()
        keeping = [sys.executable, "-I", keeper.__file__, str(self._usage.lock), str(self._description), str(self.log)]
        kafka = [*self._java_command(), f"-Xmx{self._heap}", "kafka.Kafka", str(self._properties)]
        # A session of its own: Ctrl-C in a terminal is for the program, which then leaves in order, not for Kafka.
        self._keeper = subprocess.Popen(
            keeping + kafka, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True, text=True
        )
        assert self._keeper.stdout is not None
        with self._keeper.stdout as answer:
            self.pid = int(answer.readline())
        try:
            self._wait_until_ready(timeout)
        except BaseException:
            self.kill()
            raise
        self._description.write_text(
            json.dumps({"pid": self.pid, "port": self.port, "controller_port": self._controller_port})
        )

    def _configure(self) -> None:
        properties = {
            "node.id": "1",
            "process.roles": "broker,controller",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / "data"),
            **SINGLE_NODE,
            **self._settings,
        }
        # Java's properties take a backslash as an escape; nothing else in a path matters.
        lines = (f"{name}={value}\n".replace("\\", "\\\\") for name, value in properties.items())
        self._properties.write_text("".join(lines))
        (self.folder / "log4j2.yaml").write_text(_LOGGING)

    def _format(self) -> None:
        identity = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        arguments = ["format", "--cluster-id", identity, "--config", str(self._properties), "--ignore-formatted"]
        done = subprocess.run(
            [*self._java_command(), "-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DidNotStart(f"Kafka could not format {self.folder}: {(done.stderr or done.stdout).strip()}")

    def _java_command(self) -> list[str]:
        return [
            str(self._java),
            "-cp",
            f"{self._libs}/*",
            "-XX:+UseSerialGC",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.yaml'}",
        ]

    def _wait_until_ready(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self._running():
                raise DidNotStart(f"Kafka ended while it started; {self._end_of_log()}")
            # A plain connection first: librdkafka, once refused, waits longer and longer before it tries again.
            with contextlib.suppress(OSError, BrokerUnreachable):
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
                self.connection.check_reachable(timeout=2)
                return
            time.sleep(0.05)
        raise DidNotStart(
            f"Kafka did not answer at {self.bootstrap_servers} within {timeout:g} s; {self._end_of_log()}"
        )

    def _end_of_log(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            lines = []
        errors = [line for line in lines if " ERROR " in line or " FATAL " in line] or lines
        return f"its log {self.log} says: {errors[-1] if errors else 'nothing'}"

    def _running(self) -> bool:
        """Does the process run, and is it ours? (A pid of a former boot may be anyone's now.)"""
        if self.pid is None:
            return False
        if self._keeper is not None and self._keeper.poll() is not None:
            return False
        shown = subprocess.run(
            ["ps", "-o", "stat=,args=", "-ww", "-p", str(self.pid)], capture_output=True, text=True, check=False
        ).stdout
        return str(self._properties) in shown and not shown.startswith("Z")

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
            time.sleep(0.05)
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


def free_ports(count: int) -> list[int]:
    """That many ports of the loopback address which nobody uses now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
