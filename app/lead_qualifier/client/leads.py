"""Looks up one lead: what the workers store about it, and its past qualifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from lead_qualifier.client.errors import UnreadableState
from lead_qualifier.client.event_decoding import decode_event
from lead_qualifier.engine import checkpoint as checkpoints
from lead_qualifier.engine import partition_of
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from lead_qualifier.engine.errors import UnknownFormat
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import PartitionId
from lead_qualifier.messages.topics import LEAD_QUALIFIED, LEAD_STATE
from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.merging import holds_nothing, is_erased
from lead_qualifier.services.topology import WORKER

#: What is shown of a qualification.
_QUALIFIED = (
    "qualification_model_id",
    "qualification_model_version",
    "qualification_number",
    "occurred_at",
    "changes",
    "criteria",
    "trigger",
    "origin",
)


class Standing(StrEnum):
    """Whether anything is stored about a lead."""

    HELD = "held"
    ERASED = "erased"
    NEVER_SEEN = "never_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What is known about one lead.

    `undecided`: input records of its partition that no worker has decided yet; some may be about it. `qualifications`:
    its lead-qualified events that are still retained, oldest first.
    """

    lead_id: str
    partition: int
    standing: Standing
    lead: Lead | None
    undecided: int
    qualifications: tuple[dict[str, Any], ...] = ()


def look_up(connection: Connection, *, topic_prefix: str, state_prefix: str, lead_id: str) -> LookedUp:
    """Read the lead's partition of `lead-state` to its end. `state_prefix`: what precedes its name.

    Raises TopicMissing, ReadIncomplete, UnreadableState, KafkaException.
    """
    reader = TopicReader(connection)
    state = LEAD_STATE.full_name(state_prefix)
    key = lead_id.encode()
    partition = partition_of(key, len(reader.admin.partitions(state)))
    standing, held, checkpoint = Standing.NEVER_SEEN, None, None
    for record in reader.read([(state, partition)]):
        found = record.key
        if found == CHECKPOINT_KEY:
            checkpoint = None if record.value is None else checkpoint_of(record.value)
        elif found == key:
            held = record.value
            standing = Standing.ERASED if held is None else Standing.HELD
    lead = None if held is None else _lead(held, lead_id)
    if lead is not None and is_erased(lead) and holds_nothing(lead):
        standing, lead = Standing.ERASED, None  # the rest goes once no record can refer to it
    inputs = [(topic.full_name(topic_prefix), partition) for topic in WORKER.changelogs[LEAD_STATE]]
    return LookedUp(
        lead_id=lead_id,
        partition=partition,
        standing=standing,
        lead=lead,
        undecided=undecided(reader, inputs, {} if checkpoint is None else {partition: checkpoint}),
        qualifications=tuple(
            event
            for record in reader.read([(LEAD_QUALIFIED.full_name(topic_prefix), partition)])
            if record.key == key and (event := decode_event(record.value, _QUALIFIED)) is not None
        ),
    )


def _lead(value: bytes, lead_id: str) -> Lead:
    try:
        return msgspec.json.decode(value, type=Lead)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UnreadableState(
            f"what is stored about {lead_id} cannot be read: {error}. Its events become dead letters; a lead-changed "
            "without value erases it, and then they can be sent back (lead-qualifier dead-letters replay)"
        ) from error


def checkpoint_of(value: bytes) -> Checkpoint:
    """A stored checkpoint. Raises UnreadableState."""
    try:
        return checkpoints.decode(value)
    except (msgspec.DecodeError, UnknownFormat) as error:
        raise UnreadableState(f"how far the workers are cannot be read: {error}") from error


def undecided(
    reader: TopicReader, inputs: Sequence[PartitionId], checkpoints_by_number: Mapping[int, Checkpoint]
) -> int:
    """How many records of the inputs come after the checkpoint of their partition: all of them where there is none."""
    first, ends = reader.admin.first(inputs), reader.admin.ends(inputs)
    count = 0
    for topic, number in inputs:
        checkpoint = checkpoints_by_number.get(number)
        next_offset = 0 if checkpoint is None else checkpoint.next.get(topic, 0)
        count += max(0, ends[topic, number] - max(first[topic, number], next_offset))
    return count
