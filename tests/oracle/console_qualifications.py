"""What the console must hold of qualifications and reactions, worked out record by record without SQL."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from lead_qualifier.kafka.records import Record
from tests.oracle.console import foretell
from tests.support.console_records import ASSIGNED, QUALIFIED, RECYCLED, RESPONSES, Counted


def foretell_qualifications(records: Iterable[Record]) -> Counted:
    """Each qualification, each reaction, and how many qualifications there are by day and model."""
    given = list(records)
    _, kept, _ = foretell(given)
    qualified, reacted = set(), set()
    daily: Counter[tuple[str, str]] = Counter()
    for one in given:
        where = (one.topic, one.partition, one.offset, one.key)
        if where not in kept:
            continue
        event = json.loads(one.value or b"")
        if one.topic == QUALIFIED:
            model_id = event["qualification_model_id"]
            qualified.add((one.partition, one.offset, one.key, model_id, event["qualification_number"]))
            daily[datetime.fromtimestamp(one.timestamp_ms / 1000, UTC).date().isoformat(), model_id] += 1
        elif one.topic == ASSIGNED:
            reacted.add((*where, "decided", event["result"]["name"]))
        elif one.topic == RECYCLED:
            reacted.add((*where, "recycled", None))
        elif one.topic == RESPONSES and "event_id" in event and event["response"] in {"accepted", "rejected"}:
            reacted.add((*where, event["response"], event.get("reason")))
    return qualified, reacted, daily
