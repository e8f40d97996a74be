"""Events at a steady rate, each qualifying a lead of its own, and a reader that notes when it sees which.

Both are clients as other programs have them, not those of our tools: their settings are part of what is measured.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Self

import msgspec
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from bench.workload import SCORES, score_event
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import LEAD_QUALIFIED

#: One event is enough to qualify: what is measured is the way, not the criteria.
MODEL: dict[str, Any] = {
    "id": "hot",
    "name": "Hot leads",
    "match": "any",
    "criteria": [{"scoring_model": "engagement", "threshold": 70}, {"scoring_model": "demographic", "threshold": 50}],
    "actions": {"status_reason": "marketing_qualified"},
    "existing_leads": "ignore",
}

_SCORE = 80.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Source:
    """Produces events; when each was given to the producer stands in it as `occurred_at`."""

    def __init__(self, connection: Connection) -> None:
        self._producer = Producer(connection.confluent_producer())
        self._serial = 0

    def send(self, prefix: str, *, events: int, rate: float) -> list[str]:
        """Send so many events at a steady rate (a second) and return the ids of their leads. Blocks that long."""
        leads = []
        begun = time.monotonic()
        for number in range(events):
            due = begun + number / rate - time.monotonic()
            if due > 0:
                time.sleep(due)
            self._serial += 1
            lead = f"P-{self._serial:08d}"
            event = score_event(f"e-{self._serial}", lead, "engagement", _SCORE, datetime.now(UTC))
            self._producer.produce(prefix + SCORES, event, lead.encode())
            self._producer.poll(0)
            leads.append(lead)
        if self._producer.flush(30):
            raise RuntimeError("the broker did not take all events in 30 s")
        return leads


class Stream:
    """Events at a steady rate (a second), in slices of a tenth of a second, from the `with` on until `stop`."""

    def __init__(self, connection: Connection, prefix: str, rate: float) -> None:
        self.sent: list[tuple[float, list[str]]] = []
        """When each slice began (monotonic seconds), and its leads."""
        self._source = Source(connection)
        self._prefix = prefix
        self._rate = rate
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> list[str]:
        """The leads of all events."""
        self._stopping.set()
        self._thread.join(60)
        return [lead for _, leads in self.sent for lead in leads]

    def _run(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            leads = self._source.send(self._prefix, events=max(1, round(self._rate / 10)), rate=self._rate)
            self.sent.append((began, leads))


class Watcher:
    """Reads committed lead-qualified records of some prefixes; seconds from an event to its sight, by lead."""

    def __init__(self, connection: Connection, prefixes: Iterable[str], *, partitions: int) -> None:
        self.seconds: dict[str, float] = {}
        self.twice = 0
        self._sightings: dict[int, list[tuple[float, float]]] = defaultdict(list)
        self._consumer = Consumer(
            connection.confluent(
                **{"group.id": "bench-watcher", "isolation.level": "read_committed", "enable.auto.commit": False}
            )
        )
        self._consumer.assign(
            [TopicPartition(LEAD_QUALIFIED.full_name(p), n, 0) for p in prefixes for n in range(partitions)]
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(10)
        self._consumer.close()

    def wait_for(self, leads: Iterable[str], seconds: float) -> list[str]:
        """Until all of them were seen, or the time is over; returns those that were not."""
        deadline = time.monotonic() + seconds
        missing = [lead for lead in leads if lead not in self.seconds]
        while missing and time.monotonic() < deadline:
            time.sleep(0.1)
            missing = [lead for lead in missing if lead not in self.seconds]
        return missing

    def sightings(self) -> dict[int, list[tuple[float, float]]]:
        """By partition, in order: when an event was seen (seconds since 1970), and how long after it occurred."""
        return {partition: list(seen) for partition, seen in self._sightings.items()}

    def _run(self) -> None:
        while not self._stopping.is_set():
            message = self._consumer.poll(0.1)
            if message is None:
                continue
            error = message.error()
            if error is not None:
                raise KafkaException(error)
            now = time.time()
            event = msgspec.json.decode(message.value() or b"", type=_Seen)
            self.twice += event.lead_id in self.seconds
            waited = now - (event.occurred_at - _EPOCH).total_seconds()
            self.seconds[event.lead_id] = waited
            self._sightings[message.partition() or 0].append((now, waited))


class _Seen(msgspec.Struct):
    lead_id: str
    occurred_at: datetime
