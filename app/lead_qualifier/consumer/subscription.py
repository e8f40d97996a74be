"""A consumer of events: reads, hands out, commits, and ends in order."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import confluent_kafka
import structlog
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from lead_qualifier.consumer.event import Arrival, Event
from lead_qualifier.consumer.events import Happening, Observer
from lead_qualifier.consumer.handler_loop import HandlerLoop, Unhandled
from lead_qualifier.consumer.letters import Letters
from lead_qualifier.consumer.retry import Retry
from lead_qualifier.consumer.scheduler import PartitionState, Scheduler
from lead_qualifier.consumer.seen import REMEMBERED, MemorySeen, Seen
from lead_qualifier.kafka.connection import Connection, LoginRefused, NotAllowed, is_forbidden
from lead_qualifier.kafka.raw_reader import SILENT_SECONDS, UNDECODABLE, CannotRead, RawReader
from lead_qualifier.kafka.records import bad_header_name

__all__ = ["Handler", "NoSuchTopic", "Subscription", "Unhandled", "consume"]

log = structlog.get_logger(__name__)

Handler = Callable[[Event], None]
"""Handles one event, or raises Permanent, TryLater or anything else; see the package."""

_COMMIT_SECONDS = 1.0
_POLL_SECONDS = 0.1
_ASK_SECONDS = 10.0
_AT_ONCE = 500
#: A partition whose lowest unfinished record is so far behind is not read on: what is finished beyond it comes again
#: after a crash, and `seen` may not remember so many.
_SPAN = 50_000
#: What a rebalance answers to a commit: the records are handled again by whoever gets the partition.
_MOVED = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError._NO_OFFSET,
        KafkaError._ASSIGNMENT_LOST,
    }
)


class NoSuchTopic(Exception):
    """A topic does not exist; the message says what to do."""


class Subscription:
    """One member of a consumer group. `run` it once; start more processes for more members.

    Positions are the group's: a member that comes later goes on where the group is.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        topics: Sequence[str],
        group: str,
        handler: Handler,
        retry: Retry | None = None,
        dead_letters: str | None = None,
        seen: Seen | None = None,
        remembered: int = REMEMBERED,
        concurrency: int = 4,
        buffered: int = 1_000,
        topic_prefix: str = "",
        from_beginning: bool = True,
        stop_seconds: float = 30.0,
        observer: Observer | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`topics` and `dead_letters` are names without `topic_prefix`, which stands before each on the broker.

        `seen`: which events were handled; None is MemorySeen(remembered). `concurrency`: threads that handle.
        `buffered`: records of a partition that are read ahead; then reading pauses. `from_beginning`: where a group
        starts that has no position, at the first record there is or at the end. `stop_seconds`: how long the end of the
        consumer, or a partition's move to another member, waits for handlers; what takes longer is handled again.
        `settings` are laid over those of the consumer, by librdkafka's names. Raises ValueError.
        """
        if not topics:
            raise ValueError("topics: name one at least, such as lead-qualified")
        if concurrency < 1 or buffered < 1:
            raise ValueError("concurrency and buffered must be 1 or more")
        self._connection = connection
        self._topics = [topic_prefix + topic for topic in topics]
        self._group = group
        self._prefix = topic_prefix
        self._concurrency = concurrency
        self._buffered = buffered
        self._stop_seconds = stop_seconds
        self._observer = observer
        self._dead_letters = None if dead_letters is None else topic_prefix + dead_letters
        self._handler = handler
        self._retry = retry or Retry()
        self._seen = seen if seen is not None else MemorySeen(remembered)
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
                "session.timeout.ms": 15_000,  # so long the partitions of a killed member wait for another
                # a queue that ran full is filled on as soon as there is room: librdkafka would wait for a second
                "fetch.queue.backoff.ms": 10,
                "error_cb": self._error,
                "on_commit": self._committed,
                **(settings or {}),
            }
        )
        self._stop = threading.Event()
        self._work = Scheduler()
        self._shares: dict[tuple[str, int], PartitionState] = {}
        self._ends: dict[tuple[str, int], int] = {}
        self._raw = RawReader(connection)
        self._silent_since: dict[tuple[str, int], float] = {}  # of those that are not known to be at their end
        self._from_beginning = from_beginning
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._errors: set[str] = set()
        self._assigned = False
        self._refused: LoginRefused | None = None

    def stop(self) -> None:
        """End `run` when what is under way is finished. Any thread may call, a signal handler too."""
        self._stop.set()

    def counts(self) -> dict[str, int]:
        """How often each outcome of Happening came so far."""
        with self._counting:
            return dict(self._counts)

    def lag(self) -> dict[tuple[str, int], int]:
        """Offsets between what is finished and the end, of each (topic without prefix, partition) that this member
        has; those whose end it does not know yet are left out.
        """
        return {
            (topic.removeprefix(self._prefix), number): max(0, self._ends[topic, number] - self._work.position(share))
            for (topic, number), share in list(self._shares.items())
            if (topic, number) in self._ends and self._work.position(share) >= 0
        }

    def run(self) -> None:
        """Consume until `stop`. Raises Unhandled, LoginRefused, NotAllowed, NoSuchTopic, KafkaException."""
        letters = None if self._dead_letters is None else Letters(self._connection, self._dead_letters)
        desk = HandlerLoop(
            self._work,
            self._handler,
            retry=self._retry,
            seen=self._seen,
            letters=letters,
            topic_prefix=self._prefix,
            tell=self._tell,
            failed=self.stop,
        )
        threads = [
            threading.Thread(target=desk.serve, name=f"{self._group}-{number}", daemon=True)
            for number in range(self._concurrency)
        ]
        consumer = confluent_kafka.Consumer(self._config)
        try:
            consumer.subscribe(self._topics, on_assign=self._gained, on_revoke=self._leaving, on_lost=self._lost)
            for thread in threads:
                thread.start()
            self._loop(consumer)
        finally:
            self._end(consumer)
            if letters is not None:
                letters.close()
        if desk.failure is not None:
            raise desk.failure

    # -- reading

    def _loop(self, consumer: confluent_kafka.Consumer) -> None:
        next_commit = time.monotonic() + _COMMIT_SECONDS
        while not self._stop.is_set():
            message = consumer.poll(_POLL_SECONDS)
            for _ in range(_AT_ONCE):
                if message is None:
                    break
                self._take_in(consumer, message)
                message = consumer.poll(0)
            if message is not None:
                self._take_in(consumer, message)
            self._make_room(consumer)
            self._break_silence(consumer)
            if self._refused is not None and not self._assigned:
                raise self._refused
            if time.monotonic() >= next_commit:
                self._commit(consumer, self._shares.values(), wait=False)
                next_commit = time.monotonic() + _COMMIT_SECONDS

    def _take_in(self, consumer: confluent_kafka.Consumer, message: Any) -> None:
        error = message.error()
        if error is not None and error.code() not in {KafkaError._PARTITION_EOF, *UNDECODABLE}:
            self._read_error(message.topic(), error)
            return
        place = (message.topic(), message.partition())
        share = self._shares.get(place)
        if share is None:  # it moved on to another member, which reads this again
            return
        if error is not None and error.code() in UNDECODABLE:
            self._read_by_bytes(consumer, share)
            return
        if error is not None:
            self._ends[place] = message.offset()
            self._silent_since.pop(place, None)
            self._work.reached(share, message.offset())
            return
        self._errors.clear()
        self._silent_since[place] = time.monotonic()
        try:
            headers = self._raw.headers(message)
        except CannotRead as failure:  # it comes again
            log.warning("headers not read", error=str(failure), group=self._group)
            consumer.seek(TopicPartition(*place, message.offset()))
            return
        _, timestamp = message.timestamp()
        record = Arrival(
            topic=place[0],
            partition=place[1],
            offset=message.offset(),
            timestamp_ms=timestamp,
            key=message.key(),
            value=message.value(),
            headers=headers,
            unreadable=bad_header_name(headers),
        )
        self._arrived(consumer, share, record)

    def _arrived(self, consumer: confluent_kafka.Consumer, share: PartitionState, record: Arrival) -> None:
        place = (share.topic, share.number)
        self._ends[place] = max(self._ends.get(place, 0), record.offset + 1)
        self._work.add(share, record)
        if not share.paused and self._full(share):
            consumer.pause([TopicPartition(*place)])
            share.paused = True

    def _break_silence(self, consumer: confluent_kafka.Consumer) -> None:
        """Of some batches librdkafka says nothing, and fetches them for ever."""
        now = time.monotonic()
        for place, since in list(self._silent_since.items()):
            share = self._shares.get(place)
            if share is not None and not share.paused and now > since + SILENT_SECONDS:
                self._silent_since[place] = now
                self._read_by_bytes(consumer, share)

    def _read_by_bytes(self, consumer: confluent_kafka.Consumer, share: PartitionState) -> None:
        """Read on where librdkafka cannot. If that fails it says the same again, and we are here again."""
        try:
            start = self._start(consumer, share)
            found = self._raw.records(share.topic, share.number, start)
        except (CannotRead, KafkaException) as error:
            log.warning(
                "batch not read", error=str(error), partition=f"{share.topic}-{share.number}", group=self._group
            )
            return
        if found.end <= start:
            return
        if found.records:  # else only markers, or what was aborted: before an open transaction they stand there too
            log.warning(
                "batch read by its bytes",
                partition=f"{share.topic}-{share.number}",
                offset=start,
                end=found.end,
                unreadable=sum(record.unreadable is not None for record in found.records),
                group=self._group,
            )
        for record in found.records:
            arrival = Arrival(
                topic=share.topic,
                partition=share.number,
                offset=record.offset,
                timestamp_ms=record.timestamp,
                key=record.key,
                value=record.value,
                headers=record.headers,
                unreadable=record.unreadable,
            )
            self._arrived(consumer, share, arrival)
        self._work.reached(share, found.end)
        consumer.seek(TopicPartition(share.topic, share.number, found.end))

    def _start(self, consumer: confluent_kafka.Consumer, share: PartitionState) -> int:
        """The offset to read next."""
        expected = self._work.expected(share)
        if expected >= 0:
            return expected
        place = TopicPartition(share.topic, share.number)
        [committed] = consumer.committed([place], timeout=_ASK_SECONDS)
        low, high = consumer.get_watermark_offsets(place, timeout=_ASK_SECONDS)
        if committed.offset >= 0:
            return max(low, int(committed.offset))
        return int(low if self._from_beginning else high)

    def _full(self, share: PartitionState) -> bool:
        return self._work.unfinished(share) >= self._buffered or self._work.span(share) >= _SPAN

    def _make_room(self, consumer: confluent_kafka.Consumer) -> None:
        for place, share in self._shares.items():
            if share.paused and self._work.unfinished(share) <= self._buffered // 2 and self._work.span(share) < _SPAN:
                consumer.resume([TopicPartition(*place)])
                share.paused = False
                self._silent_since[place] = time.monotonic()

    def _read_error(self, topic: str, error: KafkaError) -> None:
        if is_forbidden(error):
            of_group = error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED
            raise NotAllowed(f"Read on group {self._group}" if of_group else f"Read on topic {topic}")
        if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART and not self._assigned:
            raise NoSuchTopic(
                f"the topic {topic} does not exist: create the topics first (lead-qualifier topics create), or pass "
                "the topic_prefix that the services use"
            )
        if error.fatal():
            raise KafkaException(error)
        self._error(error)

    # -- partitions come and go; all of this runs inside poll

    def _gained(self, _consumer: confluent_kafka.Consumer, partitions: list[TopicPartition]) -> None:
        for one in partitions:
            self._assigned = True
            self._shares[one.topic, one.partition] = PartitionState(one.topic, one.partition)
            self._silent_since[one.topic, one.partition] = time.monotonic()
        log.info("partitions gained", partitions=_names(partitions), group=self._group)

    def _leaving(self, consumer: confluent_kafka.Consumer, partitions: list[TopicPartition]) -> None:
        shares = self._forget(consumer, partitions)
        if not self._work.drain(shares, self._stop_seconds):
            log.warning("partitions left before all was finished", partitions=_names(partitions), group=self._group)
        self._commit(consumer, shares, wait=True)
        self._work.close(shares)
        log.info("partitions given up", partitions=_names(partitions), group=self._group)

    def _lost(self, consumer: confluent_kafka.Consumer, partitions: list[TopicPartition]) -> None:
        self._work.close(self._forget(consumer, partitions))
        log.warning("partitions lost", partitions=_names(partitions), group=self._group)

    def _forget(self, consumer: confluent_kafka.Consumer, partitions: list[TopicPartition]) -> list[PartitionState]:
        shares = []
        for one in partitions:
            share = self._shares.pop((one.topic, one.partition), None)
            self._ends.pop((one.topic, one.partition), None)
            self._silent_since.pop((one.topic, one.partition), None)
            if share is None:
                continue
            if share.paused:  # if it comes back it is to be read
                with contextlib.suppress(KafkaException):
                    consumer.resume([TopicPartition(one.topic, one.partition)])
            shares.append(share)
        return shares

    # -- committing and ending

    def _commit(self, consumer: confluent_kafka.Consumer, shares: Any, *, wait: bool) -> None:
        offsets = []
        for share in list(shares):
            position = self._work.position(share)
            if position > share.committed:
                offsets.append(TopicPartition(share.topic, share.number, position))
                share.committed = position
        if not offsets:
            return
        try:
            if wait:
                consumer.commit(offsets=offsets, asynchronous=False)
            else:
                consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            self._committed(error.args[0], offsets)

    def _committed(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        if error is None:
            return
        log.log(
            20 if error.code() in _MOVED else 30,
            "offsets not committed",
            error=error.str(),
            partitions=_names(partitions),
            group=self._group,
        )
        for one in partitions:  # the next commit says it again
            share = self._shares.get((one.topic, one.partition))
            if share is not None:
                share.committed = -1

    def _end(self, consumer: confluent_kafka.Consumer) -> None:
        shares = list(self._shares.values())
        if not self._work.drain(shares, self._stop_seconds):
            log.warning("stopped before all was finished", group=self._group)
        self._work.stop()
        try:
            self._commit(consumer, shares, wait=True)
        finally:
            self._work.close(shares)
            self._raw.close()
            consumer.close()
        log.info("consumer stopped", group=self._group)

    # -- telling

    def _tell(self, happening: Happening) -> None:
        with self._counting:
            self._counts[happening.outcome] += 1
        if self._observer is not None:
            self._observer(happening)

    def _error(self, error: KafkaError) -> None:
        """In an outage the same comes many times a second: once is told, and again after something was read."""
        self._refused = self._connection.login_refused(error) or self._refused
        if error.name() not in self._errors:
            self._errors.add(error.name())
            log.warning("kafka error", error=error.str(), code=error.name(), group=self._group)


def consume(connection: Connection, *, topics: Sequence[str], group: str, handler: Handler, **options: Any) -> None:
    """Consume until SIGTERM or SIGINT, then finish what is under way. `options` are those of Subscription.

    Call it in the main thread; elsewhere make a Subscription, and stop it yourself. Raises what Subscription.run
    raises.
    """
    subscription = Subscription(connection, topics=topics, group=group, handler=handler, **options)
    with stopped_by_signals(subscription):
        subscription.run()


@contextmanager
def stopped_by_signals(subscription: Subscription) -> Iterator[None]:
    """Meanwhile SIGTERM and SIGINT stop the subscription. For the main thread only."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, lambda _number, _frame: subscription.stop())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _names(partitions: Sequence[TopicPartition]) -> list[str]:
    return [f"{one.topic}-{one.partition}" for one in partitions]
