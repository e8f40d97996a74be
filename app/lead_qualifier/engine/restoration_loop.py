"""The restoring thread: restores assigned partitions and opens them; in between it inspects what it has restored, and
watches that the topics stay the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import structlog
from confluent_kafka import KafkaException

from lead_qualifier.engine.application import Application
from lead_qualifier.engine.errors import StaleOwner
from lead_qualifier.engine.fault_points import FaultHook, FaultPoint
from lead_qualifier.engine.inspection import inspect
from lead_qualifier.engine.observer import Observer
from lead_qualifier.engine.ownership import Ownership, PartitionAssignment
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.progress import Progress
from lead_qualifier.engine.restoration import Restorer
from lead_qualifier.engine.state_verification import StateVerifier
from lead_qualifier.engine.timers import Timers
from lead_qualifier.kafka.errors import NotAllowed, ReadIncomplete, is_forbidden

log = structlog.get_logger(__name__)

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_INSPECTION_PAUSE = 0.003
#: How often (seconds) to check whether a topic was deleted and created again under a running worker.
_CHECK_SECONDS = 2.0


class RestorationLoop:
    """The body of one thread."""

    def __init__(
        self,
        applications: Sequence[Application],
        ownership: Ownership,
        progress: Progress,
        restorer: Restorer,
        verifier: StateVerifier,
        *,
        observer: Observer,
        hook: FaultHook,
        stopping: threading.Event,
    ) -> None:
        self._applications = applications
        self._ownership = ownership
        self._progress = progress
        self._restorer = restorer
        self._verifier = verifier
        self._has_begun = False
        self._observer = observer
        self._hook = hook
        self._stopping = stopping

    def run(self) -> None:
        """Until the engine stops. Raises StateMismatch and NotAllowed."""
        wanted, pause = self._ownership.restore_wanted, _FIRST_PAUSE
        while True:
            self._inspect_until_wanted()
            is_wanted = wanted.wait(_CHECK_SECONDS)
            if self._stopping.is_set():
                return
            if not is_wanted:
                self._check_topics()
                continue  # and nothing is cleared: it may be set just now
            wanted.clear()
            closed = self._ownership.closed_partitions()
            if closed is None or not closed[1]:
                continue
            with self._ownership.cycle:
                pass  # a cycle of the former assignment may still be making its results the state of these partitions
            try:
                self._restore(*closed)
                pause = _FIRST_PAUSE
            except (KafkaException, ReadIncomplete, StaleOwner) as error:
                if isinstance(error, KafkaException) and is_forbidden(error.args[0]):
                    raise NotAllowed(error.args[0].str()) from error
                log.warning("restoration_failed", error=str(error), retry_seconds=pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                wanted.set()

    def _restore(self, assignment: PartitionAssignment, partitions: list[Partition]) -> None:
        begun = time.monotonic()
        self._has_begun = True
        self._hook(FaultPoint.OPEN_BEGUN)
        self._verifier.check_partition_counts(self._applications)

        def abandoned() -> bool:
            return self._stopping.is_set() or not self._ownership.is_current(assignment)

        def ready(restored: list[Partition]) -> None:
            self._hook(FaultPoint.OPEN_RESTORED)
            checkpoints = self._verifier.verify(restored)
            for partition in restored:
                partition.timers = Timers(partition.application.processor.timers(partition.store))
                partition.measure()
            if self._stopping.is_set() or not self._ownership.open(
                list(zip(restored, checkpoints, strict=True)), assignment
            ):
                return
            self._progress.made()
            self._hook(FaultPoint.OPEN_DONE)
            seconds = time.monotonic() - begun
            for _ in restored:
                self._observer.restored(seconds)
            log.info(
                "partitions_opened",
                partitions=[p.label for p in restored],
                keys=sum(len(p.store) for p in restored),
                seconds=round(seconds, 3),
            )

        self._restorer.restore(partitions, ready=ready, abandoned=abandoned)

    def _check_topics(self) -> None:
        """While nothing is to be restored: check that the topics still exist and are the same."""
        if not self._has_begun:
            return
        try:
            self._verifier.check_same_topics(self._ownership.held_partitions())
            if self._ownership.incomplete():
                self._verifier.check_partition_counts(self._applications)
        except KafkaException as error:
            log.debug("topics_not_checked", error=error.args[0].str())  # whatever needs the broker reports it

    def _inspect_until_wanted(self) -> None:
        """Look through what was restored, a little at a time, until something is to be restored or all is seen."""
        for partition in [p for p in self._ownership.open_partitions() if not p.inspected]:
            for _ in inspect(partition):
                if self._ownership.restore_wanted.wait(_INSPECTION_PAUSE):
                    return
