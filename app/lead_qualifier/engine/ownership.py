"""Which partitions the consumer group has given to this worker, and which of them are open: restored and processed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lead_qualifier.engine.application import Application
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.fetch_buffer import FetchBuffer
from lead_qualifier.engine.group_metadata import Membership
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.partitioning import AppPartition, TopicPartition


@dataclass(eq=False, slots=True)
class PartitionAssignment:
    """The partitions of one generation, captured in the consumer's thread at the moment of assignment. Batches and
    transactions carry it; a newer one replaces it, never changes it.
    """

    membership: Membership
    #: (application name, partition number) that are ours: held of all the application's topics.
    numbers: frozenset[AppPartition]
    #: Partition numbers held of some, but not of all, topics of an application: nobody processes these until the group
    #: settles.
    partial: frozenset[AppPartition] = frozenset()
    #: Set once the group's coordinator has refused this membership: nothing is restored under it any more.
    fenced: bool = False


def partition_assignment(
    membership: Membership, held: Iterable[TopicPartition], applications: Sequence[Application]
) -> PartitionAssignment:
    """By application: the partition numbers that the group gave in all topics, and those that it gave only in some."""
    have = set(held)
    whole: set[AppPartition] = set()
    partial: set[AppPartition] = set()
    for app in applications:
        for number in range(app.partitions):
            owned = [(topic, number) in have for topic in app.topics]
            if all(owned):
                whole.add((app.name, number))
            elif any(owned):
                partial.add((app.name, number))
    return PartitionAssignment(membership, frozenset(whole), frozenset(partial))


class Ownership:
    """All methods are safe from any thread."""

    def __init__(self, applications: Sequence[Application], fetch_buffer: FetchBuffer) -> None:
        self._applications = {app.name: app for app in applications}
        self._fetch_buffer = fetch_buffer
        self._lock = threading.Lock()
        self._assignment: PartitionAssignment | None = None
        self._held: dict[AppPartition, Partition] = {}
        self._open: dict[AppPartition, Partition] = {}
        #: Set while there may be partitions to restore.
        self.restore_wanted = threading.Event()
        #: Held by a cycle from the look at what is open until its results are the state.
        self.cycle = threading.Lock()

    def assign(self, assignment: PartitionAssignment) -> None:
        """A new generation of the consumer group."""
        with self._lock:
            self._assignment = assignment
            self._open = {}
            # partitions with a missing topic are kept: when the topic is back, they show whether it is the same
            kept = assignment.numbers | assignment.partial
            self._held = {one: partition for one, partition in self._held.items() if one in kept}
        self._fetch_buffer.close()

    def revoke(self) -> None:
        """A rebalance has begun."""
        with self._lock:
            self._assignment = None
            self._open = {}
        self._fetch_buffer.close()

    @property
    def assignment(self) -> PartitionAssignment | None:
        """The current assignment."""
        with self._lock:
            return self._assignment

    def is_current(self, assignment: PartitionAssignment) -> bool:
        """True until another assignment, or the coordinator, ends it."""
        return self._assignment is assignment and not assignment.fenced

    def closed_partitions(self) -> tuple[PartitionAssignment, list[Partition]] | None:
        """The partitions of the current assignment that are to be restored; None without a usable assignment."""
        with self._lock:
            current = self._assignment
            if current is None or current.fenced:
                return None
            return current, [self._partition(one) for one in sorted(current.numbers) if one not in self._open]

    def open(self, restored: Sequence[tuple[Partition, Checkpoint]], assignment: PartitionAssignment) -> bool:
        """Have restored partitions processed from these checkpoints; False if their assignment is over."""
        with self._lock:
            if not self.is_current(assignment):
                return False
            positions: dict[TopicPartition, int] = {}
            for partition, checkpoint in restored:
                partition.checkpoint = checkpoint
                partition.buckets = None
                app = partition.application
                app.processor.opened(partition.number, partition.store)
                self._open[app.name, partition.number] = partition
                positions |= {(topic, partition.number): checkpoint.next[topic] for topic in app.topics}
            self._fetch_buffer.open(positions)
        return True

    def reopen(self, assignment: PartitionAssignment, *, fenced: bool = False) -> bool:
        """Restore everything again after a transaction whose commit is uncertain: nothing held here is then known to
        be right. False if the assignment is over anyway.
        """
        with self._lock:
            if self._assignment is not assignment:
                return False
            self._open = {}
            assignment.fenced = assignment.fenced or fenced
        self._fetch_buffer.close()
        self.restore_wanted.set()
        return True

    def open_now(self) -> tuple[PartitionAssignment, list[Partition]] | None:
        """The partitions that a cycle may process; None if none is open."""
        with self._lock:
            if self._assignment is None or not self._open:
                return None
            return self._assignment, list(self._open.values())

    def open_partitions(self) -> list[Partition]:
        """The partitions that are being processed, in order."""
        with self._lock:
            return [self._open[one] for one in sorted(self._open)]

    def held_partitions(self) -> list[Partition]:
        """The partitions of its assignment that this worker has ever opened."""
        with self._lock:
            return list(self._held.values())

    def assigned(self) -> list[AppPartition]:
        """The partitions that the group has given to this worker."""
        with self._lock:
            return sorted(self._assignment.numbers) if self._assignment is not None else []

    def incomplete(self) -> list[AppPartition]:
        """The partitions that the group has given to this worker in some topics, but not in all."""
        with self._lock:
            return sorted(self._assignment.partial) if self._assignment is not None else []

    def ready(self) -> bool:
        """True if the group has settled and all assigned partitions are open."""
        with self._lock:
            current = self._assignment
            return current is not None and not current.partial and current.numbers == self._open.keys()

    def waiting(self) -> bool:
        """True while an assigned partition is not open."""
        with self._lock:
            current = self._assignment
            return current is not None and (bool(current.partial) or len(self._open) < len(current.numbers))

    def positions(self) -> dict[TopicPartition, int]:
        """The offset of the next record to process, of all open partitions."""
        return {
            (topic, partition.number): offset
            for partition in self.open_partitions()
            if partition.checkpoint is not None
            for topic, offset in partition.checkpoint.next.items()
        }

    def _partition(self, one: AppPartition) -> Partition:
        partition = self._held.get(one)
        if partition is None:
            partition = self._held[one] = Partition(self._applications[one[0]], one[1])
        return partition
