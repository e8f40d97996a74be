"""Compares what was rebuilt with what the workers hold: the leads, and the lead-qualified events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.maintenance.record_checksum import RecordChecksum
from lead_qualifier.qualification.flags import FLAG_NAMES
from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.merging import forget

#: How an erased lead is found among encoded ones; to find it in a text as well does no harm.
_ERASURE = b'"erasure":'


class Part(StrEnum):
    """What a difference is about."""

    ONLY_LIVE = "only_live"
    ONLY_REBUILT = "only_rebuilt"
    SCORES = "scores"
    MARKS = "marks"
    FLAGS = "flags"
    HOLDS = "holds"
    OTHER = "other"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Difference:
    """How a lead differs in one part; both sides as they are stored, None if there is nothing."""

    lead_id: str
    part: Part
    live: Any = None
    rebuilt: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """`equal`: leads without a difference. `counts`: leads by what differs in them; one may differ in several parts.

    `ahead`: leads left out, because the workers have not processed all records about them yet.
    """

    live: int
    rebuilt: int
    equal: int
    ahead: int
    counts: Mapping[Part, int]
    differences: tuple[Difference, ...]
    """The first of them, in the order of the leads' ids."""


_PARTS: dict[Part, tuple[str, ...]] = {
    Part.SCORES: ("scores",),
    Part.MARKS: ("marks",),
    Part.FLAGS: ("status", *FLAG_NAMES, "qualified_at", "qualified_flags"),
    Part.HOLDS: ("holds",),
}
_NAMED = {name for names in _PARTS.values() for name in names}
_PARTS[Part.OTHER] = tuple(name for name in Lead.__struct_fields__ if name not in _NAMED)


def compare(
    live: Mapping[bytes, bytes], rebuilt: Mapping[bytes, bytes], *, ahead: Collection[bytes] = (), limit: int
) -> Compared:
    """Compare encoded leads, by key, except those `ahead`. At most `limit` differences are kept; all are counted."""
    decode = msgspec.json.Decoder(Lead).decode
    counts: Counter[Part] = Counter()
    kept: list[Difference] = []
    equal = 0
    for key in sorted({*live, *rebuilt}.difference(ahead)):
        here, there = _without_erasure_memory(live.get(key)), _without_erasure_memory(rebuilt.get(key))
        if here == there:
            equal += 1
            continue
        found = list(_differences(key.decode(errors="backslashreplace"), here, there, decode))
        if not found:
            equal += 1
        counts.update(one.part for one in found)
        kept += found[: max(0, limit - len(kept))]
    return Compared(
        live=len(live), rebuilt=len(rebuilt), equal=equal, ahead=len(ahead), counts=counts, differences=tuple(kept)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualifications:
    """The lead-qualified events of a rebuild, compared with those on the topic by their event ids.

    Leads with records that the workers have not processed yet count in `rebuilt` only.
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


def _differences(
    lead_id: str, here: bytes | None, there: bytes | None, decode: Callable[[bytes], Lead]
) -> Iterator[Difference]:
    try:
        live, rebuilt = (None if value is None else decode(value) for value in (here, there))
    except (msgspec.DecodeError, ValueError, RecursionError):
        yield Difference(lead_id, Part.UNREADABLE)
        return
    if rebuilt is None:
        yield Difference(lead_id, Part.ONLY_LIVE, live=msgspec.to_builtins(live))
    elif live is None:
        yield Difference(lead_id, Part.ONLY_REBUILT, rebuilt=msgspec.to_builtins(rebuilt))
    else:
        live, rebuilt = _without_clock(live), _without_clock(rebuilt)
        for part, names in _PARTS.items():
            one, other = ({name: getattr(lead, name) for name in names} for lead in (live, rebuilt))
            if one != other:
                changed = [name for name in names if one[name] != other[name]]
                yield Difference(lead_id, part, *(_parts(side, changed) for side in (one, other)))


def _without_erasure_memory(value: bytes | None) -> bytes | None:
    """Without the memory that the lead was erased, which expires by the clock."""
    if value is None or _ERASURE not in value:
        return value
    try:
        lead = msgspec.json.decode(value, type=Lead)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return value
    return msgspec.json.encode(lead) if forget(lead) else None


def _without_clock(lead: Lead) -> Lead:
    """Holds end by the clock of the worker that began them, and older versions kept no trace: no differences."""
    if not lead.holds:
        return lead
    holds = {
        model_id: replace(hold, due=hold.at, trigger=replace(hold.trigger, traceparent=None, tracestate=None))
        for model_id, hold in lead.holds.items()
    }
    return replace(lead, holds=holds)


def _parts(side: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: msgspec.to_builtins(side[name]) for name in names if side[name] is not None}
