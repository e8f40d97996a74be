"""Calls the processor for each record: at full speed, or so carefully that a bad record harms no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from lead_qualifier.engine.context import ProcessorContext, SavepointContext
from lead_qualifier.engine.errors import OutputTooLarge, Rejected
from lead_qualifier.engine.fetch_buffer import Batch, split
from lead_qualifier.engine.isolation import Isolation
from lead_qualifier.engine.processor import Processor
from lead_qualifier.engine.record import Record, UnreadableRecord, record_id

log = structlog.get_logger(__name__)

#: How often a record may fail before it becomes a dead letter.
ATTEMPTS = 3
#: Records processed between two checks of how large the cycle has become.
_AT_ONCE = 64

C = TypeVar("C", bound=ProcessorContext)
Process = Callable[[Sequence[Record], C, Processor], None]


class RecordFault(Exception):
    """A processor has raised something other than Rejected."""


class RecordProcessing:
    """Used by the cycle's thread only."""

    def __init__(self, isolation: Isolation, progress: Callable[[], None]) -> None:
        """`progress` is called after every few records."""
        self._isolation = isolation
        self._progress = progress

    def run(
        self,
        batches: Sequence[Batch],
        context: C,
        processor: Processor,
        process: Process[C],
        *,
        room: float,
        until: float,
    ) -> list[Batch]:
        """Process batches until `room` bytes are to be written, or until that monotonic time; a few records at least.

        `process`: `fast` or `careful`. Returns the batches that were processed, the last one perhaps in part. Raises
        what `process` does.
        """
        done: list[Batch] = []
        for batch in batches:
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

    def fast(self, records: Sequence[Record], context: ProcessorContext, processor: Processor) -> None:
        """Raises OutputTooLarge or RecordFault: then the records have to be processed again, carefully."""
        process = processor.process
        quarantined = self._isolation.quarantined
        for record in records:
            context.record = record
            try:
                if (quarantined or type(record) is UnreadableRecord) and self._reject(record, context):
                    continue
                process(record, context)
            except Rejected as rejected:
                context.reject(record, str(rejected))
            except OutputTooLarge:
                raise
            except Exception as error:  # any fault of the program's: `careful` finds the record that causes it
                raise RecordFault from error
        context.record = None

    def careful(self, records: Sequence[Record], context: SavepointContext, processor: Processor) -> None:
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
                        context.reject(record, str(rejected))
                    context.release()
                    break
                except OutputTooLarge as error:
                    self._roll_back(context, processor)
                    context.reject(record, error.reason)
                    break
                except Exception as error:  # any fault of the program's: after ATTEMPTS the record is a dead letter
                    self._roll_back(context, processor)
                    topic, partition, offset = record_id(record)
                    log.error(
                        "record_failed",
                        topic=topic,
                        partition=partition,
                        offset=offset,
                        attempt=attempt,
                        exc_info=error,
                    )
                    if attempt == ATTEMPTS:
                        context.reject(record, f"the program failed on it: {type(error).__name__}: {error}")
            self._progress()
        context.record = None

    @staticmethod
    def _roll_back(context: SavepointContext, processor: Processor) -> None:
        context.roll_back()
        processor.rolled_back(context)

    def _reject(self, record: Record, context: ProcessorContext) -> bool:
        rejection = self._isolation.rejection(record)
        if rejection is None:
            return False
        context.reject(*rejection)
        return True
