"""Selects what the next cycle does: for each open partition the records, timers and sweeps that can be processed
now.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import structlog

from lead_qualifier.engine.checkpoint import Checkpoint, swept_revision
from lead_qualifier.engine.clock import Clock
from lead_qualifier.engine.fetch_buffer import Batch, FetchBuffer
from lead_qualifier.engine.input_barriers import InputBarriers
from lead_qualifier.engine.isolation import Isolation
from lead_qualifier.engine.known_keys import DUE_AT_ONCE
from lead_qualifier.engine.limits import CycleSize
from lead_qualifier.engine.partition import Partition, PartitionTask

log = structlog.get_logger(__name__)

#: A checkpoint that only has to move past what is no record waits this long (seconds) for a cycle that has more to do.
PASSING_SECONDS = 1.0


class TaskSelector:
    """Used by the cycle's thread only."""

    def __init__(
        self, fetch_buffer: FetchBuffer, barriers: InputBarriers, isolation: Isolation, size: CycleSize, clock: Clock
    ) -> None:
        self._fetch_buffer = fetch_buffer
        self._barriers = barriers
        self._isolation = isolation
        self._size = size
        self._clock = clock
        self._passing: dict[str, float] = {}  # partition -> since when its checkpoint only has to move

    def select(self, partitions: Sequence[Partition]) -> list[PartitionTask]:
        """A task for each partition that has something to do, each up to its share of the cycle's size.

        A partition in which something refused is isolated gets a cycle of its own, and so does a key that was refused.
        """
        revisions: dict[str, int] = {}
        tasks: list[PartitionTask] = []
        sweeping = False
        self._barriers.prepare((partition.application, partition.number) for partition in partitions)
        for partition in partitions:
            limit = self._isolation.limit(partition)
            if limit is not None and tasks:
                continue
            app = partition.application
            revision = revisions.get(app.name)
            if revision is None:
                revision = revisions[app.name] = app.processor.begin()
            checkpoint = partition.checkpoint
            assert checkpoint is not None  # open partitions have one
            if partition.set_back:  # only to be written down
                now_ms = self._now_ms(partition, checkpoint)
                tasks.append(PartitionTask(partition, checkpoint, [], revision, True, False, [], now_ms, {}))
                continue
            if checkpoint.revision > revision:
                # the rules are not known yet, or another worker processed by newer ones: wait until our table has them
                continue
            now_ms = self._now_ms(partition, checkpoint)
            # one more than fire at once tells that some are left
            due = partition.timers.due(now_ms, DUE_AT_ONCE + 1) if partition.has_caught_up() else []
            due, alone = self._isolation.split_due(partition, due, now_ms)
            if not due and alone and not tasks:
                due, limit = alone, 1
            pending = app.processor.sweep_pending(swept_revision(checkpoint, revision))
            passed = self._fetch_buffer.passed(partition.number, checkpoint.next)
            batches: list[Batch] = []
            if limit is None:
                batches = self._take(partition, self._size.records_share(len(partitions)), len(partitions))
                sweep = pending and not sweeping
            else:  # one kind of things only, and only this many
                due = due[:limit]
                sweep = pending and not due
                if not due and not sweep:
                    batches = self._take(partition, limit, len(partitions))
            if batches or sweep or due or self._is_time_to_pass(partition, passed):
                tasks.append(
                    PartitionTask(partition, checkpoint, batches, revision, pending, sweep, due, now_ms, passed, limit)
                )
                if limit is not None:
                    break
            sweeping = sweeping or pending
        return tasks

    def _now_ms(self, partition: Partition, checkpoint: Checkpoint) -> int:
        now_ms = self._clock.now_ms()
        if checkpoint.clock > now_ms:
            ahead_ms = checkpoint.clock - now_ms
            if not self._clock.confirmed or ahead_ms <= self._clock.tolerance_ms:
                return checkpoint.clock
            # the last owner had a wrong clock, and until that time no timer would fire
            log.error("checkpoint_clock_put_back", partition=partition.label, seconds=round(ahead_ms / 1000))
        return now_ms

    def _take(self, partition: Partition, limit: int, partitions: int) -> list[Batch]:
        app, number = partition.application, partition.number
        batches: list[Batch] = []
        count, left = 0, self._size.bytes_share(partitions)
        # each input has its share first, so that a flood on one does not hold up the others; then what is left
        for part, first in ((len(app.inputs), True), (1, False)):
            for inp in app.inputs_in_order:
                room, room_bytes = min(max(1, limit // part), limit - count), max(1, left // part)
                if room <= 0 or left <= 0:
                    return batches
                until = None
                if inp.after and (until := self._barriers.until(inp, number)) is None:
                    continue
                taken = self._fetch_buffer.take(
                    (inp.topic, number), room, until=until, max_bytes=room_bytes, at_least_one=first
                )
                if inp.after:
                    self._barriers.taken(inp, number)
                batches += taken
                count += sum(len(batch.records) for batch in taken)
                left -= sum(batch.bytes or 0 for batch in taken)
        return batches

    def _is_time_to_pass(self, partition: Partition, passed: Mapping[str, int]) -> bool:
        if not passed:
            self._passing.pop(partition.label, None)
            return False
        now = time.monotonic()
        return now - self._passing.setdefault(partition.label, now) >= PASSING_SECONDS
