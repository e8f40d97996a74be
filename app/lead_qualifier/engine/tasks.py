"""What a cycle does with one partition, before and after: a task is selected, processed into a result, and written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, encode
from lead_qualifier.engine.context import ProcessorContext
from lead_qualifier.engine.fetch_buffer import Batch
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.partitioning import TopicPartition
from lead_qualifier.engine.record import Change
from lead_qualifier.kafka.records import Output


@dataclass(slots=True)
class PartitionTask:
    """What a cycle has to do for one partition."""

    partition: Partition
    #: The partition's checkpoint before the cycle.
    checkpoint: Checkpoint
    batches: list[Batch]
    #: Of the rules to process by.
    revision: int
    #: Known keys are to be swept, if not in this cycle.
    sweep_pending: bool
    #: It is this partition's turn to sweep.
    sweep: bool
    #: Keys with a due timer.
    due: list[bytes]
    #: The time for this partition, never before its last cycle's (milliseconds since 1970).
    now_ms: int
    #: By topic, offsets to move to past what is no record (transaction markers).
    passed: dict[str, int]
    #: Set while a refused record or key is being isolated: nothing else is in the transaction, and only this many
    #: records or keys are processed.
    isolation_limit: int | None = None


@dataclass(slots=True)
class PartitionResult:
    """What came of a task: to be written, and then to become the state."""

    task: PartitionTask
    #: The batches that were processed; the last one perhaps in part.
    batches: list[Batch]
    context: ProcessorContext
    checkpoint: Checkpoint
    changes: list[Change]
    #: Keys whose due timers were processed.
    due: list[bytes]
    #: Those of them on which the processor failed.
    failed: set[bytes]
    #: Keys that were swept, if a limit was set for isolation.
    swept: list[bytes]

    @property
    def records(self) -> int:
        """Records that were processed."""
        return self.context.record_counts.total()

    @property
    def size(self) -> int:
        """Records and known keys that were processed."""
        return self.records + len(self.due) + len(self.swept)

    @property
    def changelog(self) -> TopicPartition:
        """Where the changes go."""
        partition = self.task.partition
        return partition.application.changelog, partition.number

    def changelog_records(self) -> list[Change]:
        """The changed states, and the checkpoint last."""
        return [*self.changes, {"key": CHECKPOINT_KEY, "value": encode(self.checkpoint)}]

    def outputs(self) -> Iterator[Output]:
        """Everything that goes to other topics than the changelog."""
        yield from self.context.outputs
        yield from self.context.dead_letter_records()

    def positions(self) -> Iterator[tuple[TopicPartition, int]]:
        """Every input with the offset of its next record, moved or not."""
        partition = self.task.partition
        for topic in partition.application.topics:
            yield (topic, partition.number), self.checkpoint.next[topic]
