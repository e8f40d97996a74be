"""Cycles: each takes what waits in the fetch buffer to committed results that are the state."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from itertools import chain

import structlog
from confluent_kafka import KafkaException
from confluent_kafka import TopicPartition as KafkaTopicPartition

from lead_qualifier.engine.batch_processor import ATTEMPTS, BatchProcessor
from lead_qualifier.engine.clock import Clock, Stamp
from lead_qualifier.engine.errors import Aborted, OutcomeUnknown
from lead_qualifier.engine.fault_points import FaultHook, FaultPoint
from lead_qualifier.engine.fetch_buffer import FetchBuffer
from lead_qualifier.engine.input_barriers import InputBarriers
from lead_qualifier.engine.isolation import Isolation
from lead_qualifier.engine.limits import CycleSize, Limits
from lead_qualifier.engine.observer import Observer
from lead_qualifier.engine.ownership import Ownership, PartitionAssignment
from lead_qualifier.engine.partition import Partition, PartitionResult
from lead_qualifier.engine.partitioning import TopicPartition
from lead_qualifier.engine.progress import Progress
from lead_qualifier.engine.state_verification import refuse_set_back
from lead_qualifier.engine.task_selection import TaskSelector
from lead_qualifier.engine.transaction import TransactionalProducer
from lead_qualifier.kafka.errors import NotAllowed, is_forbidden

log = structlog.get_logger(__name__)

_IDLE_SECONDS = 0.5
_HELD_SECONDS = 0.01
_CHECK_SECONDS = 1.0
_FIRST_BACKOFF = 0.1
_LONGEST_BACKOFF = 5.0
_ISOLATION_BACKOFF = 0.05


class Cycle:
    """Used by the cycle's thread only."""

    def __init__(
        self,
        ownership: Ownership,
        fetch_buffer: FetchBuffer,
        barriers: InputBarriers,
        producer: TransactionalProducer,
        *,
        limits: Limits,
        group_id: str,
        clock: Clock,
        progress: Progress,
        observer: Observer,
        hook: FaultHook,
        stopping: threading.Event,
    ) -> None:
        self._ownership = ownership
        self._fetch_buffer = fetch_buffer
        self._producer = producer
        self._limits = limits
        self._size = size = CycleSize(limits.cycle_records, limits.cycle_bytes)
        self._isolation = isolation = Isolation(limits.cycle_records)
        self._selector = TaskSelector(fetch_buffer, barriers, isolation, size, clock)
        self._processor = BatchProcessor(
            fetch_buffer, isolation, size, group_id=group_id, hook=hook, progress=progress.made
        )
        self._clock = clock
        self._progress = progress
        self._observer = observer
        self._hook = hook
        self._stopping = stopping
        self._rotation = 0
        self._record_faults = 0
        self._backoff = 0.0  # pause (seconds) before the next cycle
        self._unfinished = False  # the last cycle has left something that does not come from the fetch buffer

    def repeat(self) -> None:
        """Run one cycle after the other until the engine stops. Raises StateMismatch and NotAllowed."""
        check_at = 0.0
        limits = self._limits
        while not self._stopping.is_set():
            if not self._unfinished:
                self._fetch_buffer.gather(limits.commit_interval, limits.enough_records, limits.enough_bytes)
            with self._ownership.cycle:
                worked = self.run()
            if self._backoff:
                self._stopping.wait(self._backoff)
            elif not worked:
                self._wait()
            if time.monotonic() >= check_at:
                check_at = time.monotonic() + _CHECK_SECONDS
                self._check_gaps()

    def run(self) -> bool:
        """Run one cycle over all open partitions; False if there was nothing to do, or nothing was committed.

        1. Select: take from the fetch buffer what each partition can process now, with its due timers and sweeps.
        2. Process: the processors change an overlay over the state, emit outputs and reject records. Nothing is
           visible.
        3. Write: outputs, dead letters, changed states, checkpoints and input offsets, in one transaction.
        4. Apply: the committed changes become the state, and the checkpoints move.
        5. Report: isolation, limits, processors, tracers and the observer learn that this is committed.

        Where the transaction fails, nothing is applied: all partitions are restored again from what is committed.
        Raises StateMismatch once it is written down that the consumer was set back, and NotAllowed.
        """
        self._unfinished = False
        found = self._ownership.open_now()
        if found is None:
            return False
        assignment, partitions = found
        tasks = self._selector.select(self._rotated(partitions))
        if not tasks:
            return False
        self._hook(FaultPoint.CYCLE_SELECTED)
        begun = time.monotonic()
        results = self._processor.process(tasks)
        self._hook(FaultPoint.CYCLE_PROCESSED)
        processed = time.monotonic()
        restored_to = self._write(results, assignment)
        if restored_to is None:
            return False
        for result in results:
            _apply(result, restored_to[result.changelog])
        self._hook(FaultPoint.CYCLE_APPLIED)
        self._isolation.committed(results)
        self._unfinished = any(result.task.sweep_pending or result.known.overdue for result in results)
        self._size.grow()
        self._backoff = 0.0
        self._record_faults = 0
        self._progress.committed()
        written = time.monotonic()
        for result in results:
            application, context = result.task.partition.application, result.context
            application.processor.committed(context)
            if (tracer := application.tracer) is not None:
                tracer.committed(context.spans, [(letter.record, letter.kind) for letter in context.dead_letters])
        self._observer.cycle(results, process_seconds=processed - begun, transaction_seconds=written - processed)
        return True

    def _rotated(self, partitions: list[Partition]) -> list[Partition]:
        """Each cycle begins with another partition."""
        self._rotation = (self._rotation + 1) % len(partitions)
        return partitions[self._rotation :] + partitions[: self._rotation]

    def _write(
        self, results: Sequence[PartitionResult], assignment: PartitionAssignment
    ) -> dict[TopicPartition, int] | None:
        """The end of each changelog after our transaction; None unless it was certainly committed."""
        try:
            return self._producer.run(
                list(chain.from_iterable(result.outputs() for result in results)),
                [(*result.changelog, result.changelog_records()) for result in results],
                _offsets(results),
                assignment.membership,
                lambda stamps: self._wrong_time(results, stamps),
            )
        except Aborted as aborted:
            self._aborted(results, aborted)
            self._reopen(assignment, results, str(aborted), fenced=aborted.fenced)
        except OutcomeUnknown as unknown:
            log.warning("transaction_outcome_unknown", reason=str(unknown))
            self._observer.aborted("outcome unknown")
            self._size.shrink()
            self._settle()
            self._reopen(assignment, results, str(unknown), fenced=False)
        return None

    def _aborted(self, results: Sequence[PartitionResult], aborted: Aborted) -> None:
        self._observer.aborted(str(aborted))
        self._record_faults = self._record_faults + 1 if aborted.record_fault else 0
        log.warning("transaction_aborted", reason=str(aborted), fenced=aborted.fenced)
        if aborted.record_fault:
            self._isolation.refused(results, str(aborted), repeated=self._record_faults >= ATTEMPTS)
        elif not aborted.fenced:
            self._size.shrink()
        if aborted.fenced:
            self._backoff = 0.0
        elif self._record_faults > ATTEMPTS:
            self._backoff = _ISOLATION_BACKOFF
        else:
            self._backoff = min(max(_FIRST_BACKOFF, self._backoff * 2), _LONGEST_BACKOFF)

    def _settle(self) -> None:
        """Let a new producer with the same id settle the transaction whose outcome is unknown, however long the broker
        takes.
        """
        pause = _FIRST_BACKOFF
        while not self._stopping.is_set():
            try:
                self._producer.prepare()
                return
            except KafkaException as error:
                if is_forbidden(error.args[0]):
                    raise NotAllowed(error.args[0].str()) from error
                log.warning("producer_not_ready", error=error.args[0].str(), retry_seconds=pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, _LONGEST_BACKOFF)

    def _reopen(
        self, assignment: PartitionAssignment, results: Sequence[PartitionResult], reason: str, *, fenced: bool
    ) -> None:
        if self._ownership.reopen(assignment, fenced=fenced):
            self._progress.failed(reason, dict(chain.from_iterable(result.positions() for result in results)))

    def _wait(self) -> None:
        if self._fetch_buffer.queued:
            time.sleep(_HELD_SECONDS)  # held back: by newer rules elsewhere, or by a topic to be read first
            return
        if not self._ownership.waiting():
            self._progress.idle_at(self._ownership.positions())  # nothing to do is no stall
        self._fetch_buffer.wait(_IDLE_SECONDS)

    def _check_gaps(self) -> None:
        """Verify the positions that the consumer has repeatedly failed to reach."""
        if not (gaps := self._fetch_buffer.gaps()) or (assignment := self._ownership.assignment) is None:
            return
        log.warning("positions_not_reachable", partitions=gaps)
        ends = {tp: at[1] + 1 for tp in gaps if (at := self._fetch_buffer.next_offset(tp)) is not None}
        if self._ownership.reopen(assignment):
            self._progress.failed("the consumer cannot reach a position", ends)

    def _wrong_time(self, results: Sequence[PartitionResult], stamps: Mapping[TopicPartition, Stamp]) -> str | None:
        """Why nothing may be committed: no partition's clock may run ahead of the broker's time."""
        for result in results:
            stamp = stamps.get(result.changelog)
            if stamp is None:
                continue
            self._clock.learn(stamp)
            if self._clock.contradicts(result.checkpoint.clock, result.task.checkpoint.clock, stamp):
                seconds = round((result.checkpoint.clock - stamp.at_ms) / 1000)
                return (
                    f"{result.task.partition.label} was processed {seconds} s ahead of the time that its checkpoint "
                    "got at the broker"
                )
        return None


def _apply(result: PartitionResult, restored_to: int) -> None:
    """Make committed results the state. Raises StateMismatch if the checkpoint says that the consumer was set back."""
    partition = result.task.partition
    partition.apply(result.changes)
    if due := result.known.due:
        processed = [key for key in due if key not in result.known.failed]
        partition.timers.done(due, partition.following_timers(processed, result.task.now_ms))
    partition.timers.add(result.context.timers)
    partition.checkpoint, partition.written_at = result.checkpoint, None
    partition.restored_to = restored_to
    partition.verified_at = time.time()
    refuse_set_back(partition, result.checkpoint)


def _offsets(results: Sequence[PartitionResult]) -> list[KafkaTopicPartition]:
    """An explicit offset for every input of every touched partition, moved or not: without offsets it fences nobody.
    The metadata of each names the topic of the state that it belongs to.
    """
    return [
        KafkaTopicPartition(*tp, offset, result.changelog[0]) for result in results for tp, offset in result.positions()
    ]
