"""A downstream service on a broker: its process, what goes in, and what it has emitted so far."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import yaml

from tests.support.command_line import CommandLine
from tests.support.messages import at, encode, new_id
from tests.support.topic_reader import TopicReader
from tests.support.worker_process import WorkerProcess


class Downstream:
    """`outputs`: the topics that are read, without prefix."""

    def __init__(self, line: CommandLine, service: str, outputs: tuple[str, ...]) -> None:
        self.line = line
        self._service = service
        self._outputs = outputs
        self._reader: TopicReader | None = None
        self._states: TopicReader | None = None

    def start(self) -> WorkerProcess:
        """Start one more process of the service, and wait until it is ready."""
        process = self.line.start_worker("downstream", self._service)
        process.wait_ready()
        return process

    def qualify_by(self, model: str) -> None:
        """Turn lead management on, announce the scoring model `engagement`, and publish the model `enterprise`."""
        (self.line.folder / "model.yaml").write_text(model)
        self.line.run("feature", "enable", "lead-management").fine()
        self.line.run("scoring-model", "set", "engagement", "--status", "live").fine()
        self.line.run("model", "apply", "model.yaml").fine()
        self.line.run("model", "publish", "enterprise").fine()

    def announce_seller(self, seller_id: str) -> None:
        told = {"event_id": new_id(), "seller_id": seller_id, "occurred_at": at(0), "time_zone": "Europe/Berlin"}
        self.line.send("seller-changed", seller_id.encode(), encode(told))

    def publish(self, kind: str, definition: dict[str, Any]) -> None:
        """Apply and publish a definition as a person would."""
        file = self.line.folder / f"{definition['id']}.yaml"
        file.write_text(yaml.safe_dump(definition, sort_keys=False))
        self.line.run(kind, "apply", str(file)).fine()
        self.line.run(kind, "publish", definition["id"]).fine()

    def send(self, topic: str, message: dict[str, Any]) -> None:
        self.line.send(topic, message["lead_id"].encode(), encode(message))

    def events(self, topic: str) -> list[dict[str, Any]]:
        """What was emitted to a topic so far."""
        if self._reader is None:
            bootstrap = self.line.environment["KAFKA_BOOTSTRAP_SERVERS"]
            self._reader = TopicReader(bootstrap, self.line.prefix, self._outputs)
        self._reader.read()
        return [json.loads(record.value or b"{}") for record in self._reader.records[topic]]

    def decided_at(self, topic: str) -> dict[str, datetime]:
        """When the service decided on each event of a topic that has been read, by its clock and by event_id."""
        assert self._reader is not None
        headers = [dict(record.headers) for record in self._reader.records[topic]]
        return {
            (one["ce_id"] or b"").decode(): datetime.fromisoformat((one["ce_time"] or b"").decode()) for one in headers
        }

    def wait_for(self, topic: str, count: int, seconds: float = 30) -> list[dict[str, Any]]:
        """The events of a topic, once there are so many; and a moment later there are no more."""
        deadline = time.monotonic() + seconds
        while len(events := self.events(topic)) < count:
            assert time.monotonic() < deadline, f"{len(events)} of {count}: {self._logs()}"
            time.sleep(0.05)
        time.sleep(0.3)
        events = self.events(topic)
        assert len(events) == count, events
        return events

    def remembers_only_erasures(self, state: str) -> bool:
        """Is nothing held of any lead in this state topic but that it was erased?"""
        if self._states is None:
            bootstrap = self.line.environment["KAFKA_BOOTSTRAP_SERVERS"]
            self._states = TopicReader(bootstrap, self.line.prefix, (state,))
        self._states.read()
        newest = {record.key: record.value for record in self._states.records[state]}
        held = [
            json.loads(value) for key, value in newest.items() if value is not None and (key or b"").startswith(b"L-")
        ]
        return all(one.keys() == {"facts"} and one["facts"].keys() == {"erased"} for one in held)

    def until(self, true: Callable[[], bool], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self._logs()
            time.sleep(0.05)

    def close(self) -> None:
        for reader in (self._reader, self._states):
            if reader is not None:
                reader.close()
        self.line.close()

    def _logs(self) -> str:
        return "\n".join(worker.log.read_text()[-3000:] for worker in self.line.workers)
