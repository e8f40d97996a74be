"""The cycle's thread: runs one cycle after the other, and waits while there is nothing to do."""

from __future__ import annotations

import threading
import time

import structlog

from lead_qualifier.engine.cycle import Cycle
from lead_qualifier.engine.fetch_buffer import FetchBuffer
from lead_qualifier.engine.ownership import Ownership
from lead_qualifier.engine.progress import Progress

log = structlog.get_logger(__name__)

_IDLE_SECONDS = 0.5
_HELD_SECONDS = 0.01
_CHECK_SECONDS = 1.0


class ProcessingLoop:
    """The body of one thread."""

    def __init__(
        self,
        cycle: Cycle,
        ownership: Ownership,
        fetch_buffer: FetchBuffer,
        progress: Progress,
        *,
        stopping: threading.Event,
    ) -> None:
        self._cycle = cycle
        self._ownership = ownership
        self._fetch_buffer = fetch_buffer
        self._progress = progress
        self._stopping = stopping

    def run(self) -> None:
        """Until the engine stops. Raises StateMismatch and NotAllowed."""
        check_at = 0.0
        while not self._stopping.is_set():
            with self._ownership.cycle:
                worked = self._cycle.run()
            if self._cycle.backoff:
                self._stopping.wait(self._cycle.backoff)
            elif not worked:
                self._wait()
            if time.monotonic() >= check_at:
                check_at = time.monotonic() + _CHECK_SECONDS
                self._check_gaps()

    def _wait(self) -> None:
        if self._fetch_buffer.queued:
            time.sleep(_HELD_SECONDS)  # held back: by newer rules elsewhere, or by a topic to be read first
            return
        if not self._ownership.waiting():
            self._progress.idle_at(self._ownership.positions())  # nothing to do is no stall
        self._fetch_buffer.wait(_IDLE_SECONDS)

    def _check_gaps(self) -> None:
        """Where the consumer could not reach a position several times over, verify it."""
        if not (gaps := self._fetch_buffer.gaps()) or (assignment := self._ownership.assignment) is None:
            return
        log.warning("positions_not_reachable", partitions=gaps)
        ends = {tp: at[1] + 1 for tp in gaps if (at := self._fetch_buffer.next_offset(tp)) is not None}
        if self._ownership.reopen(assignment):
            self._progress.failed("the consumer cannot reach a position", ends)
