"""Writes records and sees that the broker has every one of them: one by one, or in one transaction."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, Message

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed, NotDelivered, is_forbidden
from lead_qualifier.kafka.lost_brokers import LostBrokers
from lead_qualifier.kafka.records import Change, Headers, portable_name
from lead_qualifier.kafka.tls_files import TlsFiles

Delivered = Callable[[KafkaError | None], None]
"""Gets what became of one record: None if the broker has it. Called by `send`, `poll` or `flush`."""

Written = Callable[[int, int], None]
"""Gets the partition and the offset of a record that the broker has."""

_DELIVERY_SECONDS = 20.0
#: What brokers allow at most unless they are configured otherwise (`transaction.max.timeout.ms`).
_TRANSACTION_SECONDS = 900
_FULL_SECONDS = 0.1
_ANSWER_SECONDS = 0.05
_PURGED = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})
#: How a record ends that no broker has taken in time.
_NO_ANSWER = frozenset({KafkaError._MSG_TIMED_OUT, KafkaError._TIMED_OUT, KafkaError._TRANSPORT})


class Producer:
    """A confluent-kafka producer whose keys go to the partitions that Java clients choose. Any thread may use it.

    It is not idempotent unless asked to be: that costs half a second until the first record, and most records of tools
    may arrive twice without harm.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        idempotent: bool = False,
        in_order: bool = False,
        linger_ms: int = 0,
        delivery_seconds: float = _DELIVERY_SECONDS,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`in_order`: one request at a time, so that records arrive in the order of `send` even if one is repeated.
        `delivery_seconds`: how long a record may take. `settings`: by librdkafka's names.
        """
        config: dict[str, Any] = {
            "linger.ms": linger_ms,
            "delivery.timeout.ms": int(delivery_seconds * 1000),
            "message.max.bytes": 1_000_000_000,  # how large a record may be is for the broker to say
            **(settings or {}),
        }
        if idempotent:
            config["enable.idempotence"] = True
        if in_order:
            config["max.in.flight"] = 1
        self._config = connection.confluent_producer(**config)
        self._files = TlsFiles.of(self._config)
        self._lost = LostBrokers()
        self._renewing = threading.Lock()
        self._producer = self._made()
        self._seconds = delivery_seconds + 5
        self._failed: NotAllowed | NotDelivered | None = None

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Headers | None = None,
        partition: int = -1,
        timestamp_ms: int = 0,
        delivered: Delivered | None = None,
        written: Written | None = None,
    ) -> None:
        """Queue a record, and wait while there is no room for it. `delivered` gets what becomes of it; without it, a
        failure is raised by the next `flush`. `written` gets where it is, before that.

        Header names that not every client can read are escaped. A partition of -1 leaves the choice to the key; a
        timestamp that is 0 or that a broker would refuse is now. Raises KafkaException, and what `flush` raises.
        """
        if not 0 < timestamp_ms <= time.time() * 1000:
            timestamp_ms = 0
        portable: list[Any] = [(portable_name(name), content) for name, content in headers or ()]

        def on_delivery(error: KafkaError | None, message: Message) -> None:
            if error is not None and error.code() in _PURGED:  # with a client that could not have sent it any more
                error = KafkaError(KafkaError._MSG_TIMED_OUT)
            elif error is not None and error.code() in _NO_ANSWER:
                self._lost.suspect(topic)
            if error is None and written is not None:
                partition, offset = message.partition(), message.offset()
                assert partition is not None  # the broker has it
                assert offset is not None
                written(partition, offset)
            if delivered is not None:
                delivered(error)
            elif error is not None and self._failed is None:
                self._failed = not_written(topic, error)

        while True:
            producer = self._producer
            try:
                producer.produce(
                    topic,
                    value,
                    key,
                    partition=partition,
                    headers=portable,
                    timestamp=timestamp_ms,
                    on_delivery=on_delivery,
                )
                break
            except BufferError:
                self.poll(_FULL_SECONDS)
                self._raise_failure()
        producer.poll(0)
        if producer is not self._producer:  # another thread has renewed it, perhaps without waiting for this record
            producer.flush(self._seconds)

    def deliver(
        self, topic: str, key: bytes | None, value: bytes | None, *, headers: Headers | None = None
    ) -> KafkaError | None:
        """Send a record, and wait for what becomes of it: None if the broker has it. Raises what `send` raises."""
        outcome: list[KafkaError | None] = []
        self.send(topic, key, value, headers=headers, delivered=outcome.append)
        while not outcome:  # it ends by its deadline
            self.poll(_ANSWER_SECONDS)  # any thread may serve the callback of any other
        return outcome[0]

    def send_batch(
        self, topic: str, messages: Sequence[Change], delivered: Callable[[KafkaError | None, Any], None]
    ) -> None:
        """Queue records without headers, at a fraction of the cost of `send`, and wait while there is no room for them.

        `delivered` gets what becomes of each, and its message. Raises KafkaException.
        """
        waiting = list(messages)
        while waiting and self._producer.produce_batch(topic, waiting, on_delivery=delivered) < len(waiting):
            waiting = [message for message in waiting if "_error" in message]
            for message in waiting:
                error = message.pop("_error")
                if error.code() != KafkaError._QUEUE_FULL:
                    raise KafkaException(error)
            self.poll(_FULL_SECONDS)
        self._producer.poll(0)

    def renew(self) -> None:
        """Use another client if TLS files were replaced, or if the client has lost its brokers for good. Waits for the
        records in flight; those of a lost client have failed.
        """
        if not self._renewing.acquire(blocking=False):  # another thread is about it
            return
        try:
            remade = self._files.remade(self._made)
            if remade is None and (remade := self._lost.remade(self._producer, self._made)) is not None:
                self._producer.purge()
            if remade is not None:
                former, self._producer = self._producer, remade
                former.flush(self._seconds)
        finally:
            self._renewing.release()

    def _made(self) -> confluent_kafka.Producer:
        return confluent_kafka.Producer(self._config)

    def poll(self, seconds: float) -> None:
        """Call `delivered` for finished records, waiting up to so many seconds for the first."""
        self._producer.poll(seconds)

    def flush(self, seconds: float | None = None) -> None:
        """Wait until the broker has all records: by default as long as one may take.

        Raises NotAllowed, NotDelivered for the first that failed, KafkaException (timed out) if some are still on their
        way.
        """
        deadline = time.monotonic() + (self._seconds if seconds is None else seconds)
        while self._producer.flush(1.0):
            self._raise_failure()
            if time.monotonic() > deadline:
                raise KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT))
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed


def not_written(topic: str, error: KafkaError) -> NotAllowed | NotDelivered:
    """What to raise for a record that the broker does not have."""
    return NotAllowed(f"Write on topic {topic}") if is_forbidden(error) else NotDelivered(topic, error)


def write(connection: Connection, topic: str, key: bytes | None, value: bytes | None) -> None:
    """Write one record, which may arrive twice. Raises NotAllowed, NotDelivered, KafkaException."""
    if (error := Producer(connection).deliver(topic, key, value)) is not None:
        raise not_written(topic, error)


class Transaction(Producer):
    """One transaction around all that is sent: readers of what is committed see all of it or nothing.

    The broker ends what a former run under the same transactional id, perhaps killed, has left open. As a context it
    begins the transaction, and aborts it unless `commit` was called.
    """

    def __init__(self, connection: Connection, transactional_id: str, *, delivery_seconds: float = 60.0) -> None:
        """Raises KafkaException if the broker can't be reached, or does not allow a transaction of 15 minutes."""
        super().__init__(
            connection,
            linger_ms=20,
            delivery_seconds=delivery_seconds,
            settings={
                "transactional.id": transactional_id,
                "transaction.timeout.ms": _TRANSACTION_SECONDS * 1000,
                # without this, confluent-kafka raises a fatal error out of whatever serves callbacks
                "error_cb": lambda error: None,
            },
        )
        self._timeout = delivery_seconds
        self._producer.init_transactions(self._timeout)
        self._committed = False

    def __enter__(self) -> Self:
        self._producer.begin_transaction()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._committed:
            with contextlib.suppress(KafkaException):  # else the broker does, once the transaction is too old
                self._producer.abort_transaction(self._timeout)

    def commit(self) -> None:
        """Commit, so that readers see everything. Raises KafkaException if the outcome is not certain."""
        self.flush(2 * self._timeout)
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                self._producer.commit_transaction(self._timeout)
                self._committed = True
                return
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > deadline:
                    raise
