"""All leads that the workers hold, as `lead-state` stores them, and how far the workers are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lead_qualifier.client.leads import position_of, undecided
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.topics import LEAD_STATE
from lead_qualifier.services.topology import WORKER

_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class HeldLeads:
    """State by lead id, both as bytes. `undecided`: records of the inputs beyond what was decided."""

    leads: dict[bytes, bytes]
    positions: dict[int, Checkpoint]
    """By partition; one that nobody has decided yet is absent."""
    undecided: int


def read_held_leads(
    reader: TopicReader, *, topic_prefix: str, state_prefix: str, told: Callable[[str], None] = lambda text: None
) -> HeldLeads:
    """Read `lead-state` to its end. `state_prefix`: what stands before its name.

    Raises TopicMissing, ReadIncomplete, UnreadableState, NotAllowed, KafkaException.
    """
    leads: dict[bytes, bytes] = {}
    held: dict[int, Checkpoint] = {}
    until = _AT_ONCE
    for message in reader.read_topic(LEAD_STATE.full_name(state_prefix)):
        key, value = message.key, message.value
        if key is None:
            continue
        if key == CHECKPOINT_KEY:
            held[message.partition] = position_of(value or b"")
        elif value is None:
            leads.pop(key, None)
        else:
            leads[key] = value
            if len(leads) >= until:
                told(f"{len(leads):,} leads read")
                until += _AT_ONCE
    inputs = [
        partition
        for topic in WORKER.changelogs[LEAD_STATE]
        for partition in reader.admin.partitions(topic.full_name(topic_prefix))
    ]
    return HeldLeads(leads, held, undecided(reader, inputs, held))
