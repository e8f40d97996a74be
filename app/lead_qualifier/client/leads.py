"""Looks one lead up: what the workers hold about it, and how it was qualified before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from lead_qualifier.client.told import event_of
from lead_qualifier.engine import checkpoint as positions
from lead_qualifier.engine import partition_of
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from lead_qualifier.kafka.admin import PartitionId
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
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
    """Whether anything is held about a lead."""

    HELD = "held"
    ERASED = "erased"
    NEVER_SEEN = "never_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What there is about one lead.

    `undecided`: records of its partition that no worker has decided yet; some may be about it. `qualifications`: the
    lead-qualified events about it that are still kept, oldest first.
    """

    lead_id: str
    partition: int
    standing: Standing
    lead: Lead | None
    undecided: int
    qualifications: tuple[dict[str, Any], ...] = ()


class UnreadableState(Exception):
    """What is stored was not written by a version that this one understands; the message says what to do."""


def look_up(connection: Connection, *, topic_prefix: str, state_prefix: str, lead_id: str) -> LookedUp:
    """Read the lead's partition of `lead-state` to its end. `state_prefix`: what stands before its name.

    Raises TopicMissing, ReadIncomplete, UnreadableState, KafkaException.
    """
    reader = TopicReader(connection)
    state = LEAD_STATE.full_name(state_prefix)
    key = lead_id.encode()
    partition = partition_of(key, len(reader.admin.partitions(state)))
    standing, held, position = Standing.NEVER_SEEN, None, None
    for message in reader.read([(state, partition)]):
        found = message.key
        if found == CHECKPOINT_KEY:
            position = None if message.value is None else position_of(message.value)
        elif found == key:
            held = message.value
            standing = Standing.ERASED if held is None else Standing.HELD
    lead = None if held is None else _lead(held, lead_id)
    if lead is not None and is_erased(lead) and holds_nothing(lead):
        standing, lead = Standing.ERASED, None  # what is left of it goes when nothing can be on its way to it any more
    inputs = [(topic.full_name(topic_prefix), partition) for topic in WORKER.changelogs[LEAD_STATE]]
    return LookedUp(
        lead_id=lead_id,
        partition=partition,
        standing=standing,
        lead=lead,
        undecided=undecided(reader, inputs, {} if position is None else {partition: position}),
        qualifications=tuple(
            event
            for message in reader.read([(LEAD_QUALIFIED.full_name(topic_prefix), partition)])
            if message.key == key and (event := event_of(message.value, _QUALIFIED)) is not None
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


def position_of(value: bytes) -> Checkpoint:
    """How far the workers are. Raises UnreadableState."""
    try:
        return positions.decode(value)
    except (msgspec.DecodeError, positions.UnknownFormat) as error:
        raise UnreadableState(f"how far the workers are cannot be read: {error}") from error


def undecided(reader: TopicReader, inputs: Sequence[PartitionId], held: Mapping[int, Checkpoint]) -> int:
    """Records of the inputs beyond the positions of their partitions; of one without a position all there are."""
    first, ends = reader.admin.first(inputs), reader.admin.ends(inputs)
    count = 0
    for place in inputs:
        topic, partition = place
        decided = held[partition].next.get(topic, 0) if partition in held else 0
        count += max(0, ends[place] - max(first[place], decided))
    return count
