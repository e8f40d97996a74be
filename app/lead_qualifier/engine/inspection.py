"""Looks through restored states, while partitions are processed, for those that cannot be read.

A restoration does not decode what it reads: that would double its time, and a failed worker's partitions wait for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
import structlog

from lead_qualifier.engine.isolation import shown
from lead_qualifier.engine.partition import Partition

log = structlog.get_logger(__name__)

#: How long to look without a pause (seconds): processing waits no longer than that for the interpreter's lock.
_SLICE_SECONDS = 0.001
_AT_ONCE = 50
#: How many are named in the log, for each partition; the rest is counted.
_NAMED_AT_MOST = 20


def inspect(partition: Partition) -> Iterator[None]:
    """Note in `partition.unreadable` what cannot be read, and log it. Pauses, by yielding, every millisecond."""
    partition.unreadable.clear()
    keys = list(partition.store)
    until = time.monotonic() + _SLICE_SECONDS
    for number, key in enumerate(keys):
        if number % _AT_ONCE == 0 and time.monotonic() > until:
            yield
            until = time.monotonic() + _SLICE_SECONDS
        raw = partition.store.get(key)
        reason = None if raw is None else why_unreadable(partition, key, raw)
        if reason is None:
            continue
        partition.unreadable[key] = reason
        if partition.store.get(key) is not raw:  # the cycle's thread has replaced it meanwhile
            partition.unreadable.pop(key, None)
        elif len(partition.unreadable) <= _NAMED_AT_MOST:
            log.error("unreadable_state_record", partition=partition.label, key=shown(key), reason=reason)
    partition.inspected = True
    if count := partition.unreadable_count:
        log.error(
            "unreadable_state_records",
            partition=partition.label,
            changelog=partition.application.changelog,
            count=count,
            keys=len(keys),
        )


def why_unreadable(partition: Partition, key: bytes, raw: bytes) -> str | None:
    """Why a stored state is unreadable, or belongs to another partition; None if it is fine."""
    app = partition.application
    if (belongs := app.home_elsewhere(key, partition.number)) is not None:
        return f"its key belongs to partition {belongs} of {app.partitions}"
    try:
        key.decode()  # keys come from JSON
    except UnicodeDecodeError:
        return "its key is not text"
    try:
        app.decode_state(raw)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return str(error)
    return None
