"""Sends scores from lines of JSON to `lead-score-changed`, and reports the lines that are not valid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import msgspec
from confluent_kafka import KafkaError

from lead_qualifier.client.decoding import decode_or_none
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import record_refusal
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.decode import decode_lead_score_changed
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.topics import LEAD_SCORE_CHANGED


@dataclass(slots=True)
class Fed:
    """How many lines were sent, and how many were not; empty lines do not count."""

    sent: int = 0
    invalid: int = 0
    """Or refused by the broker."""


class _LeadId(msgspec.Struct):
    lead_id: str = ""


_lead_id = msgspec.json.Decoder(_LeadId)


class ScoreFeed:
    """`invalid` gets the number of each line that was not sent, from 1, and why."""

    def __init__(self, connection: Connection, *, topic_prefix: str, invalid: Callable[[int, str], None]) -> None:
        """Raises TopicMissing, NotAllowed, KafkaException."""
        self._topic = LEAD_SCORE_CHANGED.full_name(topic_prefix)
        TopicReader(connection).admin.partitions(self._topic)
        # the order of the lines is the order of each lead's scores
        self._producer = Producer(connection, in_order=True, linger_ms=20)
        self._invalid = invalid
        self._fed = Fed()

    def feed(self, lines: Iterable[bytes], moved: Callable[[int], None] = lambda size: None) -> Fed:
        """Send the lines; `moved` gets the size of each, in bytes. Raises NotAllowed, KafkaException if the broker is
        away.
        """
        for number, line in enumerate(lines, 1):
            content = line.strip()
            if content:
                self._send(number, content)
            moved(len(line))
        self._producer.flush()
        return self._fed

    def _send(self, number: int, content: bytes) -> None:
        key = _key(content)
        try:
            decode_lead_score_changed(key, content)
        except BadMessage as bad:
            self._refuse(number, str(bad))
            return
        self._producer.send(self._topic, key, content, delivered=partial(self._delivered, number))

    def _delivered(self, number: int, error: KafkaError | None) -> None:
        if error is None:
            self._fed.sent += 1
        else:
            self._refuse(number, f"the broker refused it: {record_refusal(error, self._topic)}")

    def _refuse(self, number: int, reason: str) -> None:
        self._fed.invalid += 1
        self._invalid(number, reason)


def _key(content: bytes) -> bytes:
    """The bytes of lead_id; empty if there is none, which the validator reports."""
    found = decode_or_none(_lead_id.decode, content)
    return b"" if found is None else found.lead_id.encode()
