"""A consumer: reads events, has handlers process them, commits, and stops in order."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import confluent_kafka
import structlog

from lead_qualifier.consumer.assigned_partitions import AssignedPartitions
from lead_qualifier.consumer.dead_letters import DeadLetterProducer
from lead_qualifier.consumer.handler_loop import Handler, HandlerLoop, Observer, RecordOutcome
from lead_qualifier.consumer.kafka_errors import KafkaErrorLog
from lead_qualifier.consumer.processed_events import REMEMBERED, InMemoryProcessedEvents, ProcessedEvents
from lead_qualifier.consumer.record_reader import RecordReader
from lead_qualifier.consumer.retry_policy import RetryPolicy
from lead_qualifier.consumer.scheduler import Scheduler
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.lost_brokers import LostBrokers, abandon, close
from lead_qualifier.kafka.raw import RawReader
from lead_qualifier.kafka.tls_files import TlsFiles

log = structlog.get_logger(__name__)

_COMMIT_SECONDS = 1.0


class Subscription:
    """One member of a consumer group. Call `run` once; start more processes for more members.

    Offsets belong to the group: a member that starts later continues where the group is.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        topics: Sequence[str],
        group: str,
        handler: Handler,
        retry: RetryPolicy | None = None,
        dead_letters: str | None = None,
        processed: ProcessedEvents | None = None,
        remembered: int = REMEMBERED,
        concurrency: int = 4,
        buffered: int = 1_000,
        topic_prefix: str = "",
        from_beginning: bool = True,
        stop_seconds: float = 30.0,
        observer: Observer | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`topics` and `dead_letters` are names without `topic_prefix`, which precedes each of them on the broker.

        `processed`: the events that have been handled; None means InMemoryProcessedEvents(remembered). `concurrency`:
        how many threads handle events. `buffered`: how many records of a partition are read ahead before reading
        pauses. `from_beginning`: whether a group without offsets starts at the first record or at the end.
        `stop_seconds`: how long stopping the consumer, or moving a partition to another member, waits for handlers;
        events that take longer are handled again. `settings` override the consumer's configuration, by librdkafka's
        names. Raises ValueError.
        """
        if not topics:
            raise ValueError("topics: name at least one, such as lead-qualified")
        if concurrency < 1 or buffered < 1:
            raise ValueError("concurrency and buffered must be 1 or more")
        self._connection = connection
        self._topics = [topic_prefix + topic for topic in topics]
        self._group = group
        self._prefix = topic_prefix
        self._concurrency = concurrency
        self._buffered = buffered
        self._observer = observer
        self._dead_letters = None if dead_letters is None else topic_prefix + dead_letters
        self._handler = handler
        self._retry = retry or RetryPolicy()
        self._processed = processed if processed is not None else InMemoryProcessedEvents(remembered)
        self._from_beginning = from_beginning
        self._scheduler = Scheduler()
        self._assigned = AssignedPartitions(self._scheduler, group=group, stop_seconds=stop_seconds)
        self._errors = KafkaErrorLog(connection, group)
        self._config = connection.confluent(
            **{
                "group.id": group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest" if from_beginning else "latest",
                "partition.assignment.strategy": "cooperative-sticky",
                "fetch.wait.max.ms": 100,
                "session.timeout.ms": 15_000,  # how long the partitions of a killed member wait for another
                # Refill a queue that was full as soon as there is room; librdkafka would wait for a second.
                "fetch.queue.backoff.ms": 10,
                "error_cb": self._errors.report,
                "on_commit": self._assigned.on_commit,
                **(settings or {}),
            }
        )
        self._files = TlsFiles.of(self._config)
        self._stop = threading.Event()
        self._counts: Counter[str] = Counter()
        self._counts_lock = threading.Lock()

    def stop(self) -> None:
        """Make `run` return once the events in progress are finished. Any thread may call it, and a signal handler."""
        self._stop.set()

    def counts(self) -> dict[str, int]:
        """How often each outcome of RecordOutcome has occurred so far."""
        with self._counts_lock:
            return dict(self._counts)

    def lag(self) -> dict[tuple[str, int], int]:
        """How many offsets are unfinished, by topic (without prefix) and partition of this member. Partitions whose end
        is not known yet are omitted.
        """
        return {
            (partition.topic.removeprefix(self._prefix), partition.number): max(0, partition.end - finished)
            for partition in self._assigned
            if partition.end >= 0 and (finished := self._scheduler.committable(partition)) >= 0
        }

    def run(self) -> None:
        """Consume until `stop`. Raises UnhandledEvent, EndpointGone, LoginRefused, NotAllowed, NoSuchTopic,
        KafkaException.
        """
        dead_letters = None if self._dead_letters is None else DeadLetterProducer(self._connection, self._dead_letters)
        loop = HandlerLoop(
            self._scheduler,
            self._handler,
            retry=self._retry,
            processed=self._processed,
            dead_letters=dead_letters,
            topic_prefix=self._prefix,
            observer=self._observe,
            on_failure=self.stop,
        )
        threads = [
            threading.Thread(target=loop.serve, name=f"{self._group}-{number}", daemon=True)
            for number in range(self._concurrency)
        ]
        consumer = self._made()
        raw = RawReader(self._connection)
        try:
            self._subscribe(consumer)
            for thread in threads:
                thread.start()
            while (successor := self._consume(consumer, raw)) is not None:
                consumer = successor
                self._subscribe(consumer)
        finally:
            try:
                self._assigned.end(consumer)
            finally:
                raw.close()
                close(consumer)
            log.info("consumer stopped", group=self._group)
            if dead_letters is not None:
                dead_letters.close()
        if loop.failure is not None:
            raise loop.failure

    def _subscribe(self, consumer: confluent_kafka.Consumer) -> None:
        consumer.subscribe(
            self._topics,
            on_assign=self._assigned.on_assign,
            on_revoke=self._assigned.on_revoke,
            on_lost=self._assigned.on_lost,
        )

    def _consume(self, consumer: confluent_kafka.Consumer, raw: RawReader) -> confluent_kafka.Consumer | None:
        """Consume until `stop`, then return None; or until TLS files were replaced or the consumer has lost its brokers
        for good, then end it and return another.
        """
        reader = RecordReader(
            consumer,
            raw,
            self._assigned,
            self._scheduler,
            self._errors,
            group=self._group,
            buffered=self._buffered,
            from_beginning=self._from_beginning,
        )
        lost = LostBrokers(self._topics[0])
        next_commit = time.monotonic() + _COMMIT_SECONDS
        while not self._stop.is_set():
            if reader.poll():
                lost.heard()
            if self._errors.login_refused is not None and not self._assigned.joined:
                raise self._errors.login_refused
            if time.monotonic() >= next_commit:
                self._assigned.commit(consumer, list(self._assigned), wait=False)
                next_commit = time.monotonic() + _COMMIT_SECONDS
                if (remade := self._files.remade(self._made)) is not None:
                    if lost.answered(consumer):
                        consumer.close()  # what is in progress is finished, and committed
                    else:
                        self._abandon(consumer)
                    return remade
                if (remade := lost.remade(consumer, self._made)) is not None:
                    self._abandon(consumer)
                    return remade
        return None

    def _abandon(self, consumer: confluent_kafka.Consumer) -> None:
        self._assigned.give_up(consumer)  # a commit would wait for a minute, and fail
        consumer.subscribe(self._topics)  # without the callbacks, which are for its successor from now on
        abandon(consumer)

    def _made(self) -> confluent_kafka.Consumer:
        return confluent_kafka.Consumer(self._config)

    def _observe(self, outcome: RecordOutcome) -> None:
        with self._counts_lock:
            self._counts[outcome.outcome] += 1
        if self._observer is not None:
            self._observer(outcome)


def consume(connection: Connection, *, topics: Sequence[str], group: str, handler: Handler, **options: Any) -> None:
    """Consume until SIGTERM or SIGINT, then finish the events in progress. `options` are those of Subscription.

    Call it in the main thread. Elsewhere, create a Subscription and stop it yourself. Raises what Subscription.run
    raises.
    """
    subscription = Subscription(connection, topics=topics, group=group, handler=handler, **options)
    with stopped_by_signals(subscription):
        subscription.run()


@contextmanager
def stopped_by_signals(subscription: Subscription) -> Iterator[None]:
    """Within the block, SIGTERM and SIGINT stop the subscription. For the main thread only."""
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in previous:
        signal.signal(number, lambda _number, _frame: subscription.stop())
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
