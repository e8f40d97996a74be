"""Processes the tasks of a cycle into results, in memory: known keys first, then records, on an overlay over the
state. Records are processed at full speed, or so carefully that a bad one harms no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from lead_qualifier.engine.application import Processor
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.context import ProcessorContext
from lead_qualifier.engine.errors import DeadLetterClass, OutputTooLarge, Rejected
from lead_qualifier.engine.fault_points import FaultHook
from lead_qualifier.engine.fetch_buffer import Batch, FetchBuffer, split
from lead_qualifier.engine.isolation import Isolation
from lead_qualifier.engine.known_keys import process_known_keys
from lead_qualifier.engine.limits import CycleSize
from lead_qualifier.engine.partition import PartitionResult, PartitionTask
from lead_qualifier.engine.savepoint_context import SavepointContext
from lead_qualifier.kafka.records import Record, record_id

log = structlog.get_logger(__name__)

#: How often a record may fail before it becomes a dead letter.
ATTEMPTS = 3
#: Records processed between two checks of how large the cycle has become.
_AT_ONCE = 64
#: A cycle that has processed for this long (seconds) writes what it has: a rebalance waits for it.
_PROCESS_SECONDS = 5.0
#: A record larger than this part of what a state may take is processed carefully: its results may be too large although
#: the state that is written in the end is not. Whether a record is rejected must not depend on what shares its cycle.
_LARGE_PART = 8

C = TypeVar("C", bound=ProcessorContext)
_Process = Callable[[Sequence[Record], C, Processor], None]


class _RecordFault(Exception):
    """A processor has raised something other than Rejected."""


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
        self._progress = progress

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
                self._fetch_buffer.give_back(task.batches)
                continue
            result = self._process_task(task, room, until)
            room -= result.context.bytes
            self._fetch_buffer.give_back(_rest(task.batches, result.batches))
            results.append(result)
        return results

    def _process_task(self, task: PartitionTask, room: float, until: float) -> PartitionResult:
        app = task.partition.application
        limit = app.max_record_bytes.get(app.changelog)
        if limit is None or all(batch.largest * _LARGE_PART < limit for batch in task.batches):
            try:
                return self._attempt(task, _context(ProcessorContext, task), self.process_fast, room, until)
            except (OutputTooLarge, _RecordFault):
                pass  # process again, with savepoints: only the record at fault is then rejected
        return self._attempt(task, _context(SavepointContext, task), self.process_carefully, room, until)

    def _attempt(
        self,
        task: PartitionTask,
        context: C,
        process: _Process[C],
        room: float,
        until: float,
    ) -> PartitionResult:
        """Process until `room` bytes are to be written, or until that monotonic time; a few records at least."""
        partition, before = task.partition, task.checkpoint
        # Known keys first: what a record changes later in this cycle is then never undone together with them.
        known = process_known_keys(task, context, self._isolation, room=room, hook=self._hook)
        # No record overtakes a timer that came before it: while one is left over, records wait for the next cycle.
        batches: list[Batch] = []
        if not known.overdue:
            batches = self._process_batches(task, context, process, room, until)
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
        return PartitionResult(task, batches, context, checkpoint, context.changes(), known)

    def _process_batches(
        self,
        task: PartitionTask,
        context: C,
        process: _Process[C],
        room: float,
        until: float,
    ) -> list[Batch]:
        """Returns the batches that were processed, the last one perhaps in part."""
        processor = task.partition.application.processor
        done: list[Batch] = []
        for batch in task.batches:
            records = batch.records
            for start in range(0, len(records), _AT_ONCE):
                if (start or done) and (context.bytes > room or time.monotonic() > until):
                    context.record_counts[batch.topic] += start
                    return [*done, split(batch, start)[0]] if start else done
                process(records[start : start + _AT_ONCE], context, processor)
                self._progress()
            context.record_counts[batch.topic] += len(records)
            context.passed(batch.topic, batch.end)
            done.append(batch)
        return done

    def process_fast(self, records: Sequence[Record], context: ProcessorContext, processor: Processor) -> None:
        """Raises OutputTooLarge or _RecordFault: then the records have to be processed again, carefully."""
        process = processor.process
        quarantined = self._isolation.quarantined
        for record in records:
            context.record = record
            try:
                if (quarantined or record.unreadable is not None) and self._reject(record, context):
                    continue
                process(record, context)
            except Rejected as rejected:
                context.reject(record, str(rejected), rejected.kind)
            except OutputTooLarge:
                raise
            except Exception as error:  # any fault of the program's: `process_carefully` finds the record at fault
                raise _RecordFault from error
        context.record = None

    def process_carefully(self, records: Sequence[Record], context: SavepointContext, processor: Processor) -> None:
        """Make a dead letter of each record that fails, and undo what it did."""
        for record in records:
            context.begin(record)
            if self._reject(record, context):
                continue
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    try:
                        processor.process(record, context)
                    except Rejected as rejected:
                        context.reject(record, str(rejected), rejected.kind)
                    context.release()
                    break
                except OutputTooLarge as error:
                    _roll_back(context, processor)
                    context.reject(record, error.reason, DeadLetterClass.TOO_LARGE)
                    break
                except Exception as error:  # any fault of the program's: after ATTEMPTS the record is a dead letter
                    _roll_back(context, processor)
                    where = dict(zip(("topic", "partition", "offset"), record_id(record), strict=True))
                    log.error("record_failed", **where, attempt=attempt, exc_info=error)
                    if attempt == ATTEMPTS:
                        reason = f"the program failed on it: {type(error).__name__}: {error}"
                        context.reject(record, reason, DeadLetterClass.FAILED)
            self._progress()
        context.record = None

    def _reject(self, record: Record, context: ProcessorContext) -> bool:
        rejection = self._isolation.rejection(record)
        if rejection is None:
            return False
        context.reject(*rejection)
        return True


def _roll_back(context: SavepointContext, processor: Processor) -> None:
    context.roll_back()
    processor.rolled_back(context)


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
