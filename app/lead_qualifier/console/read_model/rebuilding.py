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

    `first` and `ends`: the offsets that each partition holds now. A compacted topic forgets after a time
    (`tombstones_kept`) that a lead was erased: a projection that was not at its end for longer could keep the lead
    forever.
    """
    if stored is None:
        return "there is no projection of this version yet"
    if (lost := lost_records(stored.topic_ids, stored.next, topic_ids=topic_ids, ends=ends)) is not None:
        return lost
    for (topic, number), offset in stored.next.items():
        if topic == lead_state and offset < first.get((topic, number), 0):
            return f"{topic}-{number} no longer holds records from offset {offset} on"
    if now_ms - stored.caught_up_ms > tombstones_kept / timedelta(milliseconds=1):
        return f"it was last at the end longer ago than {lead_state} keeps erasures"
    return None


def lost_records(
    known_ids: Mapping[str, str],
    next_offsets: Mapping[PartitionId, int],
    *,
    topic_ids: Mapping[str, str],
    ends: Mapping[PartitionId, int],
) -> str | None:
    """How topics have lost records that were read; None if they have not.

    `known_ids`: the ids of the topics when they were read, empty where the broker gave none.
    """
    for topic in sorted(recreated_topics(known_ids, topic_ids)):
        return f"the topic {topic} was deleted and created again"
    for (topic, number), offset in next_offsets.items():
        if (end := ends.get((topic, number))) is not None and offset > end:
            return f"{topic}-{number} ends at {end}, before offset {offset}, which was read"
    return None


def recreated_topics(known_ids: Mapping[str, str], topic_ids: Mapping[str, str]) -> set[str]:
    """The topics that were deleted and created again. `known_ids`: as `lost_records` has them."""
    return {topic for topic, topic_id in topic_ids.items() if known_ids.get(topic, "") not in {"", topic_id}}
