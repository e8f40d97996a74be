"""A worker one of whose input partitions has no leader says so soon, works on, and is ready once it has one again."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from lead_qualifier.demo.broker.local_broker import free_ports
from lead_qualifier.demo.broker.local_kafka import LocalKafka
from tests.oracle.reading import partition_of
from tests.support.installation import Installation
from tests.support.messages import score
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.broker

CLUSTER = "dHdvLWxlYWQtcXVhbGlmaQ"
TOPIC = "lead-score-changed"


def test_a_worker_is_not_ready_within_thirty_seconds_after_an_input_partition_lost_its_leader_and_is_again_with_one(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    """Everything is on the first broker. The only replica of one partition moves to the second, which is killed."""
    first = make_kafka(cluster_id=CLUSTER)
    here = Installation(first.bootstrap_servers, tmp_path, partitions=2)
    try:
        worker = here.start_worker()
        worker.wait_ready()
        second = join(make_kafka, first)
        move(first, here.prefix + TOPIC, partition=1, broker=2)
        wait_for(lambda: leader(here.admin, here.prefix + TOPIC, 1) == 2)
        one, other = (lead_of(number) for number in (0, 1))
        here.scores(score(one, "engagement", 1, 0), score(other, "engagement", 1, 0))
        here.flush()
        wait_for(lambda: read(worker) == 2)

        second.kill()
        began = time.monotonic()
        wait_for(lambda: not worker.ready())
        print(f"not ready {time.monotonic() - began:.1f} s after the leader was gone")
        reason = json.loads(worker.get("/health/ready")[1])["reason"]
        assert reason.startswith(f"{here.prefix}{TOPIC}-1 could not be fetched for ")
        here.scores(score(one, "engagement", 2, 1))
        here.flush()
        wait_for(lambda: read(worker) == 3)
        assert worker.get("/health/live")[0] == 200

        second.restart()
        began = time.monotonic()
        wait_for(worker.ready)
        print(f"ready {time.monotonic() - began:.1f} s after the broker was back")
        here.scores(score(other, "engagement", 2, 1))
        here.flush()
        wait_for(lambda: read(worker) == 4)
        assert worker.metric("lead_qualifier_rebalances_total") == 1
    finally:
        here.close()


def join(make_kafka: Callable[..., LocalKafka], first: LocalKafka) -> LocalKafka:
    """A second broker in the cluster of the first, which stays the only controller."""
    ports = free_ports(2)
    properties = {
        "node.id": "2",
        "process.roles": "broker",
        "controller.quorum.voters": f"1@127.0.0.1:{first.ports[1]}",
        "listeners": f"PLAINTEXT://127.0.0.1:{ports[0]}",
    }
    return make_kafka(ports=ports, properties=properties, cluster_id=CLUSTER)


def move(kafka: LocalKafka, topic: str, *, partition: int, broker: int) -> None:
    """Have this broker alone keep a partition."""
    plan = {"version": 1, "partitions": [{"topic": topic, "partition": partition, "replicas": [broker]}]}
    (kafka.folder / "plan.json").write_text(json.dumps(plan))
    tool = kafka.tool(
        "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
        *("--bootstrap-server", kafka.bootstrap_servers),
        *("--reassignment-json-file", "plan.json", "--execute"),
    )
    subprocess.run(tool, cwd=kafka.folder, check=True, capture_output=True, timeout=60)


def leader(admin: AdminClient, topic: str, partition: int) -> int:
    """The broker that leads it, -1 without one."""
    leads: int = admin.list_topics(topic, timeout=10).topics[topic].partitions[partition].leader
    return leads


def lead_of(partition: int) -> str:
    """A lead whose records go to this one of two partitions."""
    return next(lead for number in range(100) if partition_of((lead := f"L-{number}").encode(), 2) == partition)


def read(worker: WorkerProcess) -> float:
    """How many scores it has processed."""
    return worker.metric("lead_qualifier_events_total", topic=TOPIC)


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
