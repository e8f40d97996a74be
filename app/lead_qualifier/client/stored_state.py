"""Reads the state that a service stores, and how many records of its inputs it has not processed yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from lead_qualifier.client.errors import UnreadableState
from lead_qualifier.engine import checkpoint
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from lead_qualifier.engine.errors import UnknownFormat
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import PartitionId

_REPORT_EVERY = 50_000


@dataclass(frozen=True, slots=True)
class StoredState:
    """The newest value of each key, and the checkpoint of each partition that has one."""

    values: dict[bytes, bytes] = field(default_factory=dict)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    erased: set[bytes] = field(default_factory=set)
    """Keys whose newest record has no value."""


def read_state(
    reader: TopicReader,
    partitions: Sequence[PartitionId],
    *,
    only: bytes | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> StoredState:
    """Read partitions of one changelog to their end, all keys or `only` one.

    `progress` is called with a sentence about how many leads have been read.

    Raises ReadIncomplete, UnreadableState, NotAllowed, KafkaException.
    """
    state = StoredState()
    values, erased, until = state.values, state.erased, _REPORT_EVERY
    for key, value in state_changes(reader, partitions, state.checkpoints):
        if only is not None and key != only:
            continue
        if value is None:
            values.pop(key, None)
            erased.add(key)
        else:
            values[key] = value
            erased.discard(key)
            if len(values) >= until:
                progress(f"{len(values):,} leads read")
                until += _REPORT_EVERY
    return state


def state_changes(
    reader: TopicReader, partitions: Sequence[PartitionId], checkpoints: dict[int, Checkpoint]
) -> Iterator[tuple[bytes, bytes | None]]:
    """Every change of a key in partitions of one changelog, to their end: the key, and its value or None.

    Puts the newest checkpoint of each partition into `checkpoints`. Raises as `read_state`.
    """
    for record in reader.read(partitions):
        key, value = record.key, record.value
        if key == CHECKPOINT_KEY:
            checkpoints.pop(record.partition, None)
            if value is not None:
                checkpoints[record.partition] = _checkpoint(value)
        elif key is not None:
            yield key, value


def unprocessed(reader: TopicReader, inputs: Sequence[PartitionId], checkpoints: Mapping[int, Checkpoint]) -> int:
    """How many records of the inputs come after the checkpoint of their partition: all of them where there is none."""
    first, ends = reader.admin.first(inputs), reader.admin.ends(inputs)
    count = 0
    for topic, number in inputs:
        next_offset = checkpoints[number].next.get(topic, 0) if number in checkpoints else 0
        count += max(0, ends[topic, number] - max(first[topic, number], next_offset))
    return count


def _checkpoint(value: bytes) -> Checkpoint:
    try:
        return checkpoint.decode(value)
    except (msgspec.DecodeError, UnknownFormat) as error:
        raise UnreadableState(f"the checkpoint of the workers cannot be read: {error}") from error
