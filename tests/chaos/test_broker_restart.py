"""What clients make of a broker that is killed and comes back: they go on soon, and not one ends the process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
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
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([NewTopic("asked", 1, 1)])["asked"].result(30)
    told = tmp_path / "told"
    with told.open("w") as out:
        asker = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.end_offsets_client", kafka.bootstrap_servers, "asked"],
            stdout=out,
            stderr=out,
        )
    try:
        for _ in range(2):
            _wait_for_answers(told, asker)
            kafka.kill()
            time.sleep(1)
            kafka.restart()
        _wait_for_answers(told, asker)
        assert "refused" in told.read_text()
    finally:
        asker.kill()
        asker.wait()


def _wait_for_answers(told: Path, asker: subprocess.Popen[bytes]) -> None:
    """Ten more of them."""
    wanted = told.read_text().count("asked") + 10
    deadline = time.monotonic() + 60
    while told.read_text().count("asked") < wanted:
        assert asker.poll() is None, told.read_text()[-500:]
        assert time.monotonic() < deadline, told.read_text()[-500:]
        time.sleep(0.1)
