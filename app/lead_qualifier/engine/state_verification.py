"""Checks that the topics still fit a restored partition: before it is opened, and while it is open."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from lead_qualifier.engine.application import Application
from lead_qualifier.engine.checkpoint import NEVER_SWEPT, Checkpoint, other_topics
from lead_qualifier.engine.clock import DEFAULT_TOLERANCE_SECONDS
from lead_qualifier.engine.errors import Code, Report, StaleOwner, StateMismatch
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.partitioning import TopicPartition
from lead_qualifier.kafka.admin import EARLIEST, LATEST, Admin
from lead_qualifier.kafka.groups import committed_offsets

log = structlog.get_logger(__name__)

_SECONDS = 30.0
#: A check of what should be unchanged waits no longer (seconds) for the broker: there may be partitions to restore.
_WATCH_SECONDS = 5.0


def log_report(report: Report) -> None:
    """Log a report by its code."""
    log.warning(report.code, **report.arguments)


class StateVerifier:
    """Used by the restoring thread only. All methods raise KafkaException, and NotAllowed for a missing ACL."""

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        group_id: str,
        clock_seconds: float = DEFAULT_TOLERANCE_SECONDS,
        warn: Callable[[Report], None] = log_report,
    ) -> None:
        """`clock_seconds`: how far a checkpoint's clock may be ahead of its record's time at the broker. `warn` gets
        what does not stop the partition.
        """
        self._warn = warn
        self._config = dict(config)
        self._group_id = group_id
        self._clock_ms = int(clock_seconds * 1000)
        self._admin = Admin(self._config)

    def check_partition_counts(self, applications: Iterable[Application]) -> None:
        """Raises StateMismatch if a topic is missing or its partition count differs."""
        counts = self._admin.partition_counts()
        for app in applications:
            names = (*app.topics, app.changelog)
            for name in names:
                count = counts.get(name, 0)
                if count == 0:
                    raise StateMismatch(Code.TOPIC_MISSING, topic=name)
                if count != app.partitions:
                    raise StateMismatch(
                        Code.PARTITION_COUNT, topic=name, found=count, expected=app.partitions, topics=", ".join(names)
                    )

    def verify(self, partitions: list[Partition]) -> list[Checkpoint]:
        """The checkpoint of each restored partition, completed with the offset of every input and the ids of its
        topics.

        A new partition starts at what its inputs hold. An input that the checkpoint does not know (a newer version
        reads more) starts at what the group has committed, else at what it holds.

        Raises StateMismatch if a topic is another than the checkpoint's, if a position is outside a topic (truncated,
        or retention passed), or if the state is gone although the group has committed offsets; StaleOwner if the
        partitions have another owner by now.
        """
        # before the offsets: a topic created again meanwhile is then noticed by `check_same_topics`
        ids = self._ids(partitions, timeout=_SECONDS)
        inputs = [(topic, p.number) for p in partitions for topic in p.application.topics]
        first = self._admin.list_offsets(dict.fromkeys(inputs, EARLIEST))
        end = self._admin.list_offsets(dict.fromkeys(inputs, LATEST))
        for partition in partitions:
            partition.backlog = {topic: end[topic, partition.number] for topic in partition.application.topics}
        # of all partitions in one request: at a first start none has a checkpoint
        unknown = [tp for p in partitions for tp in _unknown_inputs(p)]
        committed = committed_offsets(self._config, self._group_id, unknown, timeout=_SECONDS)
        try:
            return [self._verify(p, first, end, committed, ids) for p in partitions]
        except StateMismatch as error:
            # a worker that was frozen while it restored finds its successor's offsets next to its own old state
            if self._is_stale(partitions):
                raise StaleOwner(str(error)) from error
            raise

    def check_same_topics(self, partitions: Sequence[Partition]) -> None:
        """Raises StateMismatch if a topic of a partition that has been open was deleted and created again since. A
        topic that is missing at the moment is passed over.
        """
        ids = self._ids(partitions, timeout=_WATCH_SECONDS)
        for partition in partitions:
            if partition.checkpoint is not None:
                _refuse_other_topics(partition, partition.checkpoint, ids)

    def _verify(
        self,
        partition: Partition,
        first: Mapping[TopicPartition, int],
        end: Mapping[TopicPartition, int],
        committed: Mapping[TopicPartition, int],
        ids: Mapping[str, str],
    ) -> Checkpoint:
        app, number, checkpoint = partition.application, partition.number, partition.checkpoint
        own_ids = {topic: ids[topic] for topic in (app.changelog, *app.topics) if topic in ids}
        if checkpoint is None:
            self._refuse_lost_state(partition, committed)
            starts = {topic: first[topic, number] for topic in app.topics}
            return Checkpoint(self._group_id, starts, swept=NEVER_SWEPT, topic_ids=own_ids)
        if checkpoint.application != self._group_id:
            raise StateMismatch(
                Code.OTHER_APPLICATION,
                changelog=app.changelog,
                partition=number,
                owner=checkpoint.application,
                group=self._group_id,
            )
        _refuse_other_topics(partition, checkpoint, ids)
        refuse_set_back(partition, checkpoint)
        starts = {}
        for topic in app.topics:
            offset = checkpoint.next.get(topic)
            low, high = first[topic, number], end[topic, number]
            if offset is None:  # an input that this version reads and the one before did not
                known = committed.get((topic, number), -1)
                starts[topic] = known if low <= known <= high else low
                continue
            starts[topic] = offset
            if topic in partition.set_back:  # opened only to have that written down
                continue
            if not low <= offset <= high:
                code = Code.INPUT_TRUNCATED if offset > high else Code.RECORDS_EXPIRED
                raise StateMismatch(code, topic=topic, partition=number, first=low, end=high, offset=offset)
        return msgspec.structs.replace(
            checkpoint,
            next={**checkpoint.next, **starts},
            topic_ids={**own_ids, **checkpoint.topic_ids},
            clock=self._plausible_clock(partition, checkpoint),
        )

    def _plausible_clock(self, partition: Partition, checkpoint: Checkpoint) -> int:
        """The checkpoint's clock, put back if the time that its record has at the broker shows that it was wrong."""
        written = partition.written_at
        if written is not None and checkpoint.clock - written.at_ms > self._clock_ms:
            log.error(
                "checkpoint_clock_put_back",
                partition=partition.label,
                seconds=round((checkpoint.clock - written.at_ms) / 1000),
                reason="the worker that wrote it had a wrong clock",
            )
            return written.at_ms
        if (ahead_ms := checkpoint.clock - time.time() * 1000) > self._clock_ms:
            self._warn(
                Report(Code.CHECKPOINT_CLOCK_AHEAD, {"partition": partition.label, "seconds": round(ahead_ms / 1000)})
            )
        return checkpoint.clock

    def _refuse_lost_state(self, partition: Partition, committed: Mapping[TopicPartition, int]) -> None:
        known = {tp: committed[tp] for tp in _unknown_inputs(partition) if tp in committed}
        if known:
            raise StateMismatch(
                Code.STATE_LOST,
                changelog=partition.application.changelog,
                partition=partition.number,
                group=self._group_id,
                read=", ".join(f"{topic}-{number} up to {offset}" for (topic, number), offset in known.items()),
            )

    def _is_stale(self, partitions: list[Partition]) -> bool:
        end = self._admin.list_offsets({(p.application.changelog, p.number): LATEST for p in partitions})
        # our own last record may be followed by our transaction's marker, and by nothing else
        return any(end[p.application.changelog, p.number] > (p.restored_to or 0) + 1 for p in partitions)

    def _ids(self, partitions: Iterable[Partition], *, timeout: float) -> dict[str, str]:
        applications = {p.application.name: p.application for p in partitions}.values()
        names = [name for app in applications for name in (app.changelog, *app.topics)]
        return self._admin.topic_ids(names, timeout=timeout)


