"""Reads how far workers have swept the leads that existed when a model was published."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from lead_qualifier.definitions.qualification_models.entries import ModelEntry
from lead_qualifier.engine import checkpoint as checkpoints
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, NEVER_SWEPT, Checkpoint
from lead_qualifier.engine.errors import UnknownFormat
from lead_qualifier.engine.partitioning import BUCKETS
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import PartitionId
from lead_qualifier.messages.topics import LEAD_STATE

#: Every transaction ends with a checkpoint: it is among the last records, unless a transaction was very large.
_LOOK_BACK = 200


@dataclass(frozen=True, slots=True)
class Swept:
    """`done` of all `partitions` are swept. `share`: of the existing leads, from 0 to 1."""

    partitions: int
    done: int
    share: float


def swept(connection: Connection, *, state_prefix: str, entry: ModelEntry) -> Swept | None:
    """How far the sweep of the model's latest publish is. None: it is not live, or ignores existing leads.

    Raises TopicMissing, ReadIncomplete, KafkaException.
    """
    if entry.status != "live" or entry.published is None or entry.published.existing_leads != "evaluate":
        return None
    reader = TopicReader(connection)
    shares = [
        _share(checkpoint, entry.published_revision)
        for checkpoint in _newest(reader, reader.admin.partitions(LEAD_STATE.full_name(state_prefix))).values()
    ]
    return Swept(len(shares), sum(share == 1 for share in shares), sum(shares) / len(shares))


def _share(checkpoint: Checkpoint | None, revision: int) -> float:
    if checkpoint is None or checkpoint.swept == NEVER_SWEPT or checkpoint.swept >= revision:
        return 1.0  # a partition without leads is swept
    sweep = checkpoint.sweep
    return sweep.bucket / BUCKETS if sweep is not None and sweep.revision >= revision else 0.0


def _newest(reader: TopicReader, places: list[PartitionId]) -> dict[PartitionId, Checkpoint | None]:
    """The newest checkpoint of each partition, searched from the end backwards."""
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
    except (UnknownFormat, msgspec.DecodeError):
        return None
