"""Restores partitions: reads a changelog up to its end, into the state store and the checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE

from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, decode
from lead_qualifier.engine.clock import stamp_of
from lead_qualifier.engine.errors import Code, StateMismatch, UnknownFormat
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.partitioning import TopicPartition
from lead_qualifier.kafka.admin import EARLIEST, LATEST, Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import partition_names
from lead_qualifier.kafka.reader import PartitionTail

log = structlog.get_logger(__name__)

_TELL_SECONDS = 5.0

Ready = Callable[[list[Partition]], None]


class Restorer:
    """Used by the restoring thread only."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._admin = Admin(connection.confluent())
        self._delete_retention: dict[str, float] = {}

    def restore(self, partitions: list[Partition], *, ready: Ready, abandoned: Callable[[], bool]) -> None:
        """Bring each partition up to the end of its changelog; `ready` gets those that are complete, as they are.

        Returns when all are, or when `abandoned()` turns true. A transaction that a dead owner left open makes its
        partitions wait, up to the transaction's timeout plus the broker's scan. Raises KafkaException, ReadIncomplete,
        NotAllowed and StateMismatch.
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
                partition.restoration = start, end[tp]
        try:
            if done:
                ready(done)
            if reading:
                self._read(reading, starts, end, ready, abandoned)
        finally:
            for partition in partitions:
                partition.restoration = None

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
        def receive(tp: TopicPartition, message: Any) -> None:
            if (partition := reading.get(tp)) is not None:
                _take(partition, message.key(), message.value(), message.offset(), message.timestamp)

        settings = {
            "auto.offset.reset": "error",
            "fetch.max.bytes": 64 * 1024 * 1024,
            "queued.max.messages.kbytes": 256 * 1024,
        }
        told, restored = time.monotonic() + 2, -1
        with PartitionTail(self._connection, starts, ends=end, settings=settings) as tail:
            while reading and not abandoned():
                by_bytes = tail.poll(0.1, receive)
                for record in by_bytes:
                    if (tp := (record.topic, record.partition)) in reading:
                        _take(reading[tp], record.key, record.value, record.offset)
                if by_bytes:
                    where = partition_names({(record.topic, record.partition) for record in by_bytes})
                    log.warning("decoded_by_bytes", partitions=where, records=len(by_bytes))
                done: list[Partition] = []
                for tp in [tp for tp in reading if tail.position[tp] >= end[tp]]:
                    partition = reading.pop(tp)
                    partition.verified_at = time.time()
                    partition.restoration = None
                    partition.restored_to = tail.position[tp]  # behind what aborted transactions have left, too
                    done.append(partition)
                if done:
                    ready(done)
                if time.monotonic() > told:
                    told = time.monotonic() + _TELL_SECONDS
                    before, restored = restored, sum(tail.position[tp] for tp in reading)
                    # what stands still at this point is an open transaction of a former owner: its timeout ends it
                    log.info(
                        "waiting_for_open_transaction" if restored == before else "restoring",
                        partitions=[p.label for p in reading.values()],
                        keys=sum(len(p.store) for p in reading.values()),
                    )


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
