"""A client is made again only where another is answered and it is not."""

from __future__ import annotations

import confluent_kafka
import pytest
from confluent_kafka import KafkaException

from lead_qualifier.kafka import lost_brokers
from lead_qualifier.kafka.lost_brokers import LostBrokers


def unreachable() -> confluent_kafka.Producer:
    return confluent_kafka.Producer({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})


class Client:
    """Answers like one of confluent-kafka, from the `deaf`-th question on not at all."""

    def __init__(self, *answers: bool) -> None:
        self._answers = list(answers)

    def list_topics(self, topic: str, timeout: float) -> None:
        if not self._answers.pop(0):
            raise KafkaException


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(lost_brokers.time, "monotonic", lambda: now[0])
    return now
