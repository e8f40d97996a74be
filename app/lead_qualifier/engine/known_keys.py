"""Processes keys whose state is held already: those that a sweep evaluates again, and those with a due timer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog

from lead_qualifier.engine.checkpoint import Sweep, swept_revision
from lead_qualifier.engine.context import ProcessorContext
from lead_qualifier.engine.errors import OutputTooLarge, Rejected
from lead_qualifier.engine.fault_points import FaultHook, FaultPoint
from lead_qualifier.engine.isolation import Isolation, shown
from lead_qualifier.engine.partition import KnownKeys, PartitionTask
from lead_qualifier.engine.partitioning import BUCKETS

log = structlog.get_logger(__name__)

#: Due timers that fire in one cycle and partition.
DUE_AT_ONCE = 2_000
#: A timer on which the processor failed fires again after this time (milliseconds).
_RETRY_MS = 60_000
#: How long one cycle may sweep (seconds), in one partition; the next cycle sweeps another. Live records wait no longer
#: than that for a sweep; much shorter, and the sweep would mostly wait for its transactions.
SWEEP_SECONDS = 0.018


def process_known_keys(
    task: PartitionTask, context: ProcessorContext, isolation: Isolation, *, room: float, hook: FaultHook
) -> KnownKeys:
    """Sweep for a while, if it is the partition's turn, then fire the due timers until `room` bytes are to be written.

    A key that the sweep has changed fires its timer in the next cycle, so that undoing the one never undoes the other.
    """
    before = task.checkpoint
    found = KnownKeys(swept_revision(before, task.revision), before.sweep if task.sweep_pending else None)
    if task.sweep:
        _sweep(task, context, isolation, found)
        hook(FaultPoint.SWEEP_CHUNK)
    if task.due:
        _fire_timers(task, context, room, found)
    return found


def _fire_timers(task: PartitionTask, context: ProcessorContext, room: float, found: KnownKeys) -> None:
    on_timer = task.partition.application.processor.on_timer
    for key in task.due:
        if context.has_changed(key):
            found.overdue = True
            continue
        if context.bytes > room or len(found.due) == DUE_AT_ONCE:
            found.overdue = True
            break
        found.due.append(key)
        if not _process_key(key, task, context, on_timer):
            found.failed.add(key)
            context.schedule(key, task.now_ms + _RETRY_MS)  # its next record may take it to be waiting still


def _sweep(task: PartitionTask, context: ProcessorContext, isolation: Isolation, found: KnownKeys) -> None:
    partition, revision, swept = task.partition, task.revision, found.swept
    at = task.checkpoint.sweep
    # newer rules begin again at bucket 0, and cover whatever came after `swept`
    bucket = at.bucket if at is not None and at.revision == revision else 0
    if bucket == 0:
        partition.buckets = None
    processor = partition.application.processor

    def sweep(key: bytes, context: ProcessorContext) -> None:
        processor.sweep(key, context, swept)

    until = time.monotonic() + SWEEP_SECONDS
    while bucket < BUCKETS:
        keys = isolation.unswept(partition, Sweep(revision, bucket))
        if task.isolation_limit is not None:
            found.swept_keys = keys[: task.isolation_limit]
            for key in found.swept_keys:
                _process_key(key, task, context, sweep)
            bucket += len(found.swept_keys) == len(keys)
            if found.swept_keys:
                break
            continue
        for key in _prefilter(keys, task, context, swept):
            _process_key(key, task, context, sweep)
        bucket += 1
        if time.monotonic() >= until:
            break
    if bucket < BUCKETS:
        found.sweep = Sweep(revision, bucket)
        return
    found.swept, found.sweep = revision, None
    log.info("known_keys_swept", partition=partition.label, keys=len(partition.store), revision=revision)


def _prefilter(keys: Sequence[bytes], task: PartitionTask, context: ProcessorContext, swept: int) -> Sequence[bytes]:
    """The keys that have to be swept one by one."""
    partition, app = task.partition, task.partition.application
    if partition.unreadable or not partition.inspected:
        # an unreadable state is left out, and so is a key of another partition: it is swept there
        keys = [
            key
            for key in keys
            if key not in partition.unreadable
            and (partition.inspected or app.home_elsewhere(key, partition.number) is None)
        ]
    try:
        return app.processor.prefilter(keys, context, swept)
    except Exception as error:  # then one by one, so that a fault in one does not concern the others
        log.error("prefilter_failed", partition=partition.label, exc_info=error)
        return keys


def _process_key(
    key: bytes, task: PartitionTask, context: ProcessorContext, process: Callable[[bytes, ProcessorContext], None]
) -> bool:
    """Process a known key. If that fails, the key waits for its next record: it must not block all others for ever."""
    mark = context.mark()
    try:
        process(key, context)
        context.check_state(key)
        return True
    except (Rejected, OutputTooLarge) as reason:
        log.error("key_not_processed", partition=task.partition.label, key=shown(key), reason=str(reason))
    except Exception as error:  # whatever is wrong with one key, the others go on
        log.error("key_not_processed", partition=task.partition.label, key=shown(key), exc_info=error)
    context.undo(key, mark)
    task.partition.application.processor.rolled_back(context)
    return False
