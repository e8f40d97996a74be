"""Creates the topics of an installation with the replication and the settings that another one's have."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource, NewTopic, OffsetSpec

from lead_qualifier.kafka.connection import Connection, relearning
from lead_qualifier.messages.topics import BROKER_TIME, TIMESTAMP_TYPE, Topic
from lead_qualifier.services.topic_setup import TopicSetup

_SECONDS = 30.0
_END: Any = OffsetSpec.latest()


def create_alike(connection: Connection, topics: Sequence[Topic], *, like: str, prefix: str, partitions: int) -> None:
    """Create what is missing of the topics under `prefix`, each as the one under `like` is, but for the partitions.

    Raises TopicsUnfit if one that exists does not fit, KafkaException if the broker refuses.
    """
    _create_missing_alike(AdminClient(connection.confluent()), topics, like, prefix, partitions)
    setup = TopicSetup(connection, topics=topics, prefix=prefix, partitions=partitions)
    setup.create_missing()  # a topic that the other installation does not have
    setup.check()
    _wait_for_leaders(AdminClient(connection.confluent()), topics, prefix, partitions)


def create_topics_alike(
    connection: Connection, topics: Sequence[Topic], *, like: str, prefix: str, partitions: int
) -> None:
    """The same for some of the topics, all of which there are under `like`. Raises KafkaException."""
    admin = AdminClient(connection.confluent())
    _create_missing_alike(admin, topics, like, prefix, partitions)
    _wait_for_leaders(admin, topics, prefix, partitions)


def _create_missing_alike(admin: AdminClient, topics: Sequence[Topic], like: str, prefix: str, partitions: int) -> None:
    there = admin.list_topics(timeout=_SECONDS).topics
    missing = [topic for topic in topics if topic.full_name(prefix) not in there]
    models = {topic.full_name(like): topic for topic in missing if topic.full_name(like) in there}
    new = [
        NewTopic(
            topic.full_name(prefix),
            num_partitions=topic.partition_count(partitions),
            replication_factor=len(there[name].partitions[0].replicas),
            config={**({TIMESTAMP_TYPE: BROKER_TIME} if topic.takes_broker_time else {}), **_set(admin, name)},
        )
        for name, topic in models.items()
    ]
    if new:
        for future in admin.create_topics(new, operation_timeout=_SECONDS).values():
            try:
                future.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise


def _wait_for_leaders(admin: AdminClient, topics: Sequence[Topic], prefix: str, partitions: int) -> None:
    """A partition that was created just now has no leader for a moment."""
    places = [(topic.full_name(prefix), n) for topic in topics for n in range(topic.partition_count(partitions))]
    request = {TopicPartition(*place): _END for place in places}
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            with relearning(admin):
                for future in admin.list_offsets(request, request_timeout=_SECONDS).values():
                    future.result()
            return
        except KafkaException:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.1)


def _set(admin: AdminClient, topic: str) -> dict[str, str]:
    """What was set for this topic; the rest are the broker's defaults."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    found = admin.describe_configs([resource], request_timeout=_SECONDS)[resource].result()
    return {name: e.value for name, e in found.items() if e.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}
