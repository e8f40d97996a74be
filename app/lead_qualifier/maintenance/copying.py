"""One transaction around all that is copied from topic to topic: readers of what is committed see all or nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.records import portable_name

#: What brokers allow at most when nobody set anything (`transaction.max.timeout.ms`).
_TRANSACTION_SECONDS = 900
_SECONDS = 60.0


class CopyTransaction:
    """Made with a transactional id: a former run under the same id, perhaps killed, is ended by the broker.

    As a context it begins the transaction, and aborts it unless `commit` was called.
    """

    def __init__(self, connection: Connection, transactional_id: str) -> None:
        """Raises KafkaException if the broker can't be had, or does not take such a long transaction."""
        self._producer = confluent_kafka.Producer(
            connection.confluent_producer(
                **{
                    "transactional.id": transactional_id,
                    "transaction.timeout.ms": _TRANSACTION_SECONDS * 1000,
                    "message.timeout.ms": int(_SECONDS * 1000),
                    "message.max.bytes": 1_000_000_000,  # what a topic takes is for the broker to say
                    "linger.ms": 20,
                    # without this, confluent-kafka raises a fatal error out of whatever serves callbacks
                    "error_cb": lambda error: None,
                }
            )
        )
        self._producer.init_transactions(_SECONDS)
        self._failed: KafkaError | None = None
        self._committed = False

    def __enter__(self) -> Self:
        self._producer.begin_transaction()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._committed:
            with contextlib.suppress(KafkaException):  # else the broker does, once the transaction is too old
                self._producer.abort_transaction(_SECONDS)

    def put(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int = -1,
        headers: list[Any] | None = None,
        timestamp_ms: int = 0,
    ) -> None:
        """Write a record. A partition of -1 leaves the choice to the key; a timestamp of 0 is now.

        Header names that are not UTF-8 are escaped, and a timestamp that the broker would refuse becomes now.
        """
        if not 0 < timestamp_ms <= time.time() * 1000:
            timestamp_ms = 0
        headers = [(portable_name(name), content) for name, content in headers or ()]
        while True:
            try:
                self._producer.produce(
                    topic,
                    value,
                    key,
                    partition=partition,
                    headers=headers,
                    timestamp=timestamp_ms,
                    on_delivery=self._on_delivery,
                )
                break
            except BufferError:
                self._producer.poll(0.1)
                self._raise_failure()
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until the broker has it all. Raises KafkaException if it has not."""
        deadline = time.monotonic() + 2 * _SECONDS
        while self._producer.flush(1.0):
            self._raise_failure()
            if time.monotonic() > deadline:
                raise KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT))
        self._raise_failure()

    def commit(self) -> None:
        """Let it all be seen. Raises KafkaException if that is not certain."""
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                self._producer.commit_transaction(_SECONDS)
                self._committed = True
                return
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > deadline:
                    raise

    def _on_delivery(self, error: KafkaError | None, _message: object) -> None:
        if error is not None and self._failed is None:
            self._failed = error

    def _raise_failure(self) -> None:
        if self._failed is not None:
            raise KafkaException(self._failed)


def newest_by_key(messages: Iterator[Any]) -> dict[bytes | None, Any]:
    """The newest record of each key; keys whose newest record has no value are not there."""
    newest: dict[bytes | None, Any] = {}
    for message in messages:
        key = message.key()
        if message.value() is None:
            newest.pop(key, None)
        else:
            newest[key] = message
    return newest


def written_at(message: Any) -> int:
    """A record's time in milliseconds since 1970 UTC, 0 if it has none."""
    kind, milliseconds = message.timestamp()
    return int(milliseconds) if kind else 0
