"""Which topic a name stands for: one that is deleted and created again has another id (KIP-516)."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

_NONE = "AAAAAAAAAAAAAAAAAAAAAA"
"""What is told where the broker gives topics no ids (before Kafka 2.8)."""


def topic_ids(admin: AdminClient, names: Iterable[str], *, timeout: float) -> dict[str, str]:
    """The id of each topic, as Kafka's own tools write it. A topic that does not exist, may not be seen or has no id is
    absent. Raises KafkaException if the broker can't be had.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    ids = {}
    for name, future in admin.describe_topics(TopicCollection(wanted), request_timeout=timeout).items():
        try:
            topic_id = str(future.result().topic_id)
        except KafkaException as error:
            if error.args[0].code() < 0:  # librdkafka's own: it got no answer
                raise
            continue
        if topic_id != _NONE:
            ids[name] = topic_id
    return ids
