"""The command line as a user calls it: a process of its own, with an installation's settings."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from tests.support.program import ROOT, SHORT_SESSION, run, without_settings
from tests.support.worker_process import WorkerProcess


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def fine(self) -> Done:
        assert self.code == 0, self
        return self


class CommandLine:
    """An installation of its own (topic prefix, application id) on a broker."""

    def __init__(self, bootstrap: str, folder: Path, *, partitions: int = 2) -> None:
        self.prefix = f"cli{uuid.uuid4().hex[:8]}."
        self.folder = folder
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "LEAD_QUALIFIER_TOPIC_PREFIX": self.prefix,
            "LEAD_QUALIFIER_APPLICATION_ID": f"cli-{uuid.uuid4().hex[:8]}",
            "LEAD_QUALIFIER_PARTITIONS": str(partitions),
            "LEAD_QUALIFIER_ISSUED_BY": "tester",
        }
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        self._producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "linger.ms": 0})
        self.workers: list[WorkerProcess] = []

    def run(self, *arguments: str, stdin: bytes = b"", timeout: float = 60, **more: str) -> Done:
        """Run a command to its end; `more` are environment variables, empty to unset."""
        code, out, err = run(
            ["lead_qualifier", *arguments],
            environment=environment({**self.environment, **more}),
            folder=self.folder,
            stdin=stdin,
            timeout=timeout,
        )
        return Done(code, out.decode(), err.decode())

    def start_worker(self, *program: str, session: float | None = SHORT_SESSION) -> WorkerProcess:
        """`program`: the words after `lead-qualifier`, where it is not the worker. `session`: as of WorkerProcess."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        words = ("lead_qualifier", *(program or ("worker",)))
        self.workers.append(WorkerProcess(self.environment, log, words, session=session))
        return self.workers[-1]

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[Any] = ()) -> None:
        self._producer.produce(self.prefix + topic, value, key, headers=list(headers))
        assert self._producer.flush(20) == 0

    def recreate(self, topic: str) -> None:
        """Delete a topic and create it anew."""
        name = self.prefix + topic
        self.admin.delete_topics([name], operation_timeout=20)[name].result()
        deadline = time.monotonic() + 20
        while name in self.admin.list_topics(timeout=10).topics:  # brokers learn of it later than the answer comes
            assert time.monotonic() < deadline, f"{name} is still there"
            time.sleep(0.05)
        self.run("topics", "create", "--downstream").fine()

    def close(self) -> None:
        for worker in self.workers:
            if worker.running:
                worker.terminate()
        topics = [name for name in self.admin.list_topics(timeout=10).topics if name.startswith(self.prefix)]
        for future in self.admin.delete_topics(topics).values():
            future.exception()


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """This process's, without settings of its own, and with ours; what is empty is not there."""
    merged = {**without_settings(), "PYTHONPATH": str(ROOT), **ours}
    return {name: value for name, value in merged.items() if value}
