"""A sink on a broker: its file, its processes, what goes in, and what became a dead letter."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import yaml

from lead_qualifier.client.dead_letters import DeadLetters, Filter
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import DOWNSTREAM_DEAD_LETTERS
from tests.support.command_line import CommandLine, Done
from tests.support.messages import encode
from tests.support.worker_process import WorkerProcess


class RunningSink:
    """`kind`: webhook or dataverse. `secrets`: environment variables that the file names."""

    def __init__(self, line: CommandLine, kind: str, form: dict[str, Any], secrets: dict[str, str]) -> None:
        self.line = line
        self._kind = kind
        self.file = line.folder / f"{form['id']}.yaml"
        self.file.write_text(yaml.safe_dump(form, sort_keys=False))
        line.environment |= secrets
        line.run("topics", "create", "--downstream").fine()

    def start(self) -> WorkerProcess:
        """Start one more process."""
        process = self.line.start_worker("downstream", self._kind, "--config", str(self.file))
        process.wait_ready()
        return process

    def check(self, environment: Mapping[str, str] = MappingProxyType({})) -> Done:
        """Only check the file and the way; `environment` is laid over the installation's, empty to unset."""
        self.line.environment, before = {**self.line.environment, **environment}, self.line.environment
        try:
            return self.line.run("downstream", self._kind, "--config", str(self.file), "--check")
        finally:
            self.line.environment = before

    def send(self, topic: str, message: dict[str, Any]) -> None:
        self.line.send(topic, message["lead_id"].encode(), encode(message))

    def dead_letters(self) -> dict[str, str]:
        """Reasons by event id."""
        connection = Connection(bootstrap_servers=self.line.environment["KAFKA_BOOTSTRAP_SERVERS"])
        letters = DeadLetters(connection, topic_prefix=self.line.prefix, topic=DOWNSTREAM_DEAD_LETTERS)
        return {json.loads(one.value or b"{}")["event_id"]: one.reason for one in letters.find(Filter())}

    def until(self, true: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self._logs()
            time.sleep(0.05)

    def done(self, *processes: WorkerProcess, count: int) -> bool:
        """Have these finished so many records?"""
        name = "lead_qualifier_sink_events_total"
        return count == sum(
            process.metric(name, outcome=outcome) for process in processes for outcome in ("handled", "dead_letter")
        )

    def _logs(self) -> str:
        return "\n".join(worker.log.read_text()[-3000:] for worker in self.line.workers)
