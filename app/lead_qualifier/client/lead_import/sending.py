"""Sends the messages of an export, and knows up to which line the broker has them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from confluent_kafka import KafkaError, Message

from lead_qualifier.client.lead_import.checking import Moved, Rows
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import record_refusal
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import Change
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_SCORE_CHANGED

_ROWS = 1000
_QUEUE = 300_000
#: How long a message may take, most of it in the queue: a slow broker is not a failure.
_DELIVERY_SECONDS = 120.0


@dataclass(slots=True)
class Sent:
    """How many messages the broker has, and how many it refused."""

    leads: int = 0
    scores: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Chunk:
    """Some rows that are sent together. `next_line`: where the import goes on after them."""

    next_line: int
    leads: list[Change] = field(default_factory=list)
    scores: list[Change] = field(default_factory=list)
    waiting: int = 0


class ImportSender:
    """Sends rows in their order. `refused` gets the key of a record that the broker refuses, and why."""

    def __init__(self, connection: Connection, *, topic_prefix: str, refused: Callable[[str, str], None]) -> None:
        """Raises TopicMissing, NotAllowed, KafkaException."""
        self._leads = LEAD_CHANGED.full_name(topic_prefix)
        self._scores = LEAD_SCORE_CHANGED.full_name(topic_prefix)
        admin = TopicReader(connection).admin
        admin.partitions(self._leads)
        admin.partitions(self._scores)
        # the order of the rows is the order of each lead's messages
        self._producer = Producer(
            connection,
            in_order=True,
            linger_ms=20,
            delivery_seconds=_DELIVERY_SECONDS,
            settings={"queue.buffering.max.messages": _QUEUE},
        )
        self._refused = refused
        self._on_their_way: deque[_Chunk] = deque()
        self.sent = Sent()
        self.next_line = 0
        """The broker has everything before this line; 0: nothing is certain."""

    def send(self, rows: Rows, moved: Moved) -> Sent:
        """Send all rows. `moved` gets the line up to which the broker has them. Raises NotAllowed, KafkaException."""
        chunk = _Chunk(0)
        count = 0
        for line, messages in rows.messages():
            if count == _ROWS:
                chunk.next_line = line
                self._queue(chunk)
                moved(self.next_line, rows.checked.rows)
                chunk, count = _Chunk(0), 0
            count += 1
            key = messages.key
            if messages.change is not None:
                chunk.leads.append({"key": key, "value": messages.change})
            chunk.scores += [{"key": key, "value": value} for value in messages.scores if value is not None]
        self._queue(chunk)
        self._producer.flush()
        return self.sent

    def settle(self, seconds: float) -> None:
        """Wait a moment for what is on its way, so that `next_line` says how far it got."""
        self._producer.flush(seconds)

    def _queue(self, chunk: _Chunk) -> None:
        chunk.waiting = len(chunk.leads) + len(chunk.scores)
        self._on_their_way.append(chunk)
        for topic, messages in ((self._leads, chunk.leads), (self._scores, chunk.scores)):
            self._producer.send_batch(topic, messages, partial(self._delivered, chunk, topic))
        chunk.leads, chunk.scores = [], []
        self._advance()

    def _delivered(self, chunk: _Chunk, topic: str, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            reason = record_refusal(error, topic)
            self.sent.refused += 1
            self._refused((message.key() or b"").decode(), reason)
        elif topic == self._leads:
            self.sent.leads += 1
        else:
            self.sent.scores += 1
        chunk.waiting -= 1
        if not chunk.waiting:
            self._advance()

    def _advance(self) -> None:
        while self._on_their_way and not self._on_their_way[0].waiting:
            self.next_line = self._on_their_way.popleft().next_line
