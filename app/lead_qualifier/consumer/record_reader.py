"""Reads records from the assigned partitions into the scheduler, and pauses partitions that are full."""

from __future__ import annotations

import time
from typing import Any

import confluent_kafka
import structlog
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from lead_qualifier.consumer.assigned_partitions import AssignedPartitions
from lead_qualifier.consumer.errors import NoSuchTopic
from lead_qualifier.consumer.kafka_errors import KafkaErrorLog
from lead_qualifier.consumer.scheduler import PartitionState, Scheduler
from lead_qualifier.kafka.errors import NotAllowed, RawFetchFailed, is_forbidden
from lead_qualifier.kafka.raw import SILENT_SECONDS, UNDECODABLE, RawReader
from lead_qualifier.kafka.records import Record, bad_header_name

log = structlog.get_logger(__name__)

_POLL_SECONDS = 0.1
_RECORDS_PER_POLL = 500
_REQUEST_SECONDS = 10.0
#: A partition is not read further while its lowest unfinished record is this many offsets behind: after a crash all
#: that was finished beyond it comes again, and `processed` may not remember so many events.
_LONGEST_SPAN = 50_000


class RecordReader:
    """For the thread that polls."""

    def __init__(
        self,
        consumer: confluent_kafka.Consumer,
        raw: RawReader,
        assigned: AssignedPartitions,
        scheduler: Scheduler,
        errors: KafkaErrorLog,
        *,
        group: str,
        buffered: int,
        from_beginning: bool,
    ) -> None:
        """`raw` reads what the Kafka client cannot decode. `buffered` and `from_beginning` are as in Subscription."""
        self._consumer = consumer
        self._raw = raw
        self._assigned = assigned
        self._scheduler = scheduler
        self._errors = errors
        self._group = group
        self._buffered = buffered
        self._from_beginning = from_beginning

    def poll(self) -> bool:
        """Read what has arrived; waits up to a tenth of a second. Returns whether something has. Raises NotAllowed,
        NoSuchTopic, KafkaException.
        """
        message = self._consumer.poll(_POLL_SECONDS)
        received = message is not None
        for _ in range(_RECORDS_PER_POLL):
            if message is None:
                break
            self._receive(message)
            message = self._consumer.poll(0)
        if message is not None:
            self._receive(message)
        self._resume()
        self._read_silent_partitions()
        return received

    def _receive(self, message: Any) -> None:
        error = message.error()
        if error is not None and error.code() not in {KafkaError._PARTITION_EOF, *UNDECODABLE}:
            self._check(message.topic(), error)
            return
        partition = self._assigned.get(message.topic(), message.partition())
        if partition is None:  # it has moved to another consumer, which reads this again
            return
        if error is None:
            self._read(partition, message)
        elif error.code() in UNDECODABLE:
            self._read_raw(partition)
        else:
            partition.end = message.offset()
            partition.silent_since = None
            self._scheduler.advance(partition, message.offset())

    def _read(self, partition: PartitionState, message: Any) -> None:
        self._errors.recovered()
        partition.silent_since = time.monotonic()
        try:
            headers = self._raw.headers(message)
        except RawFetchFailed as failure:  # read the record again
            log.warning("headers not read", error=str(failure), group=self._group)
            self._consumer.seek(TopicPartition(partition.topic, partition.number, message.offset()))
            return
        _, timestamp = message.timestamp()
        record = Record(
            topic=partition.topic,
            partition=partition.number,
            offset=message.offset(),
            timestamp_ms=timestamp,
            key=message.key(),
            value=message.value(),
            headers=headers,
            unreadable=bad_header_name(headers),
        )
        self._add(partition, record)

    def _add(self, partition: PartitionState, record: Record) -> None:
        partition.end = max(partition.end, record.offset + 1)
        self._scheduler.add(partition, record)
        if not partition.paused and self._is_full(partition):
            self._consumer.pause([TopicPartition(partition.topic, partition.number)])
            partition.paused = True

    def _is_full(self, partition: PartitionState) -> bool:
        return (
            self._scheduler.unfinished(partition) >= self._buffered or self._scheduler.span(partition) >= _LONGEST_SPAN
        )

    def _has_room(self, partition: PartitionState) -> bool:
        half_empty = self._scheduler.unfinished(partition) <= self._buffered // 2
        return half_empty and self._scheduler.span(partition) < _LONGEST_SPAN

    def _resume(self) -> None:
        for partition in self._assigned:
            if partition.paused and self._has_room(partition):
                self._consumer.resume([TopicPartition(partition.topic, partition.number)])
                partition.paused = False
                partition.silent_since = time.monotonic()

    def _read_silent_partitions(self) -> None:
        """Read batches that librdkafka cannot decode and says nothing about: it would fetch them again forever."""
        now = time.monotonic()
        for partition in self._assigned:
            since = partition.silent_since
            if since is not None and not partition.paused and now > since + SILENT_SECONDS:
                partition.silent_since = now
                self._read_raw(partition)

    def _read_raw(self, partition: PartitionState) -> None:
        """Read on where librdkafka cannot. If this fails, it reports the same batch again and leads here again."""
        try:
            start = self._next_offset(partition)
            found = self._raw.read_past(self._consumer, (partition.topic, partition.number), start)
        except (RawFetchFailed, KafkaException) as error:
            log.warning("batch not read", error=str(error), partition=partition.name, group=self._group)
            return
        if found.end <= start:
            return
        if found.records:  # else only markers or aborted records, which also precede an open transaction
            log.warning(
                "raw batch read",
                partition=partition.name,
                offset=start,
                end=found.end,
                unreadable=sum(record.unreadable is not None for record in found.records),
                group=self._group,
            )
        for record in found.records:
            self._add(partition, record)
        self._scheduler.advance(partition, found.end)

    def _next_offset(self, partition: PartitionState) -> int:
        if (offset := self._scheduler.next_offset(partition)) >= 0:
            return offset
        wanted = TopicPartition(partition.topic, partition.number)
        [committed] = self._consumer.committed([wanted], timeout=_REQUEST_SECONDS)
        low, high = self._consumer.get_watermark_offsets(wanted, timeout=_REQUEST_SECONDS)
        if committed.offset >= 0:
            return max(low, int(committed.offset))
        return int(low if self._from_beginning else high)

    def _check(self, topic: str, error: KafkaError) -> None:
        if is_forbidden(error):
            of_group = error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED
            raise NotAllowed(f"Read on group {self._group}" if of_group else f"Read on topic {topic}")
        if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART and not self._assigned.joined:
            raise NoSuchTopic(
                f"the topic {topic} does not exist: create the topics first (lead-qualifier topics create), or pass "
                "the topic_prefix that the services use"
            )
        if error.fatal():
            raise KafkaException(error)
        self._errors.report(error)
