"""Previews that run in the background, each in a process of its own: one at a time for each person."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec
import structlog

from lead_qualifier.console.read_model.preview_process import (
    PreviewFailure,
    PreviewLine,
    PreviewOrder,
    PreviewProgress,
)

log = structlog.get_logger(__name__)

#: So many run at once; more wait for their turn.
_AT_ONCE = 2
_KEPT_SECONDS = 3600
_MOST_KEPT = 100

Status = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewJob:
    """A preview as it stands. `order`: what is previewed; `revision`: of the stored model that it was begun from.

    `result`: as `model preview --json` has it. `failure`: what to do, if it failed for a reason that people can mend.
    """

    id: str
    owner: str
    order: PreviewOrder
    revision: int
    status: Status = "waiting"
    read: int = 0
    total: int = 0
    result: dict[str, Any] | None = None
    failure: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing will change about it."""
        return self.status not in {"waiting", "running"}

    @property
    def percent(self) -> int:
        """How much of it is done; less than 100 until it is over."""
        return 100 if self.status == "done" else min(99, self.read * 100 // self.total) if self.total else 0


@dataclass(slots=True)
class _Held:
    job: PreviewJob
    since: float
    process: subprocess.Popen[bytes] | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)


class PreviewJobs:
    """The previews of this process, kept for an hour."""

    def __init__(
        self,
        *,
        command: Sequence[str] = (sys.executable, "-m", "lead_qualifier.console.read_model.preview_process"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`command`: what carries out an order; see `preview_process`."""
        self._command = list(command)
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(_AT_ONCE)

    def start(self, owner: str, order: PreviewOrder, *, revision: int) -> PreviewJob:
        """Begin a preview; an earlier one of the same person that still runs is cancelled."""
        job = PreviewJob(id=str(uuid.uuid4()), owner=owner, order=order, revision=revision)
        with self._lock:
            self._forget_old()
            earlier = [one for one in self._held.values() if one.job.owner == owner and not one.job.is_over]
            held = self._held[job.id] = _Held(job, self._clock())
        for one in earlier:
            self._cancel(one)
        threading.Thread(target=self._run, args=(held,), name="preview", daemon=True).start()
        return job

    def find(self, owner: str, job_id: str) -> PreviewJob | None:
        """A preview of this person; None if there is none, or it is no longer kept."""
        held = self._held.get(job_id)
        return held.job if held is not None and held.job.owner == owner else None

    def cancel(self, owner: str, job_id: str) -> PreviewJob | None:
        """Stop a preview of this person, unless it is over. Returns it as `find` does."""
        held = self._held.get(job_id)
        if held is None or held.job.owner != owner:
            return None
        self._cancel(held)
        return held.job

    def close(self) -> None:
        """Stop all of them."""
        for held in list(self._held.values()):
            self._cancel(held)

    def _forget_old(self) -> None:
        over = [one for one in self._held.values() if one.job.is_over]
        now = self._clock()
        for number, one in enumerate(sorted(over, key=lambda one: -one.since)):
            if number >= _MOST_KEPT or now - one.since > _KEPT_SECONDS:
                del self._held[one.job.id]

    def _cancel(self, held: _Held) -> None:
        with self._lock:
            if held.job.is_over:
                return
            held.cancelled.set()
            held.job = replace(held.job, status="cancelled")
            if held.process is not None:
                held.process.kill()

    def _run(self, held: _Held) -> None:
        with self._turns:
            with self._lock:
                if held.cancelled.is_set():
                    return
                held.process = process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # an interrupt from the keyboard is for the console, which ends it
                )
                held.job = replace(held.job, status="running")
            with process:
                self._follow(held, process)
        with self._lock:
            if not held.job.is_over:  # it died without a word
                held.job = replace(held.job, status="failed")

    def _follow(self, held: _Held, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode(held.job.order) + b"\n")
            process.stdin.close()
        except BrokenPipeError:
            return
        for text in process.stdout:
            line: PreviewLine = msgspec.json.decode(text, type=PreviewLine)
            with self._lock:
                if held.cancelled.is_set():
                    return
                held.job = _after(held.job, line)


def _after(job: PreviewJob, line: PreviewLine) -> PreviewJob:
    if isinstance(line, PreviewProgress):
        return replace(job, read=line.read, total=line.total)
    if isinstance(line, PreviewFailure):
        log.warning("preview_failed", error=line.error)
        return replace(job, status="failed", failure=line.text)
    return replace(job, status="done", result=line.result)
