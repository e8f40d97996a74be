"""The demo's sales: accepts or rejects qualified leads some seconds later, the more readily the better they score."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import msgspec
from confluent_kafka import KafkaError

from lead_qualifier.demo.simulated_world import Sent
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.messages import cloud_events
from lead_qualifier.messages.topics import LEAD_SALES_RESPONSE

_AFTER_SECONDS = 5.0
#: Of a hundred leads, so many get no answer.
_UNANSWERED = 15
#: Of a hundred others, so many are accepted if they only just qualify, and so many more for each point above.
_ACCEPTED, _FOR_A_POINT = 30, 2
_REASONS = ("no_budget", "bad_timing", "not_reached", "chose_competitor")


def answer_to(qualified: Mapping[str, Any], now: datetime) -> Sent | None:
    """What sales says `now` of a `lead-qualified` event; None: nothing. For one event always the same."""
    chance = crc32(qualified["event_id"].encode())
    if chance % 100 < _UNANSWERED:
        return None
    above = (one["score"] - one["threshold"] for one in qualified["criteria"] if "threshold" in one and one["met"])
    accepts = chance // 100 % 100 < _ACCEPTED + _FOR_A_POINT * min(above, default=0)
    message = {
        "event_id": f"answer-{qualified['event_id']}",
        "lead_id": qualified["lead_id"],
        "occurred_at": now,
        "response": "accepted" if accepts else "rejected",
        "qualification_model_id": qualified["qualification_model_id"],
    }
    if not accepts:
        message["reason"] = _REASONS[chance // 10_000 % len(_REASONS)]
    headers = cloud_events.headers(
        f"demo.{LEAD_SALES_RESPONSE.name}",
        event_id=message["event_id"],
        source="/demo/sales",
        time=now,
        subject=message["lead_id"],
    )
    return Sent(LEAD_SALES_RESPONSE.name, message["lead_id"].encode(), msgspec.json.encode(message), headers)


class Sales:
    """Answers what has been qualified."""

    def __init__(self, connection: Connection, *, topic_prefix: str) -> None:
        self.notice = ""
        """Why answers do not arrive, for people; empty if they do."""
        self._producer = Producer(connection, linger_ms=5)
        self._prefix = topic_prefix
        self._waiting: deque[tuple[float, Mapping[str, Any]]] = deque()

    def take(self, qualified: Iterable[Mapping[str, Any]]) -> None:
        """Look at new qualifications, and answer those that have waited for it."""
        now = time.monotonic()
        self._waiting.extend((now + _AFTER_SECONDS, one) for one in qualified)
        while self._waiting and self._waiting[0][0] <= now:
            self._answer(self._waiting.popleft()[1])
        self._producer.poll(0)

    def finish(self) -> None:
        """Answer all others now, and wait until the broker has the answers. Raises KafkaException if it does not."""
        while self._waiting:
            self._answer(self._waiting.popleft()[1])
        self._producer.flush()

    def _answer(self, qualified: Mapping[str, Any]) -> None:
        if (sent := answer_to(qualified, datetime.now(UTC))) is not None:
            topic = self._prefix + sent.topic
            self._producer.send(topic, sent.key, sent.value, headers=sent.headers, delivered=self._delivered)

    def _delivered(self, error: KafkaError | None) -> None:
        self.notice = "" if error is None else f"sales' answers were not delivered: {error.str()}"
