"""What the consumer group gave to this worker, captured in the consumer's thread at the moment of assignment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lead_qualifier.engine.application import Application
from lead_qualifier.engine.group_metadata import Membership
from lead_qualifier.engine.partitioning import PartitionId, TopicPartition


@dataclass(eq=False, slots=True)
class Assignment:
    """One generation's partitions. Batches and transactions carry it; a newer one replaces it, never changes it."""

    membership: Membership
    #: (application name, partition number) that are ours: held of all the application's topics.
    numbers: frozenset[PartitionId]
    #: Partition numbers held of some, but not of all, topics of an application: nobody processes these until the group
    #: settles.
    partial: frozenset[PartitionId] = frozenset()
    #: Set once the group's coordinator has refused this membership: nothing is restored under it any more.
    fenced: bool = field(default=False)


def assignment(
    membership: Membership, held: Iterable[TopicPartition], applications: Sequence[Application]
) -> Assignment:
    """The partition numbers of each application of which the group gave all topics, and those of which it gave some."""
    have = set(held)
    whole: set[PartitionId] = set()
    partial: set[PartitionId] = set()
    for app in applications:
        for number in range(app.partitions):
            owned = [(topic, number) in have for topic in app.topics]
            if all(owned):
                whole.add((app.name, number))
            elif any(owned):
                partial.add((app.name, number))
    return Assignment(membership, frozenset(whole), frozenset(partial))
