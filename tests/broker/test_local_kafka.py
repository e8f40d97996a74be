"""What tests do to a broker of their own: stop, kill, freeze, restart; and a second program that meets a dead one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from app.broker.local_kafka import LocalKafka
from app.kafka import BrokerUnreachable

pytestmark = [pytest.mark.broker, pytest.mark.chaos]


def test_a_killed_broker_comes_back_on_the_same_address_with_its_topics(make_kafka: Callable[..., LocalKafka]) -> None:
    kafka = make_kafka()
    address = kafka.bootstrap_servers
    admin = AdminClient(kafka.connection.confluent(log_level=0))
    admin.create_topics([NewTopic("kept", 3, 1)])["kept"].result(20)
    kafka.kill()
    assert kafka.pid is None
    with pytest.raises(BrokerUnreachable):
        kafka.connection.check_reachable(timeout=0.5)
    kafka.restart()
    assert kafka.bootstrap_servers == address
    assert "kept" in admin.list_topics(timeout=10).topics


def test_a_frozen_broker_does_not_answer_and_a_thawed_one_does(make_kafka: Callable[..., LocalKafka]) -> None:
    kafka = make_kafka()
    kafka.freeze()
    with pytest.raises(BrokerUnreachable):
        kafka.connection.check_reachable(timeout=1)
    kafka.thaw()
    kafka.connection.check_reachable(timeout=10)


def test_a_program_that_finds_a_frozen_broker_ends_it_and_starts_another(
    make_kafka: Callable[..., LocalKafka],
) -> None:
    frozen = make_kafka()
    before = frozen.pid
    frozen.freeze()
    other = make_kafka(frozen.folder)
    assert other.pid != before
    other.connection.check_reachable(timeout=5)


def test_properties_given_by_a_test_reach_the_broker(make_kafka: Callable[..., LocalKafka]) -> None:
    kafka = make_kafka(message_max_bytes="123456")
    assert "message.max.bytes=123456" in (kafka.folder / "server.properties").read_text()
