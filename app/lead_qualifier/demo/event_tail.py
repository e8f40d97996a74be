"""Follows topics from now on, as any consumer would: committed events only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import PartitionTail, TopicReader
from lead_qualifier.messages.topics import Topic

TopicEvent = tuple[str, dict[str, Any]]
"""A topic's name, without prefix, and an event from it."""


class EventTail:
    """Reads events as they arrive."""

    def __init__(self, connection: Connection, topics: Sequence[Topic], *, topic_prefix: str) -> None:
        self._admin = TopicReader(connection).admin
        self._names = {topic.full_name(topic_prefix): topic.name for topic in topics}
        self._partitions = [partition for name in self._names for partition in self._admin.partitions(name)]
        self._tail = PartitionTail(connection, self._admin.ends(self._partitions))

    def take(self, seconds: float) -> list[TopicEvent]:
        """The events since the last call, oldest first; waits up to `seconds` for one."""
        return [(self._names[record.topic], json.loads(record.value or b"{}")) for record in self._tail.take(seconds)]

    def rest(self) -> list[TopicEvent]:
        """Everything up to the present end."""
        ends = self._admin.ends(self._partitions)
        events: list[TopicEvent] = []
        for _ in range(300):
            if all(self._tail.position[partition] >= end for partition, end in ends.items()):
                break
            events += self.take(0.1)
        return events

    def close(self) -> None:
        """Stop reading."""
        self._tail.close()
