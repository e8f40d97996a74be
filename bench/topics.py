"""The topics of a run: create them, make what the programs write to empty again, remove everything at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Self

from confluent_kafka import KafkaError, KafkaException, Producer

from bench.workload import Workload
from lead_qualifier.kafka.admin import LATEST, Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.groups import delete_group
from lead_qualifier.messages.topics import (
    LEAD_DEAD_LETTERS,
    LEAD_QUALIFIED,
    LEAD_STATE,
    QUALIFICATION_TOPICS,
    Topic,
)
from lead_qualifier.services.topic_setup import TopicSetup

_WRITTEN = (LEAD_STATE, LEAD_QUALIFIED, LEAD_DEAD_LETTERS)


class Topics:
    """Topics of one prefix, by default those of workers; as a context manager it creates and removes them."""

    def __init__(
        self,
        connection: Connection,
        prefix: str,
        *,
        partitions: int,
        topics: Sequence[Topic] = QUALIFICATION_TOPICS,
    ) -> None:
        self._connection = connection
        self._topics = topics
        self.prefix = prefix
        self.partitions = partitions
        self._admin = Admin(connection.confluent())

    def __enter__(self) -> Self:
        self.create()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def create(self) -> None:
        """Create what is missing, and wait until each partition has a leader."""
        TopicSetup(
            self._connection, topics=self._topics, prefix=self.prefix, partitions=self.partitions
        ).create_missing()
        partitions = [
            (topic.full_name(self.prefix), number)
            for topic in self._topics
            for number in range(topic.partition_count(self.partitions))
        ]
        self._admin.list_offsets(dict.fromkeys(partitions, LATEST), wait=30, created_just_now=True)

    def renew_written(self, group_id: str) -> None:
        """Outputs, dead letters and changelog anew, and no offsets of the group: as if it had never run. It must have
        no members.
        """
        self._delete([topic.full_name(self.prefix) for topic in _WRITTEN])
        _unless(KafkaError.GROUP_ID_NOT_FOUND, lambda: delete_group(self._admin, group_id, timeout=30))
        self.create()

    def remove(self) -> None:
        self._delete([topic.full_name(self.prefix) for topic in self._topics])

    def _delete(self, names: list[str]) -> None:
        for future in self._admin.client.delete_topics(names, operation_timeout=30).values():
            _unless(KafkaError.UNKNOWN_TOPIC_OR_PART, future.result)
        deadline = time.monotonic() + 30
        while self._admin.existing(names):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the broker still shows {', '.join(names)}, which were deleted 30 s ago")
            time.sleep(0.1)


def feed(connection: Connection, prefix: str, workload: Workload) -> None:
    """Produce the workload as an engine of several scoring engines and a CRM would, only at once."""
    producer = Producer(
        connection.confluent_producer(
            **{"linger.ms": 20, "compression.type": "lz4", "queue.buffering.max.messages": 500_000}
        )
    )
    for topic, messages in workload.chunks():
        if producer.produce_batch(prefix + topic, messages) != len(messages) or producer.flush(60):
            raise RuntimeError(f"the broker did not take the events of {topic} in 60 s")


def _unless(code: int, call: Callable[[], object]) -> None:
    try:
        call()
    except KafkaException as error:
        if error.args[0].code() != code:
            raise
