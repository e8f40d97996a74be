"""Processes the tasks of a cycle into results, in memory: known keys first, then records, on an overlay over the
state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.context import ProcessorContext, SavepointContext
from lead_qualifier.engine.errors import OutputTooLarge
from lead_qualifier.engine.fault_points import FaultHook
from lead_qualifier.engine.fetch_buffer import Batch, FetchBuffer, split
from lead_qualifier.engine.isolation import Isolation
from lead_qualifier.engine.known_keys import process_known_keys
from lead_qualifier.engine.limits import CycleSize
from lead_qualifier.engine.record_processing import C, Process, RecordFault, RecordProcessing
from lead_qualifier.engine.tasks import PartitionResult, PartitionTask

#: A cycle that has processed for this long (seconds) writes what it has: a rebalance waits for it.
_PROCESS_SECONDS = 5.0
#: A record larger than this part of what a state may take is processed carefully: its results may be too large although
#: the state that is written in the end is not. Whether a record is rejected must not depend on what shares its cycle.
_LARGE_PART = 8


class BatchProcessor:
    """Knows no transaction. Used by the cycle's thread only."""

    def __init__(
        self,
        fetch_buffer: FetchBuffer,
        isolation: Isolation,
        size: CycleSize,
        *,
        group_id: str,
        hook: FaultHook,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        """`progress` is called after every few records."""
        self._fetch_buffer = fetch_buffer
        self._isolation = isolation
        self._size = size
        self._group_id = group_id
        self._hook = hook
        self._records = RecordProcessing(isolation, progress)

    def process(self, tasks: Sequence[PartitionTask]) -> list[PartitionResult]:
        """Process the tasks as far as the cycle's limits allow; the rest goes back to the fetch buffer.

        A record that keeps failing, or whose results are too large, becomes a dead letter.
        """
        self._isolation.begin_cycle()
        results: list[PartitionResult] = []
        room = self._size.bytes
        until = time.monotonic() + _PROCESS_SECONDS
        for task in tasks:
            if results and (room <= 0 or time.monotonic() > until):
                continue
            result = self._process(task, room, until)
            room -= result.context.bytes
            results.append(result)
        self._give_back(tasks, results)
        return results

    def _process(self, task: PartitionTask, room: float, until: float) -> PartitionResult:
        app = task.partition.application
        limit = app.max_record_bytes.get(app.changelog)
        if limit is None or all(batch.largest * _LARGE_PART < limit for batch in task.batches):
            try:
                return self._process_in(_context(ProcessorContext, task), task, room, until, self._records.fast)
            except (OutputTooLarge, RecordFault):
                pass  # process again, with savepoints: only the record at fault is then rejected
        return self._process_in(_context(SavepointContext, task), task, room, until, self._records.careful)

    def _process_in(
        self, context: C, task: PartitionTask, room: float, until: float, process: Process[C]
    ) -> PartitionResult:
        partition, before = task.partition, task.checkpoint
        # Known keys first: what a record changes later in this cycle is then never undone together with them.
        known = process_known_keys(task, context, self._isolation, room=room, hook=self._hook)
        # No record overtakes a timer that came before it: while one is left over, records wait for the next cycle.
        batches: list[Batch] = []
        if not known.overdue:
            processor = partition.application.processor
            batches = self._records.run(task.batches, context, processor, process, room=room, until=until)
        if known.sweep is None:
            partition.buckets = None
        checkpoint = Checkpoint(
            application=self._group_id,
            next={**before.next, **task.passed, **{b.topic: b.end for b in batches}},
            revision=max(before.revision, task.revision),
            swept=known.swept,
            sweep=known.sweep,
            clock=task.now_ms,
            topic_ids=before.topic_ids,
            set_back={**before.set_back, **partition.set_back},
        )
        changes = context.changes()
        return PartitionResult(task, batches, context, checkpoint, changes, known.due, known.failed, known.swept_keys)

    def _give_back(self, tasks: Sequence[PartitionTask], results: Sequence[PartitionResult]) -> None:
        """Give back to the fetch buffer what was not processed."""
        for result in results:
            self._fetch_buffer.give_back(_rest(result.task.batches, result.batches))
        for task in tasks[len(results) :]:
            self._fetch_buffer.give_back(task.batches)


def _context(kind: type[C], task: PartitionTask) -> C:
    partition = task.partition
    return kind(
        partition.application,
        partition.number,
        partition.store,
        revision=task.revision,
        now_ms=task.now_ms,
        unreadable_keys=partition.unreadable,
        positions=task.checkpoint.next,
    )


def _rest(batches: Sequence[Batch], processed: Sequence[Batch]) -> list[Batch]:
    """What is left of batches of which the first were processed, the last of those perhaps in part."""
    rest = list(batches[len(processed) :])
    if not processed:
        return rest
    last, whole = processed[-1], batches[len(processed) - 1]
    return rest if last is whole else [split(whole, len(last.records))[1], *rest]
