"""Opening partitions: bring our copy of the changelog up to its end, learn the position, and check that the topics
still match it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import confluent_kafka
import msgspec
import structlog
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, KafkaException, TopicPartition

from lead_qualifier.engine import checkpoint as positions
from lead_qualifier.engine.application import Application
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, NEVER_SWEPT, Checkpoint
from lead_qualifier.engine.clock import DEFAULT_TOLERANCE_SECONDS, stamp_of
from lead_qualifier.engine.partition import Partition
from lead_qualifier.kafka.admin import EARLIEST, LATEST, Admin
from lead_qualifier.kafka.errors import RawFetchFailed, needing
from lead_qualifier.kafka.groups import committed_offsets
from lead_qualifier.kafka.raw import SILENT_SECONDS, UNDECODABLE, RawReader

log = structlog.get_logger(__name__)


Place = tuple[str, int]
"""A topic and the number of one of its partitions."""

#: What to do where a position does not fit.
REPAIR = (
    "Stop all workers, then `lead-qualifier topics repair` sets the positions to what is there "
    "(--downstream: those of downstream services too)"
)
#: A look at what should be as it was waits no longer for the broker: there may be partitions to open.
_WATCH_SECONDS = 5.0


class StateMismatch(RuntimeError):
    """The topics do not fit the state, or each other: going on would lose or repeat. The message says what to do."""


class StaleOwner(Exception):
    """The changelog has gone on since it was copied: somebody else owns the partition, or it must be copied again."""


class Restorer:
    """Restores partitions with a consumer of its own (no group). Used by the opening thread only."""

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        group_id: str,
        timeout: float = 30.0,
        raw: RawReader | None = None,
        clock_seconds: float = DEFAULT_TOLERANCE_SECONDS,
    ) -> None:
        """`raw` reads on where librdkafka cannot decode a changelog; without it, that librdkafka says so is Unusable.
        `clock_seconds`: how far a position's clock may be ahead of the time of its record.
        """
        self._raw = raw
        self._config = dict(config)
        self._group_id = group_id
        self._timeout = timeout
        self._clock_ms = int(clock_seconds * 1000)
        self._admin = Admin(self._config, timeout=timeout)
        self._delete_retention: dict[str, float] = {}

    def check_partition_counts(self, applications: Iterable[Application]) -> None:
        """Raises Unusable if a topic is missing or its partition count differs; KafkaException if the broker can't be
        had.
        """
        counts = self._admin.partition_counts()
        for app in applications:
            for name in (*app.topics, app.changelog):
                count = counts.get(name, 0)
                if count == 0:
                    raise StateMismatch(
                        f"topic {name} does not exist, or may not be seen with this login: create it with "
                        "`lead-qualifier topics create`, or have the ACL added (`lead-qualifier acls print`)"
                    )
                if count != app.partitions:
                    raise StateMismatch(
                        f"topic {name} has {count} partitions, expected {app.partitions}: "
                        f"{', '.join((*app.topics, app.changelog))} must all have the same number, "
                        "since keys would move between partitions otherwise "
                        f"(set LEAD_QUALIFIER_PARTITIONS to what they have; `lead-qualifier repartition` changes it in "
                        "all of them and keeps what is held)"
                    )

    def restore(
        self, partitions: list[Partition], *, ready: Callable[[list[Partition]], None], abandoned: Callable[[], bool]
    ) -> None:
        """Bring each partition's copy up to the end of its changelog; `ready` gets those that are complete, as they
        are.

        Returns when all are, or `abandoned()` turns true. A transaction that a dead owner left open makes its
        partitions wait, up to the transaction's timeout plus the broker's scan. Raises KafkaException on trouble with
        the broker, Unusable on a mismatch.
        """
        logs = [(p.application.changelog, p.number) for p in partitions]
        first = self.offsets(logs, EARLIEST)
        end = self.offsets(logs, LATEST)
        reading: dict[Place, Partition] = {}
        done: list[Partition] = []
        assignment = []
        for partition in partitions:
            log_partition = (partition.application.changelog, partition.number)
            self._forget_if_stale(partition, first[log_partition], end[log_partition])
            start = first[log_partition] if partition.copied_to is None else partition.copied_to
            # what follows our own last record can only be our transaction's marker
            if end[log_partition] <= start + (1 if partition.copied_to is not None else 0):
                partition.copied_to = start
                partition.verified_at = time.time()
                done.append(partition)
            else:
                reading[log_partition] = partition
                partition.inspected = False
                assignment.append(TopicPartition(*log_partition, start))
        if done:
            ready(done)
        if assignment:
            self._read(assignment, reading, end, ready, abandoned)

    def positions(self, partitions: list[Partition]) -> list[Checkpoint]:
        """The position of each restored partition, with the offset of every input and the ids of its topics; a new
        partition starts at what its inputs hold, an input that the position does not know (a newer version reads more)
        at what the group has committed, else at what it holds.

        Raises Unusable if a topic is another than the position's, if a position lies outside a topic (truncated, or
        retention passed), or if state is gone while offsets exist.
        """
        # before the offsets: a topic created again meanwhile is then noticed by `check_same_topics`
        ids = self._ids(partitions, timeout=self._timeout)
        inputs = [(topic, p.number) for p in partitions for topic in p.application.topics]
        first = self.offsets(inputs, EARLIEST)
        end = self.offsets(inputs, LATEST)
        for partition in partitions:
            partition.backlog = {topic: end[topic, partition.number] for topic in partition.application.topics}
        # of all partitions in one request: at a first start none has a position
        committed = committed_offsets(
            self._config,
            self._group_id,
            (place for p in partitions for place in _untold(p)),
            timeout=self._timeout,
        )
        try:
            return [self._position(p, first, end, committed, ids) for p in partitions]
        except StateMismatch as error:
            # a worker that was frozen while it opened finds its successor's offsets beside its own old copy
            if self._overtaken(partitions):
                raise StaleOwner(str(error)) from error
            raise

    def check_same_topics(self, partitions: Sequence[Partition]) -> None:
        """Raises Unusable if a topic of a partition that has been open was deleted and created again since. One that is
        not there at the moment is passed over. Raises KafkaException.
        """
        ids = self._ids(partitions, timeout=_WATCH_SECONDS)
        for partition in partitions:
            if partition.checkpoint is not None:
                self._refuse_other_topics(partition, partition.checkpoint, ids)

    def _ids(self, partitions: Iterable[Partition], *, timeout: float) -> dict[str, str]:
        applications = {p.application.name: p.application for p in partitions}.values()
        names = [name for app in applications for name in (app.changelog, *app.topics)]
        return self._admin.topic_ids(names, timeout=timeout)

    @staticmethod
    def _refuse_other_topics(partition: Partition, position: Checkpoint, ids: Mapping[str, str]) -> None:
        changelog = partition.application.changelog
        for topic in positions.other_topics(position, ids):
            what = (
                "the state that it held is gone"
                if topic == changelog
                else f"the state in {changelog}-{partition.number} stands at offset {position.next.get(topic, 0)} of "
                "the former one"
            )
            raise StateMismatch(
                f"{topic} was deleted and created again (its id was {position.topic_ids[topic]}, now it is "
                f"{ids[topic]}): {what}. {REPAIR}"
            )

    def _overtaken(self, partitions: list[Partition]) -> bool:
        end = self.offsets([(p.application.changelog, p.number) for p in partitions], LATEST)
        # our own last record may be followed by our transaction's marker, and by nothing else
        return any(end[p.application.changelog, p.number] > (p.copied_to or 0) + 1 for p in partitions)

    def _position(
        self,
        partition: Partition,
        first: Mapping[Place, int],
        end: Mapping[Place, int],
        committed: Mapping[Place, int],
        ids: Mapping[str, str],
    ) -> Checkpoint:
        inputs = [(topic, partition.number) for topic in partition.application.topics]
        position = partition.checkpoint
        if position is None:
            self._refuse_lost_state(partition, committed)
            return Checkpoint(
                self._group_id,
                {topic: first[topic, number] for topic, number in inputs},
                swept=NEVER_SWEPT,
                topic_ids=_ids_of(partition.application, ids),
            )
        if position.application != self._group_id:
            raise StateMismatch(
                f"the state in {partition.application.changelog}-{partition.number} belongs to application "
                f"{position.application!r}, not {self._group_id!r}: "
                f"set LEAD_QUALIFIER_APPLICATION_ID={position.application}, or another LEAD_QUALIFIER_TOPIC_PREFIX"
            )
        self._refuse_other_topics(partition, position, ids)
        refuse_set_back(partition, position)
        starts = {}
        for topic, number in inputs:
            offset = position.next.get(topic)
            if offset is None:  # an input that this version reads and the one before did not
                known = committed.get((topic, number), -1)
                fits = first[topic, number] <= known <= end[topic, number]
                starts[topic] = known if fits else first[topic, number]
                continue
            starts[topic] = offset
            if topic in partition.set_back:  # opened only to have that written down
                continue
            if not first[topic, number] <= offset <= end[topic, number]:
                what = (
                    "was truncated, or deleted and created again"
                    if offset > end[topic, number]
                    else "has dropped records that were not read yet (retention)"
                )
                raise StateMismatch(
                    f"{topic}-{number} holds offsets {first[topic, number]} to {end[topic, number]}, "
                    f"but the state stands at {offset}: the topic {what}. {REPAIR}"
                )
        clock = self._clock(partition, position)
        met = {**_ids_of(partition.application, ids), **position.topic_ids}
        return msgspec.structs.replace(position, next={**position.next, **starts}, topic_ids=met, clock=clock)

    def _clock(self, partition: Partition, position: Checkpoint) -> int:
        """The position's clock, put back if the time that its record has at the broker shows that it was wrong."""
        written = partition.written_at
        if written is not None and position.clock - written.at_ms > self._clock_ms:
            log.error(
                "position_clock_put_back",
                partition=partition.label,
                seconds=round((position.clock - written.at_ms) / 1000),
                reason="the worker that wrote it had a wrong clock",
            )
            return written.at_ms
        if (ahead_ms := position.clock - time.time() * 1000) > self._clock_ms:
            log.warning(
                "position_clock_ahead",
                partition=partition.label,
                seconds=round(ahead_ms / 1000),
                reason="this machine's clock is behind, or the last worker's was ahead, and no timer fires until "
                "then. To correct it, stop all workers and run `lead-qualifier topics repair`",
            )
        return position.clock

    def offsets(self, tps: Iterable[Place], spec: Any) -> dict[Place, int]:
        """First or last offsets, in the read_uncommitted sense: a read_committed end would wait for nothing."""
        return self._admin.list_offsets(dict.fromkeys(tps, spec))

    def _forget_if_stale(self, partition: Partition, first: int, end: int) -> None:
        if partition.copied_to is None:
            return
        age = time.time() - partition.verified_at
        limit = self._tombstone_seconds(partition.application.changelog) / 2
        if partition.copied_to > end:
            log.warning(
                "changelog_is_shorter_than_copy", partition=partition.label, copied_to=partition.copied_to, end=end
            )
        elif first <= partition.copied_to and age < limit:
            return
        # tombstones, or all of it, may be gone by now: only a copy from nothing is sure to be right
        log.info("copy_rebuilt_from_nothing", partition=partition.label, age_seconds=round(age))
        partition.forget()

    def _tombstone_seconds(self, topic: str) -> float:
        if topic not in self._delete_retention:
            config = self._admin.topic_configs([topic])[topic]
            self._delete_retention[topic] = int(config["delete.retention.ms"]) / 1000
        return self._delete_retention[topic]

    def _refuse_lost_state(self, partition: Partition, committed: Mapping[Place, int]) -> None:
        known = {place: committed[place] for place in _untold(partition) if place in committed}
        if known:
            read = ", ".join(f"{topic}-{number} up to {offset}" for (topic, number), offset in known.items())
            raise StateMismatch(
                f"{partition.application.changelog}-{partition.number} holds no state, "
                f"but group {self._group_id} has read {read}: the state is gone. "
                "Restore the topic, or stop all workers and let `lead-qualifier topics repair` "
                "start from what the input topics still hold"
            )

    def _read(
        self,
        assignment: list[TopicPartition],
        reading: dict[Place, Partition],
        end: dict[Place, int],
        ready: Callable[[list[Partition]], None],
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
            consumer.assign(assignment)
            starts = {(tp.topic, tp.partition): tp.offset for tp in assignment}
            told, copied = time.monotonic() + 2, -1
            silent_from = time.monotonic()
            while reading and not abandoned():
                done = []
                messages = consumer.consume(10_000, 0.1)
                # silence alone is no fault: an open transaction looks the same, and only the bytes tell them apart
                silent = not messages and time.monotonic() > silent_from + SILENT_SECONDS
                stuck = set(reading) if silent and self._raw is not None else set()
                for message in messages:
                    error = message.error()
                    place = (message.topic() or "", message.partition() or 0)
                    offset = message.offset() or 0
                    partition = reading.get(place)
                    if partition is None:
                        continue
                    if error is None:
                        self._take(partition, message.key(), message.value(), offset, message.timestamp)
                    elif error.code() in UNDECODABLE:
                        stuck.add(place)
                    elif error.code() != KafkaError._PARTITION_EOF:
                        with needing(f"Read on topic {place[0]}"):
                            raise KafkaException(error)
                    elif offset >= end[place]:
                        partition.verified_at = time.time()
                        partition.copied_to = offset  # behind what aborted transactions have left, too
                        done.append(reading.pop(place))
                for place in stuck & reading.keys():
                    self._read_by_bytes(consumer, reading[place], place, starts[place])
                if messages or stuck:
                    silent_from = time.monotonic()
                if done:
                    ready(done)
                if time.monotonic() > told:
                    told = time.monotonic() + 5
                    before, copied = copied, sum(p.copied_to or 0 for p in reading.values())
                    # what stands still at this point is an open transaction of a former owner: its timeout ends it
                    log.info(
                        "waiting_for_open_transaction" if copied == before else "restoring",
                        partitions=[p.label for p in reading.values()],
                        keys=sum(len(p.store) for p in reading.values()),
                    )
        finally:
            consumer.close()
            if self._raw is not None:
                self._raw.close()

    def _read_by_bytes(
        self, consumer: confluent_kafka.Consumer, partition: Partition, place: Place, start: int
    ) -> None:
        """Read on where librdkafka gives nothing: it cannot decode what comes, or a transaction is open there."""
        offset = start if partition.copied_to is None else partition.copied_to
        where = f"{place[0]}-{place[1]} at offset {offset}"
        if self._raw is None:
            raise StateMismatch(f"the state in {where} cannot be decoded")
        try:
            found = self._raw.records(*place, offset)
        except RawFetchFailed as error:  # librdkafka says the same again, and we are here again
            log.warning("undecodable_not_read", partition=partition.label, offset=offset, error=str(error))
            return
        if found.end <= offset:
            return
        if found.records:  # else only markers, or what was aborted: before an open transaction they stand there too
            log.warning("decoded_by_bytes", topic=place[0], partition=place[1], offset=offset, end=found.end)
        for record in found.records:
            self._take(partition, record.key, record.value, record.offset)
        partition.copied_to = found.end
        consumer.seek(TopicPartition(*place, found.end))

    @staticmethod
    def _take(
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        offset: int,
        timestamp: Callable[[], tuple[int, int]] = lambda: (TIMESTAMP_NOT_AVAILABLE, 0),
    ) -> None:
        """`timestamp`: what confluent-kafka says of the record's time."""
        partition.copied_to = offset + 1
        if key is None:
            partition.keyless.add(offset)
            log.error("unreadable_state_record", partition=partition.label, offset=offset, reason="it has no key")
        elif key == CHECKPOINT_KEY:
            partition.checkpoint = _read_position(partition, value, offset)
            partition.written_at = stamp_of(timestamp())
        elif value is None:
            partition.store.pop(key, None)
        else:
            partition.store[key] = value


def refuse_set_back(partition: Partition, position: Checkpoint) -> None:
    """Raises Unusable if it is written down that the consumer was set back on an input of the partition."""
    for topic, offset in position.set_back.items():
        raise StateMismatch(
            f"{topic}-{partition.number} was truncated, or deleted and created again, while it was read: the state in "
            f"{partition.application.changelog}-{partition.number} stands at offset {position.next.get(topic, 0)}, "
            f"which the topic no longer had, and the consumer was set back to {offset}. {REPAIR}"
        )


def _ids_of(application: Application, ids: Mapping[str, str]) -> dict[str, str]:
    return {topic: ids[topic] for topic in (application.changelog, *application.topics) if topic in ids}


def _untold(partition: Partition) -> list[Place]:
    """The inputs of which the position says nothing."""
    told = {} if partition.checkpoint is None else partition.checkpoint.next
    return [(topic, partition.number) for topic in partition.application.topics if topic not in told]


def _read_position(partition: Partition, value: bytes | None, offset: int) -> Checkpoint | None:
    if value is None:
        return None
    try:
        return positions.decode(value)
    except (positions.UnknownFormat, msgspec.DecodeError) as error:
        raise StateMismatch(
            f"the position at {partition.application.changelog}-{partition.number} offset {offset} "
            f"is unreadable: {error}"
        ) from error
