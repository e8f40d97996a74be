"""One worker process: started, asked over HTTP, its log read, stopped or killed."""

from __future__ import annotations

import json
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lead_qualifier.demo.broker.local_broker import halt
from tests.support.program import SHORT_SESSION, start, without_settings

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
#: Tests wait for one event after the other: each would pay for records that never come.
_PROMPT = {"LEAD_QUALIFIER_COMMIT_INTERVAL": "5"}
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class WorkerProcess:
    """`log` is the file that its standard error goes to. `started` is when (monotonic seconds).

    `program`: module and arguments, where it is not the worker as everybody starts it. `session`: after how many
    seconds of silence others take over; None: as users have it.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        program: Sequence[str] = ("lead_qualifier", "worker"),
        *,
        session: float | None = SHORT_SESSION,
    ) -> None:
        self.log = log
        self.started = time.monotonic()
        with log.open("wb") as stderr:
            self.process = start(
                program,
                environment={**without_settings(), "LEAD_QUALIFIER_WEB_PORT": "0", **_PROMPT, **environment},
                stderr=stderr,
                session=session,
            )
        self._web = ""

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def lines(self) -> list[dict[str, Any]]:
        """Its log so far. Fails on a line that is no JSON object."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.strip()]
        assert all(isinstance(line, dict) for line in lines)
        return lines

    def events(self, event: str) -> list[dict[str, Any]]:
        """The lines of its log about one kind of event."""
        return [line for line in self.lines() if line.get("event") == event]

    def web(self) -> str:
        """Its address, as it says itself."""
        deadline = time.monotonic() + 60
        while not self._web:
            found = re.search(r'"web": ?"(http:[^"]+)"', self.log.read_text())
            if found:
                self._web = found[1]
                break
            self._alive_until(deadline, "said where it serves")
            time.sleep(0.05)
        return self._web

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of an HTTP GET."""
        try:
            with urllib.request.urlopen(self.web() + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def assigned(self) -> set[int]:
        """The partitions of leads that the group gave it last, as it says itself."""
        labels = self.events("partitions_assigned")[-1]["partitions"]
        return {int(label.removeprefix("leads/")) for label in labels if label.startswith("leads/")}

    def ready(self) -> bool:
        return self.get("/health/ready")[0] == 200

    def wait_ready(self, timeout: float = 60) -> float:
        """Seconds from its start until it was ready."""
        deadline = time.monotonic() + timeout
        self.web()
        while not self._ready_or_ending():
            self._alive_until(deadline, "became ready")
            time.sleep(0.02)
        return time.monotonic() - self.started

    def metrics(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Every sample, by name and labels."""
        status, text = self.get("/metrics")
        assert status == 200
        samples = {}
        for line in text.splitlines():
            if found := _SAMPLE.match(line):
                samples[found[1], frozenset(_LABEL.findall(found[2] or ""))] = float(found[3])
        return samples

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name that have these labels."""
        return sum(
            value for (named, its), value in self.metrics().items() if named == name and set(labels.items()) <= its
        )

    def terminate(self, timeout: float = 30) -> tuple[int, float]:
        """SIGTERM; its exit code, and how long it took (seconds)."""
        began = time.monotonic()
        self.process.terminate()
        return self.process.wait(timeout), time.monotonic() - began

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def freeze(self) -> None:
        halt(self.process.pid)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def _ready_or_ending(self) -> bool:
        try:
            return self.ready()
        except OSError:
            return False

    def _alive_until(self, deadline: float, what: str) -> None:
        if not self.running:
            raise AssertionError(f"the worker ended with {self.process.returncode}:\n{self.log.read_text()[-4000:]}")
        if time.monotonic() > deadline:
            raise AssertionError(f"the worker never {what}:\n{self.log.read_text()[-4000:]}")
