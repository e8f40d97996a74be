"""Records in lead-state that no worker has written: told, counted, kept as they are, and in nobody's way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from lead_qualifier.demo.broker.finder import Broker
from tests.oracle.reading import partition_of
from tests.support.command_line import CommandLine
from tests.support.installation import Installation
from tests.support.messages import apply, command, encode, feature, model, score, scoring_model
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.broker

#: By lead id: what stands there, and what the dead letter of a score says.
BROKEN = {
    "X-1": (b'{"scores": {', "truncated"),
    "X-2": (b'{"scores":{"engagement":{"value":"90","at":"2026-03-02T08:00:00Z"}}}', "float"),
    "X-3": (b'{"hello":"world","n":[1,2]}', "neither a score nor what the CRM said"),
    "X-4": (b"[1]", "object"),
    "X-5": (b"\xff\xfe{}", "JSON"),
    "X-6": (b'{"known":true,"attributes":{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}}", "recursion"),
    "X-7": (b"", "truncated"),
}
GOOD = b'{"scores":{"engagement":{"value":95,"at":"2026-03-02T08:00:00Z"}}}'
#: A key that is no text, a lead in a partition that is not its own, and a record without key.
OTHERS = 3


@pytest.fixture
def here(kafka: Broker, tmp_path: Path) -> Iterator[Installation]:
    """Two qualified leads and a model; its worker was stopped; then somebody else wrote to lead-state."""
    here = Installation(kafka.bootstrap_servers, tmp_path, partitions=2)
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"))
    here.order(feature("enable"), apply(model("simple", "all", {"engagement": 50})), command("publish", "simple"))
    here.scores(score("G-1", "engagement", 60, 1), score("G-2", "engagement", 60, 1))
    here.settle_and_check()
    assert here.workers[0].terminate()[0] == 0
    yield here
    here.close()


def spoil(here: Installation) -> None:
    state = f"{here.prefix}lead-state"
    set_cleanup(here, state, "delete")  # a compacted topic takes no record without key
    producer = Producer({"bootstrap.servers": here.bootstrap})
    for lead_id, (value, _) in BROKEN.items():
        producer.produce(state, value, lead_id, partition=partition_of(lead_id.encode(), 2))
    producer.produce(state, GOOD, b"\xfe\x01", partition=partition_of(b"\xfe\x01", 2))
    producer.produce(state, GOOD, b"G-1", partition=1 - partition_of(b"G-1", 2))
    producer.produce(state, GOOD, None, partition=1)
    assert producer.flush(20) == 0
    set_cleanup(here, state, "compact")


def set_cleanup(here: Installation, topic: str, policy: str) -> None:
    entry = ConfigEntry("cleanup.policy", policy, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in here.admin.incremental_alter_configs([resource]).values():
        future.result(20)
    time.sleep(0.5)


def unreadable(worker: WorkerProcess, count: int) -> None:
    deadline = time.monotonic() + 20
    while (found := worker.metric("lead_qualifier_unreadable_state_records", application="leads")) != count:
        assert time.monotonic() < deadline, f"{found} instead of {count}: {worker.log.read_text()[-3000:]}"
        time.sleep(0.05)


def state_of(here: Installation, key: bytes) -> bytes | None:
    here.outs.read()
    own = partition_of(key, 2)
    return [r.value for r in here.outs.records["lead-state"] if r.key == key and r.partition == own][-1]


def reasons(here: Installation) -> dict[str, list[str]]:
    """By key, why it became a dead letter."""
    here.outs.read()
    found: dict[str, list[str]] = {}
    for record in here.outs.records["lead-dead-letters"]:
        found.setdefault((record.key or b"").decode(), []).append((record.headers[-1][1] or b"").decode())
    return found


def test_what_nobody_of_ours_wrote_is_told_kept_and_in_nobodys_way(here: Installation, tmp_path: Path) -> None:
    spoil(here)
    worker = here.start_worker()
    worker.wait_ready()
    unreadable(worker, len(BROKEN) + OTHERS)
    named = worker.events("unreadable_state_record")
    assert {line["key"] for line in named if "key" in line} == {*BROKEN, "\\xfe\x01", "G-1"}
    assert [line["reason"] for line in named if "key" not in line] == ["it has no key"]
    assert sum(line["count"] for line in worker.events("unreadable_state_records")) == len(BROKEN) + OTHERS

    scores = {name: score(name, "engagement", 90, 5) for name in (*BROKEN, "G-1", "G-3")}
    here.scores(*scores.values())
    # a producer with another partitioner finds the record that lies there by mistake, and is refused all the same
    stray = encode(score("G-1", "engagement", 90, 6))
    here.send_bytes("lead-score-changed", b"G-1", stray, partition=1 - partition_of(b"G-1", 2))
    here.flush()
    wait_for_lag(here)
    told = reasons(here)
    for name, (value, says) in BROKEN.items():
        [reason] = told[name]
        assert f"stored for this key in {here.prefix}lead-state is unreadable" in reason
        assert says in reason
        assert state_of(here, name.encode()) == value
    assert "wrong partitioner" in told["G-1"][0]
    values = {r.key: r.value for r in here.outs.records["lead-dead-letters"] if r.key != b"G-1"}
    assert values == {name.encode(): encode(scores[name]) for name in BROKEN}
    assert [event["lead_id"] for event in here.qualified()].count("G-3") == 1

    # a sweep passes them by: each lead that can be read is looked at, once, where it belongs
    for one in (
        apply(model("second", "all", {"engagement": 55}, actions={"sales_ready": True})),
        command("publish", "second"),
    ):
        here.send("qualification-commands", one)
        here.outcome(one["command_id"])
    wait_for_lag(here)
    time.sleep(1)
    here.outs.read()
    assert sorted((e["lead_id"], e["qualification_model_id"]) for e in here.qualified()) == [
        (lead_id, "simple") for lead_id in ("G-1", "G-2", "G-3")
    ]
    assert worker.terminate()[0] == 0

    # all of it is still there for the next worker; erasing a lead removes what could not be read about it
    worker = here.start_worker()
    worker.wait_ready()
    unreadable(worker, len(BROKEN) + OTHERS)
    line = CommandLine(here.bootstrap, tmp_path)
    shown = line.run("lead", "show", "X-2", LEAD_QUALIFIER_TOPIC_PREFIX=here.prefix)
    assert shown.code == 1
    assert "what is stored about X-2 cannot be read" in shown.err
    here.erase("X-2")
    here.flush()
    unreadable(worker, len(BROKEN) + OTHERS - 1)
    here.scores(score("X-2", "engagement", 91, 7))
    here.flush()
    wait_for_lag(here)
    here.outs.read()
    assert [event["qualification_number"] for event in here.qualified("X-2")] == [1, 1]
    assert worker.terminate()[0] == 0


def wait_for_lag(here: Installation) -> None:
    deadline = time.monotonic() + 20
    while here.lag():
        assert time.monotonic() < deadline, here.workers[-1].log.read_text()[-3000:]
        time.sleep(0.05)
