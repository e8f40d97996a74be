"""Creates topics under another prefix, with the replication and the settings of the ones that exist."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka.admin import NewTopic

from lead_qualifier.kafka.admin import LATEST, Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import BROKER_TIME, TIMESTAMP_TYPE, Topic

_SECONDS = 30.0


def clone_topics(connection: Connection, topics: Sequence[Topic], *, like: str, prefix: str, partitions: int) -> None:
    """Create what is missing of the topics under `prefix`, each as the one under `like`, but with so many `partitions`;
    those that do not exist there either are left out. Returns once each partition has a leader. Raises NotAllowed,
    KafkaException.
    """
    admin = Admin(connection.confluent(), timeout=_SECONDS)
    existing = admin.client.list_topics(timeout=_SECONDS).topics
    missing = [topic for topic in topics if topic.full_name(prefix) not in existing]
    models = {topic.full_name(like): topic for topic in missing if topic.full_name(like) in existing}
    settings = admin.topic_configs(models, only_own=True)
    admin.create_topics(
        [
            NewTopic(
                topic.full_name(prefix),
                num_partitions=topic.partition_count(partitions),
                replication_factor=len(existing[name].partitions[0].replicas),
                config={**({TIMESTAMP_TYPE: BROKER_TIME} if topic.takes_broker_time else {}), **settings[name]},
            )
            for name, topic in models.items()
        ]
    )
    created = [
        (topic.full_name(prefix), number)
        for topic in models.values()
        for number in range(topic.partition_count(partitions))
    ]
    admin.list_offsets(dict.fromkeys(created, LATEST), wait=_SECONDS, created_just_now=True)
