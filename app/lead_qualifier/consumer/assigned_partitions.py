"""The partitions that the consumer group has assigned to this consumer, and what it commits for them."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence

import confluent_kafka
import structlog
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from lead_qualifier.consumer.scheduler import PartitionState, Scheduler

log = structlog.get_logger(__name__)

#: How a commit fails during a rebalance. The partition's next owner handles the records again.
_REBALANCED = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError._NO_OFFSET,
        KafkaError._ASSIGNMENT_LOST,
    }
)


class AssignedPartitions:
    """Its methods run in the thread that polls; the callbacks run inside `poll`. Any thread may iterate."""

    def __init__(self, scheduler: Scheduler, *, group: str, stop_seconds: float) -> None:
        """`stop_seconds`: how long a revoked partition waits for records in progress."""
        self._scheduler = scheduler
        self._group = group
        self._stop_seconds = stop_seconds
        self._partitions: dict[tuple[str, int], PartitionState] = {}
        self.joined = False
        """Whether this consumer has ever been assigned a partition."""

    def __iter__(self) -> Iterator[PartitionState]:
        return iter(list(self._partitions.values()))

    def get(self, topic: str, number: int) -> PartitionState | None:
        """The partition, or None if it is not assigned to this consumer."""
        return self._partitions.get((topic, number))

    def on_assign(self, _consumer: confluent_kafka.Consumer, partitions: list[TopicPartition]) -> None:
        """Begin with these partitions."""
        for one in partitions:
            self.joined = True
            partition = PartitionState(one.topic, one.partition)
            partition.silent_since = time.monotonic()
            self._partitions[one.topic, one.partition] = partition
        log.info("partitions assigned", partitions=_names(partitions), group=self._group)

    def on_revoke(self, consumer: confluent_kafka.Consumer, partitions: list[TopicPartition]) -> None:
        """Finish what is in progress, commit, and give the partitions up."""
        revoked = self._remove(consumer, partitions)
        if not self._scheduler.drain(revoked, self._stop_seconds):
            log.warning("partitions revoked with records in progress", partitions=_names(partitions), group=self._group)
        self.commit(consumer, revoked, wait=True)
        self._scheduler.close(revoked)
        log.info("partitions revoked", partitions=_names(partitions), group=self._group)

    def on_lost(self, consumer: confluent_kafka.Consumer, partitions: list[TopicPartition]) -> None:
        """Another consumer may have the partitions already: commit nothing."""
        self._scheduler.close(self._remove(consumer, partitions))
        log.warning("partitions lost", partitions=_names(partitions), group=self._group)

    def give_up(self, consumer: confluent_kafka.Consumer) -> None:
        """As `on_lost`, for all partitions: the consumer reaches no broker any more."""
        self.on_lost(consumer, [TopicPartition(partition.topic, partition.number) for partition in self])

    def commit(self, consumer: confluent_kafka.Consumer, partitions: Sequence[PartitionState], *, wait: bool) -> None:
        """Commit what is finished. `wait`: until the broker has answered."""
        offsets = []
        for partition in partitions:
            offset = self._scheduler.committable(partition)
            if offset > partition.committed:
                offsets.append(TopicPartition(partition.topic, partition.number, offset))
                partition.committed = offset
        if not offsets:
            return
        try:
            if wait:
                consumer.commit(offsets=offsets, asynchronous=False)
            else:
                consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            self.on_commit(error.args[0], offsets)

    def on_commit(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        """If a commit failed, the next one commits the same offsets again."""
        if error is None:
            return
        log.log(
            logging.INFO if error.code() in _REBALANCED else logging.WARNING,
            "offsets not committed",
            error=error.str(),
            partitions=_names(partitions),
            group=self._group,
        )
        for one in partitions:
            if (partition := self.get(one.topic, one.partition)) is not None:
                partition.committed = -1

    def end(self, consumer: confluent_kafka.Consumer) -> None:
        """Finish what is in progress, stop the scheduler, and commit."""
        partitions = list(self)
        if not self._scheduler.drain(partitions, self._stop_seconds):
            log.warning("stopped with records in progress", group=self._group)
        self._scheduler.stop()
        try:
            self.commit(consumer, partitions, wait=True)
        finally:
            self._scheduler.close(partitions)

    def _remove(self, consumer: confluent_kafka.Consumer, partitions: list[TopicPartition]) -> list[PartitionState]:
        removed = []
        for one in partitions:
            partition = self._partitions.pop((one.topic, one.partition), None)
            if partition is None:
                continue
            if partition.paused:  # if it is assigned again, it must be read
                with contextlib.suppress(KafkaException):
                    consumer.resume([TopicPartition(one.topic, one.partition)])
            removed.append(partition)
        return removed


def _names(partitions: Sequence[TopicPartition]) -> list[str]:
    return [f"{one.topic}-{one.partition}" for one in partitions]
