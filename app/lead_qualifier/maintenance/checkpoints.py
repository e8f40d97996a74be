"""Finds checkpoints that no longer fit the topics, so that no process may start, and repairs them.

Texts for people say `position` for where a checkpoint stands.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from lead_qualifier.engine import checkpoint as checkpoints
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from lead_qualifier.engine.clock import tolerance_ms
from lead_qualifier.engine.errors import UnknownFormat
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.groups import committed_offsets, delete_group
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import PartitionId
from lead_qualifier.maintenance.service_groups import ServiceGroup, check_nothing_runs
from lead_qualifier.messages.topics import Topic

_SECONDS = 30.0
_AGAIN = "; leads may qualify again (with the event_id they had)"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A partition of a changelog whose checkpoint does not fit the topics. `problem` and `remedy` are for people."""

    changelog: PartitionId
    problem: str
    remedy: str
    corrected: Checkpoint | None = None
    """The checkpoint to write instead; None if the group's offsets have to go, or if there is no remedy."""
    forget_offsets: bool = False

    @property
    def can_be_repaired(self) -> bool:
        """Is there a remedy?"""
        return self.corrected is not None or self.forget_offsets


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What the broker holds of the inputs of one changelog."""

    topics: tuple[str, ...]
    first: Mapping[PartitionId, int]
    ends: Mapping[PartitionId, int]
    committed: Mapping[PartitionId, int]
    """Of the consumer group, where it has committed anything."""
    ids: Mapping[str, str]
    """By topic, the changelog included."""


class CheckpointRepair:
    """The checkpoints of one consumer group."""

    def __init__(
        self, connection: Connection, group: ServiceGroup, *, topic_prefix: str, time_tolerance: timedelta
    ) -> None:
        """`time_tolerance`: how far a checkpoint's clock may be ahead of this machine's."""
        self._connection = connection
        self._group = group
        self._prefix = topic_prefix
        self._clock_ms = tolerance_ms(time_tolerance.total_seconds())
        self._reader = TopicReader(connection)
        self._admin = self._reader.admin

    def find(self) -> list[Mismatch]:
        """Every partition that does not fit. Raises TopicMissing, NotAllowed, ReadIncomplete, KafkaException."""
        changelogs = self._group.service.changelogs
        return [one for changelog in changelogs for one in self.mismatches(changelog, self.stored(changelog))]

    def repair(self, mismatches: Sequence[Mismatch]) -> None:
        """Write what `find` found to be right. Raises ProcessesRunning, NotAllowed, KafkaException."""
        check_nothing_runs(self._connection, self._group.id)
        producer = Producer(self._connection)
        for one in mismatches:
            if one.corrected is not None:
                topic, number = one.changelog
                producer.send(topic, CHECKPOINT_KEY, checkpoints.encode(one.corrected), partition=number)
        producer.flush()
        if any(one.forget_offsets for one in mismatches):
            # The checkpoints are what counts: the group's offsets only show that there was state once.
            delete_group(self._admin, self._group.id, timeout=_SECONDS)

    def stored(self, changelog: Topic) -> dict[PartitionId, bytes | None]:
        """The newest checkpoint of each partition as it is written; None where there is none. Raises as `find`."""
        partitions = self._admin.partitions(changelog.full_name(self._group.state_prefix))
        stored: dict[PartitionId, bytes | None] = dict.fromkeys(partitions)
        for record in self._reader.read(partitions):
            if record.key == CHECKPOINT_KEY:
                stored[record.topic, record.partition] = record.value
        return stored

    def mismatches(self, changelog: Topic, stored: Mapping[PartitionId, bytes | None]) -> Iterator[Mismatch]:
        """Every partition of a changelog whose checkpoint, as `stored`, does not fit. Raises as `find`."""
        topics = tuple(topic.full_name(self._prefix) for topic in self._group.service.changelogs[changelog])
        partitions = [partition for topic in topics for partition in self._admin.partitions(topic)]
        inputs = _Inputs(
            topics=topics,
            first=self._admin.first(partitions),
            ends=self._admin.ends(partitions),
            committed=committed_offsets(self._connection.confluent(), self._group.id, partitions, timeout=_SECONDS),
            ids=self._admin.topic_ids([changelog.full_name(self._group.state_prefix), *topics]),
        )
        for partition, value in stored.items():
            found = self._lost(partition, inputs) if value is None else self._check(partition, value, inputs)
            if found is not None:
                yield found

    def _lost(self, partition: PartitionId, inputs: _Inputs) -> Mismatch | None:
        """There is no checkpoint."""
        number = partition[1]
        read = [topic for topic in inputs.topics if (topic, number) in inputs.committed]
        if not read:
            return None
        offsets = ", ".join(f"{topic}-{number} up to {inputs.committed[topic, number]}" for topic in read)
        return Mismatch(
            partition,
            f"holds no state, but group {self._group.id} has read {offsets}: the state is gone",
            f"forget the group's offsets: workers start from what the input topics still hold{_AGAIN}",
            forget_offsets=True,
        )

    def _check(self, partition: PartitionId, value: bytes, inputs: _Inputs) -> Mismatch | None:
        try:
            checkpoint = checkpoints.decode(value)
        except (UnknownFormat, msgspec.DecodeError) as error:
            return Mismatch(partition, f"its position is unreadable: {error}", "none by this program")
        if checkpoint.application != self._group.id:
            return Mismatch(
                partition,
                f"its state belongs to application {checkpoint.application}, not {self._group.id}",
                f"set LEAD_QUALIFIER_APPLICATION_ID={checkpoint.application}, or another LEAD_QUALIFIER_TOPIC_PREFIX",
            )
        problems, remedies, corrected = self._check_offsets(partition, checkpoint, inputs)
        now_ms = int(time.time() * 1000)
        if (ahead_ms := checkpoint.clock - now_ms) > self._clock_ms:
            ahead = timedelta(seconds=ahead_ms // 1000)
            problems.append(f"its clock is {ahead} ahead of this machine's, and its timers stand still until then")
            remedies.append("set it to this machine's time")
            corrected = msgspec.structs.replace(corrected, clock=now_ms)
        return Mismatch(partition, "; ".join(problems), "; ".join(remedies), corrected) if remedies else None

    @staticmethod
    def _check_offsets(
        partition: PartitionId, checkpoint: Checkpoint, inputs: _Inputs
    ) -> tuple[list[str], list[str], Checkpoint]:
        """Problems, remedies, and the checkpoint with the first offset of every input that does not fit."""
        number = partition[1]
        recreated = checkpoints.other_topics(checkpoint, inputs.ids)
        problems: list[str] = []
        moved: dict[str, int] = {}
        again = ""
        if partition[0] in recreated:
            problems.append("was deleted and created again while workers ran: the state that it held before is gone")
            moved = {topic: inputs.first[topic, number] for topic in inputs.topics if (topic, number) in inputs.first}
            again = _AGAIN
        for topic in inputs.topics:
            if (topic, number) not in inputs.first:
                continue
            offset, low, high = checkpoint.next.get(topic), inputs.first[topic, number], inputs.ends[topic, number]
            if topic in recreated:
                why = "it was deleted and created again"
            elif topic in checkpoint.set_back:
                why = "it was truncated, or deleted and created again, while it was read"
            elif offset is None or low <= offset <= high:
                continue
            elif offset > high:
                why = "it was truncated, or deleted and created again"
            else:
                why = f"{low - offset} records were dropped before they were read"
            problems.append(f"{topic}-{number} holds {low} to {high}, the position is {offset}: {why}")
            moved[topic] = low
        if not problems:
            return [], [], checkpoint
        corrected = msgspec.structs.replace(
            checkpoint,
            next={**checkpoint.next, **moved},
            topic_ids={**checkpoint.topic_ids, **inputs.ids},
            set_back={},
        )
        starts = ", ".join(f"{topic} from {offset}" for topic, offset in moved.items())
        return problems, [f"read {starts}: the first record there is{again}"], corrected
