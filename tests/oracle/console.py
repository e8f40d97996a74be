"""What the console's tables must hold, worked out record by record without SQL."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from lead_qualifier.kafka.records import Record
from tests.support.console_records import NAMES, STATE, TOPICS

Held = dict[bytes, bytes]
Events = set[tuple[str, int, int, bytes]]
DeadLetter = tuple[str, int, int, bytes | None, bytes | None]
"""Its topic, partition and offset, its key, and the lead that its value is about."""


def foretell_scores(records: Iterable[Record]) -> dict[tuple[bytes, float, bool], int]:
    """How many open leads are at each place: a scoring model (empty: any), a level, and whether the CRM knows them."""
    counts: Counter[tuple[bytes, float, bool]] = Counter()
    for value in foretell(records)[0].values():
        lead = json.loads(value)
        if lead.get("status", "open") != "open" or lead.get("status_reason") == "qualified" or "merged_into" in lead:
            continue
        known = lead.get("known", False)
        counts[b"", 0.0, known] += 1
        for name, score in lead.get("scores", {}).items():
            written = Decimal(str(score["value"]))
            unit = Decimal(1).scaleb(min(0, written.adjusted() - 3))
            counts[name.encode(), float(written // unit * unit), known] += 1
    return dict(counts)


def foretell(records: Iterable[Record]) -> tuple[Held, Events, set[tuple[bytes, bytes]]]:
    """The stored leads, their events, and the words by which they are found."""
    given = list(records)
    held: Held = {}
    for record in given:
        if record.topic != STATE or record.key is None or record.key.startswith(b"\xff"):
            continue
        state = {} if record.value is None else json.loads(record.value)
        empty = not (state.get("scores") or state.get("marks") or state.get("known") or state.get("merged_into"))
        if record.value is None or ("erasure" in state and empty):
            held.pop(record.key, None)
        else:
            held[record.key] = record.value
    erased_ms = _erased_ms(given)
    events = {
        (record.topic, record.partition, record.offset, record.key)
        for record in given
        if record.topic in TOPICS.lead_events and record.key in held and record.timestamp_ms > erased_ms[record.key]
    }
    words = {
        (word.encode(), key)
        for key, value in held.items()
        for name in NAMES
        for word in str(json.loads(value).get("attributes", {}).get(name, "")).lower().split()
    }
    return held, events, words


def foretell_dead_letters(records: Iterable[Record]) -> set[DeadLetter]:
    """The dead letters that are about no erased lead: written since it was erased, if it is held again."""
    given = list(records)
    held, _, _ = foretell(given)
    hidden_until_ms = {key: at_ms if key in held else math.inf for key, at_ms in _erased_ms(given).items()}
    found = set()
    for record in given:
        if record.topic not in TOPICS.dead_letters or "dl_reason" not in dict(record.headers):
            continue
        about = _lead_in(record.value)
        if all(record.timestamp_ms > hidden_until_ms.get(one, -1) for one in (record.key, about) if one is not None):
            found.add((record.topic, record.partition, record.offset, record.key, about))
    return found


def _erased_ms(records: Iterable[Record]) -> dict[bytes, int]:
    """When each lead was erased last; -1: never."""
    found: dict[bytes, int] = {}
    for record in records:
        if record.topic == STATE and record.key is not None:
            state = {} if record.value is None else json.loads(record.value)
            at_ms = record.timestamp_ms if record.value is None else state.get("erased", {}).get("at_ms", -1)
            found[record.key] = max(at_ms, found.get(record.key, -1))
    return found


def _lead_in(value: bytes | None) -> bytes | None:
    try:
        event = json.loads(value or b"")
    except ValueError:
        return None
    if not isinstance(event, dict):
        return None
    lead_id = event.get("lead_id") or event.get("data", {}).get("lead_id")
    return None if lead_id is None else str(lead_id).encode()
