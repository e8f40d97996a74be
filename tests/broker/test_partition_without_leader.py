"""A worker or sink one of whose input partitions has no leader says so soon, works on, and is ready once it has one."""

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
from tests.support.command_line import CommandLine
from tests.support.messages import encode, score
from tests.support.sink import RunningSink
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.broker

CLUSTER = "dHdvLWxlYWQtcXVhbGlmaQ"
SCORES = "lead-score-changed"
QUALIFIED = "lead-qualified"


def test_processes_are_not_ready_within_thirty_seconds_after_an_input_lost_a_leader_and_are_again_with_one(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    """Everything is on the first broker. The only replica of one partition of each input moves to the second, which is
    killed.
    """
    first = make_kafka(cluster_id=CLUSTER)
    cli = CommandLine(first.bootstrap_servers, tmp_path)
    form = {"id": "crm", "url": "http://127.0.0.1:1", "topics": [QUALIFIED], "secret_env": "CRM_SECRET"}
    try:
        sink = RunningSink(cli, "webhook", form, {"CRM_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}).start()
        worker = cli.start_worker(session=None)  # a rebalance would restore, which no partition without a leader can
        worker.wait_ready()
        send(cli, 0, 1)  # a first transaction: then Kafka's own topic of them is on the first broker, too
        wait_for(lambda: read(worker) == 2)
        second = join(make_kafka, first)
        moved = [cli.prefix + SCORES, cli.prefix + QUALIFIED]
        move(first, *moved, partition=1, broker=2)
        wait_for(lambda: {leader(cli.admin, topic, 1) for topic in moved} == {2})
        send(cli, 0, 1)
        wait_for(lambda: read(worker) == 4)

        second.kill()
        began = time.monotonic()
        wait_until_not_ready(worker, f"{cli.prefix}{SCORES}-1 could not be fetched for ")
        print(f"the worker was not ready {time.monotonic() - began:.1f} s after the leader was gone")
        wait_until_not_ready(sink, f"{cli.prefix}{QUALIFIED}-1 has had no leader for ")
        print(f"the sink was not ready {time.monotonic() - began:.1f} s after the leader was gone")
        assert time.monotonic() < began + 30
        send(cli, 0)
        wait_for(lambda: read(worker) == 5)

        second.restart()
        began = time.monotonic()
        wait_for(lambda: worker.ready() and sink.ready())
        print(f"ready {time.monotonic() - began:.1f} s after the broker was back")
        send(cli, 1)
        wait_for(lambda: read(worker) == 6)
        assert worker.metric("lead_qualifier_rebalances_total") == 1
    finally:
        cli.close()


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


def move(kafka: LocalKafka, *topics: str, partition: int, broker: int) -> None:
    """Have this broker alone keep a partition of each of these topics."""
    moved = [{"topic": topic, "partition": partition, "replicas": [broker]} for topic in topics]
    plan = {"version": 1, "partitions": moved}
    (kafka.folder / "plan.json").write_text(json.dumps(plan))
    tool = kafka.tool(
        "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
        *("--bootstrap-server", kafka.bootstrap_servers),
        *("--reassignment-json-file", "plan.json", "--execute"),
    )
    subprocess.run(tool, cwd=kafka.folder, check=True, capture_output=True, timeout=60)


def wait_until_not_ready(process: WorkerProcess, reason: str) -> None:
    """It still lives, and says what it waits for."""
    wait_for(lambda: not process.ready())
    assert json.loads(process.get("/health/ready")[1])["reason"].startswith(reason)
    assert process.get("/health/live")[0] == 200


def leader(admin: AdminClient, topic: str, partition: int) -> int:
    """The broker that leads it, -1 without one."""
    leads: int = admin.list_topics(topic, timeout=10).topics[topic].partitions[partition].leader
    return leads


def send(cli: CommandLine, *partitions: int) -> None:
    """Send a score to each of these, of two partitions."""
    for partition in partitions:
        lead = next(lead for number in range(100) if partition_of((lead := f"L-{number}").encode(), 2) == partition)
        cli.send(SCORES, lead.encode(), encode(score(lead, "engagement", 1, 0)))


def read(worker: WorkerProcess) -> float:
    """How many scores it has processed."""
    return worker.metric("lead_qualifier_events_total", topic=SCORES)


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