def refuse_set_back(partition: Partition, checkpoint: Checkpoint) -> None:
    """Raises StateMismatch if the checkpoint says that the consumer was set back on an input of the partition."""
    for topic, offset in checkpoint.set_back.items():
        raise StateMismatch(
            Code.CONSUMER_SET_BACK,
            topic=topic,
            partition=partition.number,
            changelog=partition.application.changelog,
            offset=checkpoint.next.get(topic, 0),
            set_back_to=offset,
        )


def _refuse_other_topics(partition: Partition, checkpoint: Checkpoint, ids: Mapping[str, str]) -> None:
    changelog = partition.application.changelog
    for topic in other_topics(checkpoint, ids):
        known = {"topic": topic, "known_id": checkpoint.topic_ids[topic], "found_id": ids[topic]}
        if topic == changelog:
            raise StateMismatch(Code.STATE_RECREATED, **known)
        raise StateMismatch(
            Code.INPUT_RECREATED,
            **known,
            changelog=changelog,
            partition=partition.number,
            offset=checkpoint.next.get(topic, 0),
        )


def _unknown_inputs(partition: Partition) -> list[TopicPartition]:
    """The inputs that the checkpoint does not name."""
    known = {} if partition.checkpoint is None else partition.checkpoint.next
    return [(topic, partition.number) for topic in partition.application.topics if topic not in known]
