"""Reads leads as the workers hold them: one with its past qualifications, or all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any

import msgspec

from lead_qualifier.client.decoding import decode_event
from lead_qualifier.client.errors import UnreadableState
from lead_qualifier.client.stored_state import StoredState, read_state, unprocessed
from lead_qualifier.engine import partition_of
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.topics import LEAD_QUALIFIED, LEAD_STATE
from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.merging import holds_nothing, is_erased
from lead_qualifier.services.topology import WORKER

QUALIFIED_FIELDS = (
    "qualification_model_id",
    "qualification_model_version",
    "qualification_number",
    "occurred_at",
    "changes",
    "criteria",
    "trigger",
    "origin",
)
"""What is shown of a qualification. An event that lacks one of these has another form, and is ignored."""
decode_lead: Callable[[bytes], Lead] = msgspec.json.Decoder(Lead).decode
"""Decodes a lead as `lead-state` has it. Raises msgspec.DecodeError, ValueError, RecursionError."""


class LeadPresence(StrEnum):
    """Whether anything is stored about a lead."""

    HELD = "held"
    ERASED = "erased"
    NEVER_SEEN = "never_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What is known about one lead.

    `unprocessed`: input records of its partition that no worker has processed yet; some may be about it.
    `qualifications`: its lead-qualified events that are still retained, oldest first.
    """

    lead_id: str
    partition: int
    presence: LeadPresence
    lead: Lead | None
    unprocessed: int
    qualifications: tuple[dict[str, Any], ...] = ()


def look_up(connection: Connection, *, topic_prefix: str, state_prefix: str, lead_id: str) -> LookedUp:
    """Read the lead's partition of `lead-state` to its end. `state_prefix`: what precedes its name.

    Raises TopicMissing, ReadIncomplete, UnreadableState, KafkaException.
    """
    reader = TopicReader(connection)
    state = LEAD_STATE.full_name(state_prefix)
    key = lead_id.encode()
    partition = partition_of(key, len(reader.admin.partitions(state)))
    stored = read_state(reader, [(state, partition)], only=key)
    lead = read_lead(stored.values[key], lead_id) if key in stored.values else None
    presence = LeadPresence.HELD if lead is not None else LeadPresence.NEVER_SEEN
    if key in stored.erased or (lead is not None and is_only_erased(lead)):
        presence, lead = LeadPresence.ERASED, None
    inputs = [(topic.full_name(topic_prefix), partition) for topic in WORKER.changelogs[LEAD_STATE]]
    return LookedUp(
        lead_id=lead_id,
        partition=partition,
        presence=presence,
        lead=lead,
        unprocessed=unprocessed(reader, inputs, stored.checkpoints),
        qualifications=tuple(
            event
            for record in reader.read([(LEAD_QUALIFIED.full_name(topic_prefix), partition)])
            if record.key == key and (event := decode_event(record.value, QUALIFIED_FIELDS)) is not None
        ),
    )


def read_all(
    reader: TopicReader, *, topic_prefix: str, state_prefix: str, progress: Callable[[str], None] = lambda text: None
) -> tuple[StoredState, int]:
    """Every lead that the workers hold, and how many input records no worker has processed yet.

    Raises TopicMissing, ReadIncomplete, UnreadableState, NotAllowed, KafkaException.
    """
    stored = read_state(reader, reader.admin.partitions(LEAD_STATE.full_name(state_prefix)), progress=progress)
    return stored, unprocessed_by_workers(reader, topic_prefix, stored.checkpoints)


def unprocessed_by_workers(reader: TopicReader, topic_prefix: str, checkpoints: Mapping[int, Checkpoint]) -> int:
    """How many input records no worker has processed yet. `checkpoints`: those on `lead-state`, by partition."""
    inputs = (reader.admin.partitions(topic.full_name(topic_prefix)) for topic in WORKER.changelogs[LEAD_STATE])
    return unprocessed(reader, list(chain.from_iterable(inputs)), checkpoints)


def is_only_erased(lead: Lead) -> bool:
    """Whether nothing is held about the lead but its erasure, which goes once no record can refer to it."""
    return is_erased(lead) and holds_nothing(lead)


def read_lead(value: bytes, lead_id: str) -> Lead:
    """A lead as `lead-state` has it. Raises UnreadableState, which says what to do."""
    try:
        return decode_lead(value)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UnreadableState(
            f"what is stored about {lead_id} cannot be read: {error}. Its events become dead letters; a lead-changed "
            "without value erases it, and then they can be sent back (lead-qualifier dead-letters replay)"
        ) from error
