"""All leads that the workers hold, as `lead-state` stores them, and their checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lead_qualifier.client.leads import checkpoint_of, undecided
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.topics import LEAD_STATE
from lead_qualifier.services.topology import WORKER

_REPORT_EVERY = 50_000


@dataclass(frozen=True, slots=True)
class HeldLeads:
    """State by lead id, both as bytes. `undecided`: how many input records no worker has decided yet."""

    leads: dict[bytes, bytes]
    checkpoints: dict[int, Checkpoint]
    """By partition; absent where nothing was decided yet."""
    undecided: int


def read_held_leads(
    reader: TopicReader, *, topic_prefix: str, state_prefix: str, progress: Callable[[str], None] = lambda text: None
) -> HeldLeads:
    """Read `lead-state` to its end. `state_prefix`: what precedes its name.

    Raises TopicMissing, ReadIncomplete, UnreadableState, NotAllowed, KafkaException.
    """
    leads: dict[bytes, bytes] = {}
    checkpoints: dict[int, Checkpoint] = {}
    until = _REPORT_EVERY
    for record in reader.read_topic(LEAD_STATE.full_name(state_prefix)):
        key, value = record.key, record.value
        if key is None:
            continue
        if key == CHECKPOINT_KEY:
            checkpoints[record.partition] = checkpoint_of(value or b"")
        elif value is None:
            leads.pop(key, None)
        else:
            leads[key] = value
            if len(leads) >= until:
                progress(f"{len(leads):,} leads read")
                until += _REPORT_EVERY
    inputs = [
        partition
        for topic in WORKER.changelogs[LEAD_STATE]
        for partition in reader.admin.partitions(topic.full_name(topic_prefix))
    ]
    return HeldLeads(leads, checkpoints, undecided(reader, inputs, checkpoints))
