"""Restores partitions: reads a changelog up to its end, into the state store and the checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import confluent_kafka
import msgspec
import structlog
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaTopicPartition

from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, decode
from lead_qualifier.engine.clock import stamp_of
from lead_qualifier.engine.errors import Code, StateMismatch, UnknownFormat
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.partitioning import TopicPartition
from lead_qualifier.kafka.admin import EARLIEST, LATEST, Admin
from lead_qualifier.kafka.errors import RawFetchFailed, needing
from lead_qualifier.kafka.raw import SILENT_SECONDS, UNDECODABLE, RawReader

log = structlog.get_logger(__name__)

_TELL_SECONDS = 5.0

Ready = Callable[[list[Partition]], None]


class Restorer:
    """Uses a consumer of its own, in no group. Used by the restoring thread only."""

    def __init__(
        self, config: Mapping[str, Any], *, group_id: str, timeout: float = 30.0, raw: RawReader | None = None
    ) -> None:
        """`raw` reads on where librdkafka cannot decode a changelog; without it that is a StateMismatch."""
        self._raw = raw
        self._config = dict(config)
        self._group_id = group_id
        self._admin = Admin(self._config, timeout=timeout)
        self._delete_retention: dict[str, float] = {}

    def restore(self, partitions: list[Partition], *, ready: Ready, abandoned: Callable[[], bool]) -> None:
        """Bring each partition up to the end of its changelog; `ready` gets those that are complete, as they are.

        Returns when all are, or when `abandoned()` turns true. A transaction that a dead owner left open makes its
        partitions wait, up to the transaction's timeout plus the broker's scan. Raises KafkaException, NotAllowed and
        StateMismatch.
        """
        changelogs = [(p.application.changelog, p.number) for p in partitions]
        first = self._admin.list_offsets(dict.fromkeys(changelogs, EARLIEST))
        end = self._admin.list_offsets(dict.fromkeys(changelogs, LATEST))
        reading: dict[TopicPartition, Partition] = {}
        starts: dict[TopicPartition, int] = {}
        done: list[Partition] = []
        for partition in partitions:
            tp = (partition.application.changelog, partition.number)
            self._forget_if_stale(partition, first[tp], end[tp])
            start = first[tp] if partition.restored_to is None else partition.restored_to
            # what follows our own last record can only be our transaction's marker
            if end[tp] <= start + (1 if partition.restored_to is not None else 0):
                partition.restored_to = start
                partition.verified_at = time.time()
                done.append(partition)
            else:
                reading[tp] = partition
                starts[tp] = start
                partition.inspected = False
        if done:
            ready(done)
        if reading:
            self._read(reading, starts, end, ready, abandoned)

    def _forget_if_stale(self, partition: Partition, first: int, end: int) -> None:
        if partition.restored_to is None:
            return
        age = time.time() - partition.verified_at
        limit = self._tombstone_seconds(partition.application.changelog) / 2
        if partition.restored_to > end:
            log.warning(
                "changelog_is_shorter_than_state", partition=partition.label, restored_to=partition.restored_to, end=end
            )
        elif first <= partition.restored_to and age < limit:
            return
        # tombstones, or all of it, may be gone by now: only the whole changelog is sure to be right
        log.info("state_discarded", partition=partition.label, age_seconds=round(age))
        partition.forget()

    def _tombstone_seconds(self, topic: str) -> float:
        if topic not in self._delete_retention:
            config = self._admin.topic_configs([topic])[topic]
            self._delete_retention[topic] = int(config["delete.retention.ms"]) / 1000
        return self._delete_retention[topic]

    def _read(
        self,
        reading: dict[TopicPartition, Partition],
        starts: Mapping[TopicPartition, int],
        end: Mapping[TopicPartition, int],
        ready: Ready,
        abandoned: Callable[[], bool],
    ) -> None:
        consumer = confluent_kafka.Consumer(
            {
                **self._config,
                "group.id": f"{self._group_id}-restore",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "fetch.max.bytes": 64 * 1024 * 1024,
                "queued.max.messages.kbytes": 256 * 1024,
                "fetch.queue.backoff.ms": 10,  # by default it pauses a second whenever the queue was full
            }
        )
        try:
            consumer.assign([KafkaTopicPartition(*tp, starts[tp]) for tp in reading])
            told, restored = time.monotonic() + 2, -1
            silent_from = time.monotonic()
            while reading and not abandoned():
                messages = consumer.consume(10_000, 0.1)
                # silence alone is no fault: an open transaction looks the same, and only the bytes tell them apart
                silent = not messages and time.monotonic() > silent_from + SILENT_SECONDS
                stuck = set(reading) if silent and self._raw is not None else set()
                done = _take_all(messages, reading, end, stuck)
                for tp in stuck & reading.keys():
                    self._read_by_bytes(consumer, reading[tp], tp, starts[tp])
                if messages or stuck:
                    silent_from = time.monotonic()
                if done:
                    ready(done)
                if time.monotonic() > told:
                    told = time.monotonic() + _TELL_SECONDS
                    before, restored = restored, sum(p.restored_to or 0 for p in reading.values())
                    # what stands still at this point is an open transaction of a former owner: its timeout ends it
                    log.info(
                        "waiting_for_open_transaction" if restored == before else "restoring",
                        partitions=[p.label for p in reading.values()],
                        keys=sum(len(p.store) for p in reading.values()),
                    )
        finally:
            consumer.close()
            if self._raw is not None:
                self._raw.close()

    def _read_by_bytes(
        self, consumer: confluent_kafka.Consumer, partition: Partition, tp: TopicPartition, start: int
    ) -> None:
        """Read on where librdkafka gives nothing: it cannot decode what comes, or a transaction is open there."""
        offset = start if partition.restored_to is None else partition.restored_to
        if self._raw is None:
            raise StateMismatch(Code.STATE_UNDECODABLE, changelog=tp[0], partition=tp[1], offset=offset)
        try:
            found = self._raw.read_past(consumer, tp, offset)
        except RawFetchFailed as error:  # librdkafka says the same again, and we are here again
            log.warning("undecodable_not_read", partition=partition.label, offset=offset, error=str(error))
            return
        if found.end <= offset:
            return
        if found.records:  # else only markers, or what was aborted: before an open transaction they stand there too
            log.warning("decoded_by_bytes", topic=tp[0], partition=tp[1], offset=offset, end=found.end)
        for record in found.records:
            _take(partition, record.key, record.value, record.offset)
        partition.restored_to = found.end


def _take_all(
    messages: list[confluent_kafka.Message],
    reading: dict[TopicPartition, Partition],
    end: Mapping[TopicPartition, int],
    stuck: set[TopicPartition],
) -> list[Partition]:
    """Take messages into their partitions. Returns those that are complete, and removes them from `reading`; adds to
    `stuck` those where librdkafka cannot decode what comes.
    """
    done: list[Partition] = []
    for message in messages:
        tp = (message.topic() or "", message.partition() or 0)
        partition = reading.get(tp)
        if partition is None:
            continue
        error = message.error()
        offset = message.offset() or 0
        if error is None:
            _take(partition, message.key(), message.value(), offset, message.timestamp)
        elif error.code() in UNDECODABLE:
            stuck.add(tp)
        elif error.code() != KafkaError._PARTITION_EOF:
            with needing(f"Read on topic {tp[0]}"):
                raise KafkaException(error)
        elif offset >= end[tp]:
            partition.verified_at = time.time()
            partition.restored_to = offset  # behind what aborted transactions have left, too
            done.append(reading.pop(tp))
    return done


def _take(
    partition: Partition,
    key: bytes | None,
    value: bytes | None,
    offset: int,
    timestamp: Callable[[], tuple[int, int]] = lambda: (TIMESTAMP_NOT_AVAILABLE, 0),
) -> None:
    """`timestamp`: what confluent-kafka says of the record's time."""
    partition.restored_to = offset + 1
    if key is None:
        partition.keyless.add(offset)
        log.error("unreadable_state_record", partition=partition.label, offset=offset, reason="it has no key")
    elif key == CHECKPOINT_KEY:
        partition.checkpoint = _read_checkpoint(partition, value, offset)
        partition.written_at = stamp_of(timestamp())
    elif value is None:
        partition.store.pop(key, None)
    else:
        partition.store[key] = value


def _read_checkpoint(partition: Partition, value: bytes | None, offset: int) -> Checkpoint | None:
    if value is None:
        return None
    try:
        return decode(value)
    except (UnknownFormat, msgspec.DecodeError) as error:
        raise StateMismatch(
            Code.CHECKPOINT_UNREADABLE,
            changelog=partition.application.changelog,
            partition=partition.number,
            offset=offset,
            reason=str(error),
        ) from error
