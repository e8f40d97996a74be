"""What the console's tables must hold, worked out record by record without SQL."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal

from lead_qualifier.kafka.records import Record
from tests.support.console_records import NAMES, STATE, TOPICS

Held = dict[bytes, bytes]
Events = set[tuple[str, int, int, bytes]]


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
    erased_ms: dict[bytes, int] = defaultdict(lambda: -1)
    for record in given:
        if record.topic != STATE or record.key is None or record.key.startswith(b"\xff"):
            continue
        state = {} if record.value is None else json.loads(record.value)
        empty = not (state.get("scores") or state.get("marks") or state.get("known") or state.get("merged_into"))
        if record.value is None or ("erasure" in state and empty):
            held.pop(record.key, None)
        else:
            held[record.key] = record.value
            erased_ms[record.key] = state.get("erased", {}).get("at_ms", -1)
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
