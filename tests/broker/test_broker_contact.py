"""A worker whose broker is gone says so soon, and that it is back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lead_qualifier.demo.broker.local_kafka import LocalKafka
from tests.support.command_line import CommandLine

pytestmark = pytest.mark.broker


def test_a_worker_is_not_ready_within_thirty_seconds_of_its_broker_s_death_and_is_again_once_it_is_back(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    kafka = make_kafka()
    cli = CommandLine(kafka.bootstrap_servers, tmp_path)
    worker = cli.start_worker()
    try:
        worker.wait_ready()
        assert worker.metric("lead_qualifier_broker_connected") == 1
        kafka.kill()
        deadline = time.monotonic() + 30
        while (found := worker.get("/health/ready"))[0] == 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert "no broker has answered for" in found[1]
        assert worker.metric("lead_qualifier_broker_connected") == 0
        assert worker.metric("lead_qualifier_broker_silence_seconds") > 14
        kafka.restart()
        worker.wait_ready()
        assert worker.metric("lead_qualifier_broker_connected") == 1
        assert worker.running
    finally:
        worker.kill()
