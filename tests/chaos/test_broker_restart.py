"""What clients make of a broker that is killed and comes back: they go on soon, and not one ends the process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from lead_qualifier.demo.broker.local_kafka import LocalKafka
from tests.support.installation import Installation
from tests.support.messages import apply, feature, model, scoring_model

pytestmark = [pytest.mark.broker, pytest.mark.chaos]

#: librdkafka renews its metadata every 300 s.
SOON_SECONDS = 40


def test_commands_are_decided_soon_after_a_broker_was_killed_and_restarted(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    kafka = make_kafka()
    here = Installation(kafka.bootstrap_servers, tmp_path, partitions=2)
    try:
        here.start_worker().wait_ready()
        here.announce(scoring_model("engagement", "live"))
        here.order(feature("enable"))
        kafka.kill()
        kafka.restart()
        began = time.monotonic()
        definition = model("enterprise", "all", {"engagement": 50})
        order = apply(definition)
        here.send("qualification-commands", order)
        assert here.outcome(order["command_id"], SOON_SECONDS)["outcome"] == "accepted"
        print(f"decided {time.monotonic() - began:.1f} s after the broker answered again")
    finally:
        here.close()


def test_a_process_that_asks_for_ends_by_an_admin_client_outlives_restarts_of_the_broker(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    """Workers ask so. What librdkafka sends to a coordinator, as `describe_consumer_groups`, ends the process."""
    kafka = make_kafka()
    with _asking(kafka, tmp_path) as wait_for:
        for _ in range(2):
            wait_for("asked")
            kafka.kill()
            time.sleep(1)
            kafka.restart()
        wait_for("asked")
        assert "refused" in (tmp_path / "told").read_text()


def test_a_process_that_asks_outlives_a_broker_that_is_out_of_its_own_cluster_for_missing_heartbeats(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    """As a single broker on an overloaded machine; `describe_cluster` ends the process then."""
    kafka = make_kafka(properties={"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "6000"})
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    with _asking(kafka, tmp_path) as wait_for:
        for _ in range(2):
            wait_for("asked")
            deadline = time.monotonic() + 60
            while _names_brokers(admin):
                assert time.monotonic() < deadline, "the broker misses no heartbeats"
                time.sleep(0.05)
            wait_for("refused")


def _names_brokers(admin: AdminClient) -> bool:
    """False while the only broker is out; a client that has just forgotten it fails to ask."""
    try:
        return bool(admin.list_topics(timeout=10).brokers)
    except KafkaException as error:
        return error.args[0].code() not in {KafkaError._TRANSPORT, KafkaError._TIMED_OUT}


@contextmanager
def _asking(kafka: LocalKafka, folder: Path) -> Iterator[Callable[[str], None]]:
    """A process that asks; what is given waits until it says `asked` ten times more."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    deadline = time.monotonic() + 30
    while True:
        try:
            admin.create_topics([NewTopic("asked", 1, 1)])["asked"].result(30)
            break
        except KafkaException as error:  # a broker that is out just then has no room for a replica
            if error.args[0].code() != KafkaError.INVALID_REPLICATION_FACTOR or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    told = folder / "told"
    with told.open("w") as out:
        asker = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.end_offsets_client", kafka.bootstrap_servers, "asked"],
            stdout=out,
            stderr=out,
        )
    try:
        yield lambda what: _wait_for(what, told, asker)
    finally:
        asker.kill()
        asker.wait()


def _wait_for(what: str, told: Path, asker: subprocess.Popen[bytes]) -> None:
    """Ten more of them."""
    wanted = told.read_text().count(what) + 10
    deadline = time.monotonic() + 60
    while told.read_text().count(what) < wanted:
        assert asker.poll() is None, told.read_text()[-500:]
        assert time.monotonic() < deadline, told.read_text()[-500:]
        time.sleep(0.1)
