"""The processes that are measured: start one, hear what it says, stop it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from bench.loop import LoopSettings
from bench.meter import Measured
from bench.workload import MODEL
from lead_qualifier.kafka.connection import Connection

WORKER = "worker"
LOOP = "loop"
STRUCT_LOOP = "loop with structs"
_TICK = os.sysconf("SC_CLK_TCK")
_LOOPS = {LOOP: "bench.plain_loop", STRUCT_LOOP: "bench.struct_loop"}


class SubjectFailed(Exception):
    """A measured process ended or kept silent; the message says where its log is."""


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


class Subject:
    """One process of the worker or of the loop, with its log in a file."""

    def __init__(self, command: list[str], *, log: Path, environment: dict[str, str] | None = None) -> None:
        self.log = log
        self._file = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=self._file,
        )
        self._said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_ready(self, seconds: float = 60) -> None:
        """Partitions are assigned and restored."""
        self.hear(seconds)

    def measured(self, seconds: float) -> Measured:
        """What the meter found, once all events are decided."""
        return msgspec.json.decode(self.hear(seconds), type=Measured)

    def wait_for_log(self, event: str, seconds: float = 60) -> None:
        """Until the log has a line of this event."""
        deadline = time.monotonic() + seconds
        wanted = f'"event":"{event}"'.encode()
        while wanted not in self.log.read_bytes():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SubjectFailed(f"no {event} in {seconds:.0f} s: see {self.log}")
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9: nothing is finished, nobody is told."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Stop as an operator would; returns when the process has left its group."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._listener.join(5)
        self._file.close()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(line)
        self._said.put(b"")

    def hear(self, seconds: float) -> bytes:
        """Its next line on standard output."""
        try:
            line = self._said.get(timeout=seconds)
        except queue.Empty:
            raise SubjectFailed(f"silent for {seconds:.0f} s: see {self.log}") from None
        if not line:
            raise SubjectFailed(f"ended with exit code {self.process.wait()}: see {self.log}")
        return line


def start(
    kind: str,
    connection: Connection,
    prefix: str,
    *,
    log: Path,
    partitions: int,
    group_id: str | None = None,
    expected: int = 0,
    model: dict[str, Any] = MODEL,
    environment: Mapping[str, str] | None = None,
) -> Subject:
    """A worker as `lead-qualifier worker` runs it, or a process of a hand-written loop.

    `group_id`: by default the prefix. `expected`: the records to decide before it says what they cost; 0: never.
    `model`: the loop's; a worker gets its own by commands. `environment`: further settings of a worker. Like the loop,
    the worker does not wait for records to share a transaction.
    """
    group_id = group_id or prefix
    if kind != WORKER:
        settings = LoopSettings(
            bootstrap_servers=connection.bootstrap_servers,
            prefix=prefix,
            group_id=group_id,
            model=model,
            scoring_models=[c["scoring_model"] for c in model["criteria"]],
            expected=expected,
        )
        return Subject([_LOOPS[kind], msgspec.json.encode(settings).decode()], log=log)
    return Subject(
        ["bench.worker_process", str(expected)],
        log=log,
        environment={
            **worker_environment(connection, prefix, partitions=partitions, group_id=group_id),
            "LEAD_QUALIFIER_COMMIT_INTERVAL": "0",
            **(environment or {}),
        },
    )


def worker_environment(connection: Connection, prefix: str, *, partitions: int, group_id: str) -> dict[str, str]:
    """Settings of a worker, or of another service, that is measured."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": connection.bootstrap_servers,
        "LEAD_QUALIFIER_TOPIC_PREFIX": prefix,
        "LEAD_QUALIFIER_APPLICATION_ID": group_id,
        "LEAD_QUALIFIER_PARTITIONS": str(partitions),
        "LEAD_QUALIFIER_WEB_PORT": "0",
        "LEAD_QUALIFIER_LOG_FORMAT": "json",
    }
