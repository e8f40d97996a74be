"""Follows topics as any consumer would: what is committed, from now on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import confluent_kafka
from confluent_kafka import TopicPartition

from lead_qualifier.client.topic_reader import TopicReader, reading
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import Topic

Told = tuple[str, dict[str, Any]]
"""A topic, without prefix, and an event of it."""


class Newest:
    """Reads events as they come."""

    def __init__(self, connection: Connection, topics: Sequence[Topic], *, topic_prefix: str) -> None:
        self._reader = TopicReader(connection)
        self._names = {topic.full_name(topic_prefix): topic.name for topic in topics}
        self._places = [place for name in self._names for place in self._reader.places(name)]
        self._consumer = confluent_kafka.Consumer(reading(connection))
        self._at = self._reader.ends(self._places)
        self._consumer.assign([TopicPartition(*place, end) for place, end in self._at.items()])

    def take(self, seconds: float) -> list[Told]:
        """The events that came since, each with its topic, oldest first; waits up to `seconds` for the first."""
        events: list[Told] = []
        for message in cast("list[Any]", self._consumer.consume(1000, seconds)):
            place = (message.topic(), message.partition())
            if message.error() is None:
                self._at[place] = message.offset() + 1
                events.append((self._names[message.topic()], json.loads(message.value() or b"{}")))
            elif message.offset() >= 0:  # the end of what is there so far
                self._at[place] = max(self._at[place], message.offset())
        return events

    def rest(self) -> list[Told]:
        """Everything there is by now."""
        ends = self._reader.ends(self._places)
        events: list[Told] = []
        for _ in range(300):
            if all(self._at[place] >= end for place, end in ends.items()):
                break
            events += self.take(0.1)
        return events

    def close(self) -> None:
        """Leave."""
        self._consumer.close()
