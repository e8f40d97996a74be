"""How far the workers are with the leads that were known when a model was published."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from lead_qualifier.definitions.qualification_models.entries import ModelEntry
from lead_qualifier.engine import checkpoint as checkpoints
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, NEVER_SWEPT, Checkpoint
from lead_qualifier.engine.partitioning import BUCKETS
from lead_qualifier.kafka.admin import PartitionId
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.topics import LEAD_STATE

#: A position ends each transaction: it is found among the last records, unless a cycle wrote very much.
_LOOK_BACK = 200


@dataclass(frozen=True, slots=True)
class Swept:
    """`partitions`: all there are, `done` of them are looked through. `share`: of the known leads, from 0 to 1."""

    partitions: int
    done: int
    share: float


def swept(connection: Connection, *, state_prefix: str, entry: ModelEntry) -> Swept | None:
    """How far they are since the model's newest publish. None: it is not live, or leaves existing leads alone.

    Raises TopicMissing, ReadIncomplete, KafkaException.
    """
    if entry.status != "live" or entry.published is None or entry.published.existing_leads != "evaluate":
        return None
    reader = TopicReader(connection)
    shares = [
        _share(position, entry.published_revision)
        for position in _newest(reader, reader.admin.partitions(LEAD_STATE.full_name(state_prefix))).values()
    ]
    return Swept(len(shares), sum(share == 1 for share in shares), sum(shares) / len(shares))


def _share(position: Checkpoint | None, revision: int) -> float:
    if position is None or position.swept == NEVER_SWEPT or position.swept >= revision:
        return 1.0  # who holds no leads has looked through all of them
    walk = position.sweep
    return walk.bucket / BUCKETS if walk is not None and walk.revision >= revision else 0.0


def _newest(reader: TopicReader, places: list[PartitionId]) -> dict[PartitionId, Checkpoint | None]:
    """The newest position of each partition, looked for from the end backwards."""
    found: dict[PartitionId, Checkpoint | None] = {}
    first, ends = reader.admin.first(places), reader.admin.ends(places)
    back = _LOOK_BACK
    while left := [place for place in places if place not in found]:
        start = {place: max(first[place], ends[place] - back) for place in left}
        for message in reader.read(left, start):
            if message.key == CHECKPOINT_KEY and message.value is not None:
                found[message.topic, message.partition] = _decoded(message.value)
        found |= {place: None for place in left if place not in found and start[place] == first[place]}
        back *= 10
    return found


def _decoded(value: bytes) -> Checkpoint | None:
    try:
        return checkpoints.decode(value)
    except (checkpoints.UnknownFormat, msgspec.DecodeError):
        return None
