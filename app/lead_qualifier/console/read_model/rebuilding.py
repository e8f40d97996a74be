"""When the projection cannot go on from where it is, and must read everything again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from lead_qualifier.console.read_model.projection import Stored
from lead_qualifier.kafka.records import PartitionId


def reason_to_rebuild(
    stored: Stored | None,
    *,
    lead_state: str,
    topic_ids: Mapping[str, str],
    first: Mapping[PartitionId, int],
    ends: Mapping[PartitionId, int],
    tombstones_kept: timedelta,
    now_ms: int,
) -> str | None:
    """Why everything must be read again; None if nothing was missed.

    `first` and `ends`: the offsets that each partition holds now. A compacted topic forgets after a time that a lead
    was erased (`tombstones_kept`): who has not read it to its end for longer would keep the lead for ever.
    """
    if stored is None:
        return "there is no projection of this version yet"
    for topic, topic_id in topic_ids.items():
        if (known := stored.topic_ids.get(topic)) and topic_id and known != topic_id:
            return f"the topic {topic} was deleted and created again"
    for (topic, number), offset in stored.next.items():
        if (end := ends.get((topic, number))) is not None and offset > end:
            return f"{topic}-{number} ends at {end}, before offset {offset}, which was read"
        if topic == lead_state and offset < first.get((topic, number), 0):
            return f"{topic}-{number} no longer holds records from offset {offset} on"
    if now_ms - stored.caught_up_ms > tombstones_kept / timedelta(milliseconds=1):
        return f"it was last at the end longer ago than {lead_state} keeps erasures"
    return None
