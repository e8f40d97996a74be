"""The lead-qualified events that a rebuild comes to, beside those that are on the topic."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.maintenance.record_checksum import RecordChecksum


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualifications:
    """Both sides by their event ids. Leads about which the workers have not decided everything count in `rebuilt`
    only.
    """

    rebuilt: int
    live: int
    only_live: int
    only_rebuilt: int
    checksum: str
    """Of the rebuilt ones."""


def compare_qualifications(
    reader: TopicReader, topic: str, rebuilt: Mapping[str, str], *, ahead: Collection[bytes]
) -> Qualifications:
    """`rebuilt`: lead by event id. `ahead`: the leads to leave out of the comparison.

    Raises TopicMissing, NotAllowed, ReadIncomplete, KafkaException.
    """
    live = {
        (content or b"").decode(errors="replace")
        for record in reader.read_topic(topic)
        for name, content in record.headers
        if name == "ce_id" and record.key not in ahead
    }
    compared = {event_id for event_id, lead_id in rebuilt.items() if lead_id.encode() not in ahead}
    checksum = RecordChecksum()
    for event_id in rebuilt:
        checksum.add(None, event_id.encode())
    return Qualifications(
        rebuilt=len(rebuilt),
        live=len(live),
        only_live=len(live - compared),
        only_rebuilt=len(compared - live),
        checksum=checksum.hex,
    )
