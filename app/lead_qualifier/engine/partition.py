"""One partition as this worker holds it (its state store, its checkpoint, how much of the changelog is restored), and
what a cycle does with it: a task is selected, processed into a result, and written.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lead_qualifier.engine.application import Application
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, Sweep, encode
from lead_qualifier.engine.clock import Stamp
from lead_qualifier.engine.context import ProcessorContext
from lead_qualifier.engine.fetch_buffer import Batch
from lead_qualifier.engine.partitioning import BUCKETS, TopicPartition, bucket_of
from lead_qualifier.engine.timers import Timers
from lead_qualifier.kafka.records import Change, Output


@dataclass(slots=True)
class Partition:
    """The store holds encoded states: compact, nothing for the garbage collector to walk, safe from partial changes."""

    application: Application
    number: int
    store: dict[bytes, bytes] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    #: The time that the checkpoint's record has at the broker; None if this worker has written it.
    written_at: Stamp | None = None
    #: The changelog is restored up to this offset; None before the first restoration.
    restored_to: int | None = None
    #: While the changelog is read: from which offset up to which.
    restoration: tuple[int, int] | None = None
    #: Of the keys and states in the store, since it was last opened.
    state_bytes: int = 0
    #: When the store was last known to be complete (seconds since 1970, by the wall clock).
    verified_at: float = field(default_factory=time.time)
    #: Keys with an unreadable state, and why, as far as `inspection` has come. The bytes stay until a new state
    #: replaces them.
    unreadable: dict[bytes, str] = field(default_factory=dict)
    inspected: bool = False
    #: Offsets of changelog records without a key.
    keyless: set[int] = field(default_factory=set)
    #: Keys by bucket while a sweep runs.
    buckets: list[list[bytes]] | None = None
    #: Built again from the store whenever the partition is opened.
    timers: Timers = field(default_factory=Timers)
    #: Inputs on which the consumer was set back, and to which offset: nothing is processed until that is written down.
    set_back: dict[str, int] = field(default_factory=dict)
    #: Input topic -> its end when the partition was opened, until everything before it is processed.
    backlog: dict[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its name in logs."""
        return f"{self.application.name}/{self.number}"

    @property
    def unreadable_count(self) -> int:
        """Records of the changelog that are known to be unreadable."""
        return len(self.unreadable) + len(self.keyless)

    @property
    def restoration_progress(self) -> float | None:
        """How much of the changelog is read, from 0 to 1; None when it is not being read."""
        if (restoration := self.restoration) is None:
            return None
        start, end = restoration
        return min(1.0, max(0, (self.restored_to or 0) - start) / max(1, end - start))

    def measure(self) -> None:
        """Set `state_bytes` to what the store holds."""
        self.state_bytes = sum(map(len, self.store)) + sum(map(len, self.store.values()))

    def forget(self) -> None:
        """Discard everything: the next restoration reads the whole changelog."""
        self.store = {}
        self.unreadable = {}
        self.keyless = set()
        self.inspected = False
        self.checkpoint = self.written_at = None
        self.restored_to = None

    def has_caught_up(self) -> bool:
        """True if everything is processed that came before the partition was opened. Until then no timer fires: a
        record of the backlog may cancel it.
        """
        if self.backlog and self.checkpoint is not None:
            processed = self.checkpoint.next
            self.backlog = {topic: end for topic, end in self.backlog.items() if processed.get(topic, 0) < end}
        return not self.backlog

    def keys_in(self, bucket: int) -> list[bytes]:
        """The keys of one sweep bucket, as known when the sweep began."""
        if self.buckets is None:
            self.buckets = [[] for _ in range(BUCKETS)]
            for key in self.store:
                self.buckets[bucket_of(key)].append(key)
        return self.buckets[bucket]

    def following_timers(self, keys: Iterable[bytes], now_ms: int) -> list[tuple[int, bytes]]:
        """The timers that the states of these keys have after `now_ms`."""
        states = {key: self.store[key] for key in keys if key in self.store}
        if not states:
            return []
        return [timer for timer in self.application.processor.timers(states) if timer[0] > now_ms]

    def apply(self, changes: list[Change]) -> None:
        """Apply committed changelog records to the store."""
        store = self.store
        size = 0
        for change in changes:
            key, value = change["key"], change["value"]
            before = store.get(key)
            if before is not None:
                size -= len(key) + len(before)
            if value is None:
                store.pop(key, None)
            else:
                store[key] = value
                size += len(key) + len(value)
        self.state_bytes += size
        if self.unreadable:
            for change in changes:
                self.unreadable.pop(change["key"], None)


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
class KnownKeys:
    """What was done with known keys."""

    #: For the checkpoint.
    swept: int
    sweep: Sweep | None
    #: Keys that were swept, if a limit was set for isolation.
    swept_keys: list[bytes] = field(default_factory=list)
    due: list[bytes] = field(default_factory=list)
    #: Those of `due` on which the processor failed.
    failed: set[bytes] = field(default_factory=set)
    #: A due timer is left for the next cycle.
    overdue: bool = False


@dataclass(slots=True)
class PartitionResult:
    """The results of a task: they are written, and then become the state."""

    task: PartitionTask
    #: The batches that were processed; the last one perhaps in part.
    batches: list[Batch]
    context: ProcessorContext
    checkpoint: Checkpoint
    changes: list[Change]
    known: KnownKeys

    @property
    def records(self) -> int:
        """Records that were processed."""
        return self.context.record_counts.total()

    @property
    def size(self) -> int:
        """Records and known keys that were processed."""
        return self.records + len(self.known.due) + len(self.known.swept_keys)

    @property
    def changelog(self) -> TopicPartition:
        """The changelog's topic partition, which the changes go to."""
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
