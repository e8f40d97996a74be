"""Follows `lead-qualified` as journeys and sequences would: what is committed, from now on."""

from __future__ import annotations

import json
from typing import Any, cast

import confluent_kafka
from confluent_kafka import TopicPartition

from app.client.topic_reader import TopicReader, reading
from app.contracts.topics import LEAD_QUALIFIED
from app.kafka import Connection


class QualifiedLeads:
    """Reads qualifications as they come."""

    def __init__(self, connection: Connection, *, topic_prefix: str) -> None:
        self._reader = TopicReader(connection)
        self._places = self._reader.places(LEAD_QUALIFIED.full_name(topic_prefix))
        self._consumer = confluent_kafka.Consumer(reading(connection))
        self._at = self._reader.ends(self._places)
        self._consumer.assign([TopicPartition(*place, end) for place, end in self._at.items()])

    def take(self, seconds: float) -> list[dict[str, Any]]:
        """The events that came since, oldest first; waits up to `seconds` for the first."""
        events = []
        for message in cast("list[Any]", self._consumer.consume(1000, seconds)):
            place = (message.topic(), message.partition())
            if message.error() is None:
                self._at[place] = message.offset() + 1
                events.append(json.loads(message.value() or b"{}"))
            elif message.offset() >= 0:  # the end of what is there so far
                self._at[place] = max(self._at[place], message.offset())
        return events

    def rest(self) -> list[dict[str, Any]]:
        """Everything there is by now."""
        ends = self._reader.ends(self._places)
        events = []
        for _ in range(300):
            if all(self._at[place] >= end for place, end in ends.items()):
                break
            events += self.take(0.1)
        return events

    def close(self) -> None:
        """Leave."""
        self._consumer.close()
