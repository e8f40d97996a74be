"""A backfill: records with old times are kept until they are read, and topics where they might not be are named."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.messages import encode, score

pytestmark = pytest.mark.broker

MONTH_MS = 30 * 24 * 60 * 60 * 1000


@pytest.fixture
def cli(kafka: Broker, tmp_path: Path) -> Iterator[CommandLine]:
    line = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=1)
    line.run("topics", "create").fine()
    yield line
    line.close()


def test_a_record_with_an_old_time_is_kept_as_long_as_any(cli: CommandLine) -> None:
    topic = f"{cli.prefix}lead-score-changed"
    sent = time.time() * 1000
    producer = Producer({"bootstrap.servers": cli.environment["KAFKA_BOOTSTRAP_SERVERS"]})
    producer.produce(topic, encode(score("ada", "engagement", 1, 1)), b"ada", timestamp=int(sent) - MONTH_MS)
    assert producer.flush(20) == 0
    consumer = Consumer({"bootstrap.servers": cli.environment["KAFKA_BOOTSTRAP_SERVERS"], "group.id": cli.prefix})
    consumer.assign([TopicPartition(topic, 0, 0)])
    message = consumer.poll(20)
    consumer.close()
    assert message is not None
    kind, at = message.timestamp()
    assert kind == TIMESTAMP_LOG_APPEND_TIME
    assert at > sent - 60_000


def test_a_topic_whose_producers_set_the_time_is_named_by_check_and_by_a_worker(cli: CommandLine) -> None:
    topic = f"{cli.prefix}lead-score-changed"
    assert "LogAppendTime" not in cli.run("topics", "check").fine().err
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    entry = ConfigEntry("message.timestamp.type", "CreateTime", incremental_operation=AlterConfigOpType.SET)
    resource.add_incremental_config(entry)
    for future in cli.admin.incremental_alter_configs([resource]).values():
        future.result(10)
    shown = cli.run("topics", "check").fine().err
    assert f"{topic}: a record expires 7 days after the time set by its producer" in shown
    assert "message.timestamp.type to LogAppendTime" in shown
    warned = {one["topic"] for one in cli.run("topics", "check", "--json").fine().json() if "warning" in one}
    assert warned == {topic}
    worker = cli.start_worker()
    worker.wait_ready()
    assert [event["topic"] for event in worker.events("topic_may_lose_records")] == [topic]
