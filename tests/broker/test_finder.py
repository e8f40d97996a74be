"""The broker finder against the real things."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from lead_qualifier.demo.broker.container_kafka import IMAGE, ContainerKafka, pull
from lead_qualifier.demo.broker.errors import NoBroker, NotAvailable
from lead_qualifier.demo.broker.finder import Broker, find_broker, make_broker
from lead_qualifier.demo.broker.kinds import BrokerKind
from lead_qualifier.demo.broker.local_broker import find_running
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import BrokerUnreachable
from lead_qualifier.settings import BrokerChoice, Settings, load_settings

pytestmark = pytest.mark.broker

#: It takes interrupts even where whoever runs the tests has them ignored, as a shell does in the background.
HOLD = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from lead_qualifier.demo.broker.finder import find_broker
from lead_qualifier.settings import load_settings
with find_broker(load_settings(data_dir=sys.argv[1], broker=sys.argv[2]), lambda line: None) as broker:
    print(broker.bootstrap_servers, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _no_address_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.setenv("LEAD_QUALIFIER_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(params=["java", "container", "noida"])
def kind(request: pytest.FixtureRequest) -> BrokerChoice:
    """Each kind that can be had here."""
    choice = BrokerChoice(request.param)
    if choice is not BrokerChoice.JAVA or os.environ.get("CI") != "true":
        _skip_unless_available(choice)
    return choice


def test_a_broker_it_starts_answers_keeps_its_data_and_is_gone_afterwards(kind: BrokerChoice) -> None:
    settings = load_settings(broker=kind)
    said: list[str] = []
    with find_broker(settings, said.append) as broker:
        assert broker.kind == kind.value
        assert broker.started
        assert broker.workers_limit == (1 if kind is BrokerChoice.NOIDA else None)
        assert any(broker.bootstrap_servers in line and broker.data_location in line for line in said)
        assert find_running(settings) == broker.connection
        _create_topic(broker.connection, "kept")
        _commit(broker.connection, "kept", "first run")
    first = broker.connection
    assert find_running(settings) is None
    with pytest.raises(BrokerUnreachable):
        first.check_reachable(timeout=0.5)

    with find_broker(settings, said.append) as broker:
        assert broker.bootstrap_servers == first.bootstrap_servers, "an address written down still works"
        _commit(broker.connection, "kept", "second run")
        assert _read(broker.connection, "kept", 2) == ["first run", "second run"]
    _remove_data(broker)


def test_two_programs_share_one_broker_and_the_last_to_leave_stops_it(kind: BrokerChoice) -> None:
    settings = load_settings(broker=kind)
    other = _holder(settings, kind)
    assert other.stdout is not None
    assert other.stdin is not None
    address = other.stdout.readline().strip()
    with find_broker(settings, print) as broker:
        assert not broker.started
        assert broker.bootstrap_servers == address
        other.stdin.close()
        assert other.wait(30) == 0
        broker.connection.check_reachable(timeout=5)
    with pytest.raises(BrokerUnreachable):
        broker.connection.check_reachable(timeout=0.5)
    other.stdout.close()
    _remove_data(broker)


def test_a_broker_ends_when_the_program_that_started_it_is_killed(kind: BrokerChoice) -> None:
    settings = load_settings(broker=kind)
    with _holder(settings, kind) as other:
        assert other.stdout is not None
        connection = Connection(bootstrap_servers=other.stdout.readline().strip())
        connection.check_reachable(timeout=5)
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    deadline = time.monotonic() + 30
    while _answers(connection):
        assert time.monotonic() < deadline, "the broker outlived its program by 30 s"
        time.sleep(0.2)
    with find_broker(settings, print) as broker:
        assert broker.started
    _remove_data(broker)


def test_an_address_that_is_given_is_used_and_nothing_is_started(kafka: Broker, tmp_path: Path) -> None:
    said: list[str] = []
    settings = load_settings(kafka_bootstrap_servers=kafka.bootstrap_servers)
    with find_broker(settings, said.append) as broker:
        assert broker.kind is BrokerKind.GIVEN
        assert broker.bootstrap_servers == kafka.bootstrap_servers
        assert not broker.started
    kafka.connection.check_reachable(timeout=5)
    assert not (tmp_path / "data").exists()


def test_the_standard_order_finds_a_broker_and_says_why_each_one_before_it_could_not_be_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    monkeypatch.setenv("JAVA_HOME", "/nonexistent")
    monkeypatch.setenv("PATH", _path_without("java"))
    said: list[str] = []
    with find_broker(load_settings(), said.append) as broker:
        assert broker.kind is BrokerKind.NOIDA
        assert "one worker only" in broker.description
    text = "\n".join(said)
    assert "no Docker engine answers" in text
    assert "no Java 17 or newer" in text
    assert "install" in text


def test_a_frozen_broker_is_ended_and_its_data_found_again_by_the_next_program(kind: BrokerChoice) -> None:
    settings = load_settings(broker=kind)
    folder = settings.data_dir / kind.value
    with make_broker(BrokerKind(kind.value), folder, print) as frozen:
        _create_topic(frozen.connection, "kept")
        before = frozen.pid
        frozen.freeze()
        with pytest.raises(BrokerUnreachable):
            frozen.connection.check_reachable(timeout=1)
        with make_broker(BrokerKind(kind.value), folder, print) as other:
            assert other.pid != before
            assert "kept" in AdminClient(other.connection.confluent()).list_topics(timeout=10).topics
    with find_broker(settings, print) as broker:
        broker.connection.check_reachable(timeout=5)
    _remove_data(broker)


def test_an_interrupt_while_a_broker_starts_leaves_nothing_running(kind: BrokerChoice) -> None:
    settings = load_settings(broker=kind)
    log = settings.data_dir / kind.value / "broker.log"
    with _holder(settings, kind) as other:
        deadline = time.monotonic() + 60
        while not log.exists():
            assert other.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        other.send_signal(signal.SIGINT)
        other.wait(60)
    with find_broker(settings, print) as broker:
        assert broker.started
    _remove_data(broker)


def test_an_image_that_cannot_be_pulled_is_told_and_the_next_kind_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    _skip_unless_available(BrokerChoice.CONTAINER)
    monkeypatch.setattr("lead_qualifier.demo.broker.container_kafka.IMAGE", "registry.invalid/kafka:none")
    said: list[str] = []
    with find_broker(load_settings(), said.append, order=[BrokerKind.CONTAINER, BrokerKind.NOIDA]) as broker:
        assert broker.kind is BrokerKind.NOIDA
    text = "\n".join(said)
    assert "Pulling the image registry.invalid/kafka:none" in text
    assert "could not be pulled" in text


def test_no_broker_at_all_is_an_error_that_names_each_way_to_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    with (
        pytest.raises(NoBroker, match="no Docker engine answers"),
        find_broker(load_settings(), print, order=[BrokerKind.CONTAINER]),
    ):
        pass


def _skip_unless_available(choice: BrokerChoice) -> None:
    try:
        broker = make_broker(BrokerKind(choice.value), Path(), print)
        if isinstance(broker, ContainerKafka):
            pull(IMAGE, print)
    except NotAvailable as reason:
        pytest.skip(str(reason))


def _holder(settings: Settings, kind: BrokerChoice) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(settings.data_dir), kind.value],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _create_topic(connection: Connection, topic: str) -> None:
    admin = AdminClient(connection.confluent())
    for created in admin.create_topics([NewTopic(topic, 1, 1)]).values():
        created.result(20)


def _commit(connection: Connection, topic: str, value: str) -> None:
    producer = Producer(connection.confluent_producer(**{"transactional.id": "finder-test"}))
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, key="k", value=value)
    producer.commit_transaction(30)


def _read(connection: Connection, topic: str, count: int) -> list[str]:
    consumer = Consumer(
        connection.confluent(
            **{"group.id": "finder-test", "auto.offset.reset": "earliest", "isolation.level": "read_committed"}
        )
    )
    consumer.subscribe([topic])
    try:
        deadline = time.monotonic() + 30
        values: list[str] = []
        while len(values) < count and time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                values.append((message.value() or b"").decode())
        return values
    finally:
        consumer.close()


def _answers(connection: Connection) -> bool:
    try:
        connection.check_reachable(timeout=0.5)
    except BrokerUnreachable:
        return False
    return True


def _remove_data(broker: Broker) -> None:
    if broker.kind is BrokerKind.CONTAINER:
        subprocess.run(broker.data_location.rpartition(": ")[2].rstrip(")").split(), check=True, capture_output=True)


def _path_without(program: str) -> str:
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not (Path(folder) / program).exists())
