"""Creates the topics of an installation with the replication and the settings that another one's have."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka.admin import NewTopic

from lead_qualifier.kafka.admin import LATEST, Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import BROKER_TIME, TIMESTAMP_TYPE, Topic
from lead_qualifier.services.topic_setup import TopicSetup

_SECONDS = 30.0


def create_alike(connection: Connection, topics: Sequence[Topic], *, like: str, prefix: str, partitions: int) -> None:
    """Create what is missing of the topics under `prefix`, each as the one under `like` is, but for the partitions.

    Raises TopicsUnfit if one that exists does not fit, KafkaException if the broker refuses.
    """
    admin = Admin(connection.confluent())
    _create_missing_alike(admin, topics, like, prefix, partitions)
    setup = TopicSetup(connection, topics=topics, prefix=prefix, partitions=partitions)
    setup.create_missing()  # a topic that the other installation does not have
    setup.check()
    _wait_for_leaders(admin, topics, prefix, partitions)


def create_topics_alike(
    connection: Connection, topics: Sequence[Topic], *, like: str, prefix: str, partitions: int
) -> None:
    """The same for some of the topics, all of which there are under `like`. Raises KafkaException."""
    admin = Admin(connection.confluent())
    _create_missing_alike(admin, topics, like, prefix, partitions)
    _wait_for_leaders(admin, topics, prefix, partitions)


def _create_missing_alike(admin: Admin, topics: Sequence[Topic], like: str, prefix: str, partitions: int) -> None:
    there = admin.client.list_topics(timeout=_SECONDS).topics
    missing = [topic for topic in topics if topic.full_name(prefix) not in there]
    models = {topic.full_name(like): topic for topic in missing if topic.full_name(like) in there}
    own = admin.topic_configs(models, only_own=True)
    admin.create_topics(
        [
            NewTopic(
                topic.full_name(prefix),
                num_partitions=topic.partition_count(partitions),
                replication_factor=len(there[name].partitions[0].replicas),
                config={**({TIMESTAMP_TYPE: BROKER_TIME} if topic.takes_broker_time else {}), **own[name]},
            )
            for name, topic in models.items()
        ]
    )


def _wait_for_leaders(admin: Admin, topics: Sequence[Topic], prefix: str, partitions: int) -> None:
    """A partition that was created just now has no leader for a moment."""
    created = [(topic.full_name(prefix), n) for topic in topics for n in range(topic.partition_count(partitions))]
    admin.list_offsets(dict.fromkeys(created, LATEST), wait=_SECONDS, created_just_now=True)
