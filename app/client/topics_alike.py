"""Creates the topics of an installation with the replication and the settings that another one's have."""

from __future__ import annotations

import time
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource, NewTopic, OffsetSpec

from app.contracts.topics import CATALOGUE
from app.kafka import Connection
from app.topic_setup import TopicSetup

_SECONDS = 30.0
_END: Any = OffsetSpec.latest()


def create_alike(connection: Connection, *, like: str, prefix: str, partitions: int) -> None:
    """Create what is missing of the topics under `prefix`, each as the one under `like` is, but for the partitions.

    Raises TopicsUnfit if one that exists does not fit, KafkaException if the broker refuses.
    """
    admin = AdminClient(connection.confluent())
    there = admin.list_topics(timeout=_SECONDS).topics
    missing = [topic for topic in CATALOGUE if topic.full_name(prefix) not in there]
    models = {topic.full_name(like): topic for topic in missing if topic.full_name(like) in there}
    new = [
        NewTopic(
            topic.full_name(prefix),
            num_partitions=topic.partition_count(partitions),
            replication_factor=len(there[name].partitions[0].replicas),
            config=_set(admin, name),
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
    setup = TopicSetup(connection, prefix=prefix, partitions=partitions)
    setup.create_missing()  # a topic that the other installation does not have
    setup.check()
    _wait_for_leaders(
        admin, [(t.full_name(prefix), n) for t in CATALOGUE for n in range(t.partition_count(partitions))]
    )


def _wait_for_leaders(admin: AdminClient, places: list[tuple[str, int]]) -> None:
    """A partition that was created just now has no leader for a moment."""
    request = {TopicPartition(*place): _END for place in places}
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
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
