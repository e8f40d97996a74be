"""What tests do to a broker of their own: stop, kill, freeze, restart; and a second program that meets a dead one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec

from lead_qualifier.demo.broker.local_kafka import LocalKafka
from lead_qualifier.kafka.errors import BrokerUnreachable
from tests.conftest import making_kafka

pytestmark = [pytest.mark.broker, pytest.mark.chaos]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """One that runs, and that each test leaves running."""
    with making_kafka(tmp_path_factory) as make_kafka:
        yield make_kafka()


def test_a_killed_broker_comes_back_on_the_same_address_with_its_topics(local: LocalKafka) -> None:
    address = local.bootstrap_servers
    admin = AdminClient(local.connection.confluent(log_level=0))
    admin.create_topics([NewTopic("kept", 3, 1)])["kept"].result(20)
    local.kill()
    assert local.pid is None
    with pytest.raises(BrokerUnreachable):
        local.connection.check_reachable(timeout=0.5)
    local.restart()
    assert local.bootstrap_servers == address
    assert "kept" in admin.list_topics(timeout=10).topics


def test_a_frozen_broker_does_not_answer_and_a_thawed_one_does(local: LocalKafka) -> None:
    local.freeze()
    with pytest.raises(BrokerUnreachable):
        local.connection.check_reachable(timeout=1)
    local.thaw()
    local.connection.check_reachable(timeout=10)


def test_a_program_that_finds_a_frozen_broker_ends_it_and_starts_another(
    make_kafka: Callable[..., LocalKafka],
) -> None:
    frozen = make_kafka()
    before = frozen.pid
    frozen.freeze()
    other = make_kafka(frozen.folder)
    assert other.pid != before
    other.connection.check_reachable(timeout=5)


def test_a_folder_may_have_any_name_and_a_test_its_own_properties(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    folder = tmp_path / "Käufer = \\ leads # 1"
    kafka = make_kafka(folder, properties={"message.max.bytes": "123456"})
    assert (folder / "data" / "meta.properties").exists()
    admin = AdminClient(kafka.connection.confluent(log_level=0))
    broker = ConfigResource(ConfigResource.Type.BROKER, "1")
    assert admin.describe_configs([broker])[broker].result(20)["message.max.bytes"].value == "123456"


def test_kafkas_own_console_producer_can_be_run(local: LocalKafka) -> None:
    admin = AdminClient(local.connection.confluent(log_level=0))
    admin.create_topics([NewTopic("typed", 1, 1)])["typed"].result(20)
    where = ["--bootstrap-server", local.bootstrap_servers, "--topic", "typed"]
    producer = local.tool("org.apache.kafka.tools.ConsoleProducer", *where)
    subprocess.run(producer, cwd=local.folder, input="one\ntwo\n", text=True, check=True, timeout=60)
    end = admin.list_offsets({TopicPartition("typed", 0): OffsetSpec.latest()})[TopicPartition("typed", 0)]
    assert end.result(20).offset == 2
