"""`topics repair`: a worker that refuses to start because its position no longer fits the topics is helped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.engine import checkpoint as checkpoints
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.maintenance.checkpoints import CheckpointRepair
from lead_qualifier.maintenance.service_groups import worker_group
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE
from lead_qualifier.messages.topics import LEAD_STATE
from tests.support.command_line import CommandLine
from tests.support.messages import at, encode, new_id, score
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.broker


@pytest.fixture
def cli(kafka: Broker, tmp_path: Path) -> Iterator[CommandLine]:
    """An installation whose worker has decided ten scores and was stopped."""
    line = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=1)
    line.run("topics", "create").fine()
    worker = line.start_worker()
    worker.wait_ready()
    for number in range(10):
        line.send("lead-score-changed", b"ada", encode(score("ada", "engagement", number, number)))
    decided(line, "9")
    assert worker.terminate()[0] == 0
    yield line
    line.close()


def decided(cli: CommandLine, value: str) -> None:
    deadline = time.monotonic() + 20
    while f"engagement  {value:>6}" not in (shown := cli.run("lead", "show", "ada")).out:
        assert time.monotonic() < deadline, shown
        time.sleep(0.2)


def refuses_to_start(worker: WorkerProcess) -> None:
    assert worker.process.wait(40) == 70
    assert "lead-qualifier topics repair" in worker.log.read_text()


def works_again(cli: CommandLine) -> None:
    cli.start_worker().wait_ready()
    cli.send("lead-score-changed", b"ada", encode(score("ada", "engagement", 77, 77)))
    decided(cli, "77")


@pytest.mark.parametrize("records", [0, 12])
def test_a_topic_created_anew_is_read_from_its_start(cli: CommandLine, records: int) -> None:
    """Also where it holds more than was read of the former one."""
    cli.recreate("lead-score-changed")
    for number in range(records):
        cli.send("lead-score-changed", b"eve", encode(score("eve", "engagement", number, number)))
    refuses_to_start(cli.start_worker())
    shown = cli.run("topics", "repair", "--json")
    assert shown.code == 1
    [misfit] = shown.json()
    assert (misfit["topic"], misfit["partition"]) == (f"{cli.prefix}lead-state", 0)
    assert f"holds 0 to {records}, the position is 10: it was deleted and created again" in misfit["problem"]
    asked = cli.run("topics", "repair", stdin=b"n\n")
    assert asked.code == 1
    assert "are not repaired" in asked.err
    assert "you can start again" in cli.run("topics", "repair", "--yes").fine().err
    assert "nothing to repair" in cli.run("topics", "repair").fine().err
    works_again(cli)
    if records:
        assert "engagement      11" in cli.run("lead", "show", "eve").fine().out
    running = cli.run("topics", "repair", "--yes")
    assert running.code == 1
    assert "stop all of them first" in running.err
    assert "qualified" in cli.run("lead", "show", "ada").fine().out  # what was held of it is still held


def test_where_the_state_is_gone_the_inputs_are_read_anew(cli: CommandLine) -> None:
    cli.recreate("lead-state")
    refuses_to_start(cli.start_worker())
    asked = cli.run("topics", "repair", stdin=b"y\n").fine()
    assert "the state is gone" in asked.out
    assert "lead-score-changed-0 up to 10" in asked.out
    cli.start_worker().wait_ready()
    decided(cli, "9")


def test_the_state_of_another_application_is_told_and_left_alone(cli: CommandLine) -> None:
    other = cli.run("topics", "repair", "--yes", LEAD_QUALIFIER_APPLICATION_ID="another")
    assert other.code == 1
    assert f"LEAD_QUALIFIER_APPLICATION_ID={cli.environment['LEAD_QUALIFIER_APPLICATION_ID']}" in other.out


def test_a_checkpoint_with_a_clock_ahead_is_set_to_now(cli: CommandLine) -> None:
    settings = cli.environment
    connection = Connection(bootstrap_servers=settings["KAFKA_BOOTSTRAP_SERVERS"])
    group = worker_group(settings["LEAD_QUALIFIER_APPLICATION_ID"], state_prefix=cli.prefix)
    repair = CheckpointRepair(connection, group, topic_prefix=cli.prefix, time_tolerance=DEFAULT_TOLERANCE)
    checkpoint = checkpoints.decode(repair.stored(LEAD_STATE)[f"{cli.prefix}lead-state", 0] or b"")
    ahead = msgspec.structs.replace(checkpoint, clock=checkpoint.clock + 30 * 60 * 60 * 1000)
    cli.send("lead-state", CHECKPOINT_KEY, checkpoints.encode(ahead))
    repaired = cli.run("topics", "repair", "--yes").fine()
    assert "its clock is 1 day, 5:" in repaired.out
    assert "set it to this machine's time" in repaired.out
    a_little = msgspec.structs.replace(checkpoint, clock=int(time.time() * 1000) + 10 * 60 * 1000)
    cli.send("lead-state", CHECKPOINT_KEY, checkpoints.encode(a_little))
    assert "nothing to repair" in cli.run("topics", "repair").fine().err
    assert "its clock is" in cli.run("topics", "repair", "--yes", LEAD_QUALIFIER_TIME_TOLERANCE="5m").fine().out
    works_again(cli)


def test_a_downstream_service_is_helped_as_a_worker_is(cli: CommandLine) -> None:
    cli.run("topics", "create", "--downstream").fine()

    def connect() -> None:
        message = {"event_id": new_id(), "lead_id": "ada", "sequence_id": "none", "occurred_at": at(0)}
        cli.send("sequence-connections", b"ada", encode({**message, "action": "connect"}))

    def decided_once(service: WorkerProcess) -> bool:
        return service.metric("lead_qualifier_events_total", topic="sequence-connections") == 1

    def starts_and_decides() -> WorkerProcess:
        service = cli.start_worker("downstream", "sequences")
        service.wait_ready()
        connect()
        deadline = time.monotonic() + 20
        while not decided_once(service):
            assert time.monotonic() < deadline, service.log.read_text()
            time.sleep(0.1)
        return service

    assert starts_and_decides().terminate()[0] == 0
    cli.recreate("sequence-connections")
    refuses_to_start(cli.start_worker("downstream", "sequences"))
    assert "--downstream" in cli.run("topics", "repair").fine().err  # of the workers nothing is to be repaired
    asked = cli.run("topics", "repair", "--downstream", stdin=b"n\n")
    assert asked.code == 1
    assert f"{cli.prefix}sequence-state-0" in asked.out
    assert "holds 0 to 0, the position is 1" in asked.out
    repaired = cli.run("topics", "repair", "--downstream", "--yes").fine()
    assert "lead-qualifier downstream sequences" in repaired.err
    service = starts_and_decides()
    running = cli.run("topics", "repair", "--downstream", "--yes")
    assert running.code == 1
    assert f"processes of {cli.environment['LEAD_QUALIFIER_APPLICATION_ID']}-sequences run" in running.err
    assert service.running
