"""A worker takes up what an earlier version has left, and goes on; what a newer one has left it takes or refuses."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.installation import Installation
from tests.support.messages import change, command, score
from tests.support.stored_state import CHECKPOINT_KEY, Stored, newest, stored

pytestmark = pytest.mark.broker


class Inherited:
    """An installation of two partitions that another version has worked on: its state stands on the topics."""

    def __init__(self, kafka: Broker, folder: Path) -> None:
        self.here = Installation(kafka.bootstrap_servers, folder, partitions=2)
        self.line = CommandLine(kafka.bootstrap_servers, folder)
        self.line.prefix = self.here.prefix
        self.line.environment |= {
            "LEAD_QUALIFIER_TOPIC_PREFIX": self.here.prefix,
            "LEAD_QUALIFIER_APPLICATION_ID": self.here.application_id,
        }
        self.line.run("topics", "create").fine()
        self.sent = 0

    def records(self, topic: str) -> list[Stored]:
        names = {"prefix": self.here.prefix, "application": self.here.application_id}
        return stored("state-format-1", topic, **names)

    def write(self, topic: str, records: list[Stored]) -> None:
        """The changelog, and inputs that are as long as its last positions say: what lies there was decided."""
        producer = Producer({"bootstrap.servers": self.here.bootstrap})
        for record in records:
            producer.produce(self.here.prefix + topic, record.value, record.key, partition=record.partition)
        for (partition, key), record in newest(records).items():
            if key == CHECKPOINT_KEY:
                for name, offset in record.json()["next"].items():
                    for _ in range(offset):
                        producer.produce(name, b"decided long ago", b"x", partition=partition)
        assert producer.flush(30) == 0

    def decide(self, topic: str, *messages: dict[str, Any]) -> None:
        """Send them, and wait until they are decided."""
        self.here.send(topic, *messages)
        self.here.flush()
        self.sent += len(messages)
        self.wait_for("lead_qualifier_events_total", self.sent)

    def wait_for(self, metric: str, value: float) -> None:
        deadline = time.monotonic() + 20
        while self.here.workers[-1].metric(metric) < value:
            assert time.monotonic() < deadline, self.here.workers[-1].log.read_text()[-3000:]
            time.sleep(0.05)

    def outputs(self, lead_id: str) -> tuple[tuple[str, int], ...]:
        self.here.outs.read()
        return tuple((e["qualification_model_id"], e["qualification_number"]) for e in self.here.qualified(lead_id))


@pytest.fixture
def inherited(kafka: Broker, tmp_path: Path) -> Iterator[Inherited]:
    made = Inherited(kafka, tmp_path)
    yield made
    made.here.close()


def with_more(record: Stored) -> Stored:
    """As a newer minor version may write it: with fields that this one has never heard of."""
    if record.value is None:
        return record
    told = record.json()
    for part in (told, *told.get("scores", {}).values(), *told.get("marks", {}).values()):
        part |= {"merged_from": ["L-99"], "canary": {"enterprise": {"would": True}}, "weight": None}
    return Stored(record.partition, record.key, json.dumps(told).encode())


@pytest.mark.parametrize("newer", [False, True], ids=["of_format_1", "with_fields_of_a_newer_minor_version"])
def test_the_state_is_taken_up_and_goes_on(inherited: Inherited, newer: bool) -> None:
    commands, leads = inherited.records("command-state"), inherited.records("lead-state")
    inherited.write("command-state", [with_more(r) for r in commands] if newer else commands)
    inherited.write("lead-state", [with_more(r) for r in leads] if newer else leads)
    here = inherited.here
    worker = here.start_worker()
    worker.wait_ready()
    held = {key for _, key in newest(leads)} - {CHECKPOINT_KEY}
    assert worker.metric("lead_qualifier_held_keys", application="leads") == len(held) == 7
    inherited.wait_for("lead_qualifier_criteria_revision", 12)  # projected from what the command decider held
    # a broker that was started just now has no group coordinator for a moment, which the client calls an error
    told = [line for line in worker.lines() if line["level"] in {"error", "critical"}]
    assert not [line for line in told if not line["event"].startswith("Group Coordinator Request failed")]

    # L-2 is closed, L-3 was erased, L-4 and L-5 are marked, L-6 was marked and reset, the others fell short or are new
    inherited.decide("lead-score-changed", *(score(f"L-{n}", "demographic", 60, 30) for n in range(1, 9)))
    inherited.decide("lead-score-changed", *(score(f"L-{n}", "engagement", 80, 30) for n in range(1, 9)))
    assert {n: inherited.outputs(f"L-{n}") for n in range(1, 9)} == {
        **dict.fromkeys((1, 3, 7, 8), (("enterprise", 1),)),
        **dict.fromkeys((2, 4, 5), ()),
        6: (("enterprise", 2),),
    }
    inherited.decide("lead-score-changed", score("L-6", "engagement", 81, 31), score("L-9", "engagement", 99, 0))
    inherited.decide("lead-changed", change("L-5", 40, status="open", status_reason="new", sales_ready=False))
    inherited.decide("lead-score-changed", score("L-5", "engagement", 85, 41))
    assert inherited.outputs("L-5") == inherited.outputs("L-6") == (("enterprise", 2),)

    # versions go on rising, and a command that was answered before is answered the same again
    publish = command("publish", "retired", 50)
    here.send("qualification-commands", publish)
    published = here.outcome(publish["command_id"])
    assert (published["outcome"], published["version"]) == ("accepted", 2)
    told = next(r.json() for r in reversed(commands) if r.key == b"answers/model/enterprise")["answers"][-1]
    here.send("qualification-commands", command("publish", "enterprise", 51) | {"command_id": told["command_id"]})
    repeated = here.outcome(told["command_id"])
    assert (repeated["repeated"], repeated["version"]) == (True, 1)
    assert here.outs.records["lead-dead-letters"] == []
    assert worker.terminate()[0] == 0


def test_a_newer_format_is_refused_and_left_as_it_is(inherited: Inherited) -> None:
    records = inherited.records("lead-state")
    newer = json.dumps({"format": 2, "application": "any", "next": [["in", 0]]}).encode()
    inherited.write("lead-state", records)
    producer = Producer({"bootstrap.servers": inherited.here.bootstrap})
    producer.produce(inherited.here.prefix + "lead-state", newer, CHECKPOINT_KEY, partition=1)
    assert producer.flush(30) == 0
    worker = inherited.here.start_worker()
    assert worker.process.wait(40) == 70
    [failed] = worker.events("worker_failed")
    assert "lead-state-1" in failed["reason"]
    assert "was written in format 2, this version knows up to 1: run the version that wrote it" in failed["reason"]
    repaired = inherited.line.run("topics", "repair", "--yes")
    assert repaired.code == 1
    assert "none by this program" in repaired.out
