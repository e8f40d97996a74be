"""Clients that have lost every broker for good: they are noticed, and made again."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import confluent_kafka
import structlog
from confluent_kafka import KafkaException

log = structlog.get_logger(__name__)

#: A consumer that has received nothing for this time (seconds) is asked whether a broker answers it; also how long a
#: client that got no answer is left alone.
SILENT_SECONDS = 15.0
#: How long a client may take to answer: one that is connected, one that is new, and one that waits before it connects
#: again, for which librdkafka takes up to 10 s (`reconnect.backoff.max.ms`).
_CONNECTED_SECONDS, _NEW_SECONDS, _RECONNECT_SECONDS = 1.0, 5.0, 11.0
#: How long closing a consumer may take that may be lost.
_CLOSE_SECONDS = 10.0

T = TypeVar("T")


class LostBrokers:
    """Notices that a client of librdkafka knows no broker any more and never looks for one again.

    A broker that starts, or that its controller does not hear, answers that there are no brokers. A client then drops
    those that it knows, also the bootstrap servers, and does not always return to these (librdkafka 2.16; its issue
    5301). It reports nothing of it, and as long as a broker is away it looks the same: so it counts as lost if a new
    client is answered while it is not.
    """

    def __init__(self, topic: str | None = None) -> None:
        """`topic`: one that the client reads. Without it the client is asked only after `suspect`."""
        self._topic = topic
        self._silent_seconds = math.inf if topic is None else SILENT_SECONDS
        self.heard()

    def heard(self) -> None:
        """A broker has answered the client."""
        self._ask_at = time.monotonic() + self._silent_seconds

    def suspect(self, topic: str) -> None:
        """No broker has taken a record for this topic in time."""
        self._topic = topic
        if self._ask_at == math.inf:  # else the client has just been asked, and is left alone for a while
            self._ask_at = 0.0

    def remade(self, client: Any, make: Callable[[], T]) -> T | None:
        """What `make` makes if the client is lost, else None. Blocks only while the client gets no answer: for 6 s
        where a new one gets none either, else until that is clear, for up to 17 s.
        """
        if time.monotonic() < self._ask_at:
            return None
        if not self.answered(client):
            self._ask_at = time.monotonic() + SILENT_SECONDS
            new = _made(make)
            if new is None or not self.answered(new, _NEW_SECONDS):
                return None
            if not self.answered(client, _RECONNECT_SECONDS):
                log.warning("client_replaced", reason="it had lost every broker, and found none again")
                self.heard()
                return new
        self.heard()
        return None

    def answered(self, client: Any, seconds: float = _CONNECTED_SECONDS) -> bool:
        """Whether a broker answers the client within this time."""
        try:
            client.list_topics(self._topic, timeout=seconds)
        except KafkaException:
            return False
        return True


def close(consumer: confluent_kafka.Consumer, seconds: float = _CLOSE_SECONDS) -> None:
    """Close a consumer, and do not wait for longer than this: if it is lost, librdkafka may wait for its group's
    coordinator for ever.
    """
    closing = threading.Thread(target=consumer.close, name="closing-consumer", daemon=True)
    closing.start()
    closing.join(seconds)


def abandon(consumer: confluent_kafka.Consumer) -> None:
    """Close a consumer that is lost, without waiting."""
    close(consumer, seconds=0)


def _made(make: Callable[[], T]) -> T | None:
    try:
        return make()
    except (KafkaException, OSError):  # files that are being replaced
        return None
