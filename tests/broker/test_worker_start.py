"""A worker starts by itself once there is a broker, says what it waits for, and gives up in time."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lead_qualifier.demo.broker.local_broker import free_ports
from lead_qualifier.demo.broker.local_kafka import LocalKafka
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.broker


@contextmanager
def starting(folder: Path, port: int, *, timeout: float = 60) -> Iterator[WorkerProcess]:
    """A worker that begins to start now."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
        "LEAD_QUALIFIER_PARTITIONS": "2",
        "LEAD_QUALIFIER_STARTUP_TIMEOUT": str(timeout),
    }
    worker = WorkerProcess(environment, folder / "worker.log")
    try:
        yield worker
    finally:
        if worker.running:
            worker.kill()


def waiting(worker: WorkerProcess) -> list[str]:
    """What it says about its waiting, before it says why it gives up."""
    lines = [line for line in worker.log.read_text().splitlines() if line.startswith("{")]
    told = [json.loads(line) for line in lines]
    return [line["reason"] for line in told if line["event"] == "waiting_for_broker"]


def gives_up(worker: WorkerProcess, limit: float) -> None:
    code = worker.process.wait(limit + 20)
    took = time.monotonic() - worker.started
    said = worker.log.read_text()
    assert code == 3, said
    assert limit < took < limit + 8, "a few seconds for Python to start, where much else runs"
    assert len(waiting(worker)) >= 1
    assert f"waited {limit:g} s" in said
    assert "KAFKA_BOOTSTRAP_SERVERS" in said
    assert "Traceback" not in said


def test_without_a_broker_it_ends_in_time(tmp_path: Path) -> None:
    with starting(tmp_path, free_ports(1)[0], timeout=6) as worker:
        gives_up(worker, 6)
    assert any("refused" in reason for reason in waiting(worker))


def test_a_port_that_takes_connections_and_never_answers_is_no_broker(tmp_path: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(50)
        with starting(tmp_path, mute.getsockname()[1], timeout=6) as worker:
            gives_up(worker, 6)


def test_it_starts_by_itself_when_the_broker_comes_later(make_kafka: Callable[..., LocalKafka], tmp_path: Path) -> None:
    ports = free_ports(2)
    with starting(tmp_path, ports[0]) as worker:
        while time.monotonic() < worker.started + 5 or not waiting(worker):
            assert worker.running
            time.sleep(0.1)
        make_kafka(tmp_path / "kafka", ports=ports)
        worker.wait_ready()
        assert worker.terminate()[0] == 0


def test_a_frozen_broker_is_waited_for_in_time(make_kafka: Callable[..., LocalKafka], tmp_path: Path) -> None:
    kafka = make_kafka(tmp_path / "kafka")
    port = kafka.ports[0]
    kafka.freeze()
    with starting(tmp_path, port, timeout=6) as worker:
        gives_up(worker, 6)
    thawing = threading.Timer(6, kafka.thaw)
    thawing.start()
    with starting(tmp_path, port) as worker:
        worker.wait_ready()
        assert waiting(worker)
    thawing.join()


def test_it_may_be_told_to_stop_while_it_waits(tmp_path: Path) -> None:
    with starting(tmp_path, free_ports(1)[0]) as worker:
        while not waiting(worker):
            assert worker.running
            time.sleep(0.1)
        code, seconds = worker.terminate()
    assert code == 0
    assert seconds < 10
