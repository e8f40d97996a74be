"""Feeds scores from lines of JSON into `lead-score-changed`: what is valid is sent, the rest told by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed, is_forbidden
from lead_qualifier.kafka.producer import Delivered, Producer
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.decode import BadMessage, decode_lead_score_changed
from lead_qualifier.messages.topics import LEAD_SCORE_CHANGED


@dataclass(slots=True)
class Fed:
    """What became of the lines; empty ones are not counted."""

    sent: int = 0
    bad: int = 0
    """Not sent, or refused by the broker."""


class _LeadId(msgspec.Struct):
    lead_id: str = ""


_lead_id = msgspec.json.Decoder(_LeadId)


class Feeder:
    """Sends lines; `bad` is told the number of each line that was not sent, from 1, and why."""

    def __init__(self, connection: Connection, *, topic_prefix: str, bad: Callable[[int, str], None]) -> None:
        """Raises TopicMissing."""
        self._topic = LEAD_SCORE_CHANGED.full_name(topic_prefix)
        TopicReader(connection).admin.partitions(self._topic)
        # The order of the lines is the order of each lead's scores: one request at a time keeps it.
        self._producer = Producer(connection, in_order=True, linger_ms=20)
        self._bad = bad
        self._fed = Fed()

    def feed(self, lines: Iterable[bytes], moved: Callable[[int], None] = lambda size: None) -> Fed:
        """Send the lines; `moved` is told the size of each, in bytes.

        Raises KafkaException if the broker is away, NotAllowed.
        """
        for number, line in enumerate(lines, 1):
            content = line.strip()
            if content:
                self._take(number, content)
            moved(len(line))
        self._producer.flush()
        return self._fed

    def _take(self, number: int, content: bytes) -> None:
        key = _key(content)
        try:
            decode_lead_score_changed(key, content)
        except BadMessage as bad:
            self._refuse(number, str(bad))
            return
        self._producer.send(self._topic, key, content, delivered=self._delivered(number))

    def _delivered(self, number: int) -> Delivered:
        def tell(error: KafkaError | None) -> None:
            if error is None:
                self._fed.sent += 1
            elif error.code() == KafkaError._MSG_TIMED_OUT:
                raise KafkaException(error)
            elif is_forbidden(error):
                raise NotAllowed(f"Write on topic {self._topic}")
            else:
                self._refuse(number, f"the broker refused it: {error.str()}")

        return tell

    def _refuse(self, number: int, reason: str) -> None:
        self._fed.bad += 1
        self._bad(number, reason)


def _key(content: bytes) -> bytes:
    """The bytes of lead_id; none where there is none, which the validator tells better."""
    try:
        return _lead_id.decode(content).lead_id.encode()
    except (msgspec.DecodeError, ValueError, RecursionError):
        return b""
