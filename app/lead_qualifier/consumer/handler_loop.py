"""What a handler thread does with a record: decode it, skip a duplicate, call the handler, act on its outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import structlog
from confluent_kafka import KafkaException

from lead_qualifier.consumer.dead_letters import DeadLetterProducer
from lead_qualifier.consumer.errors import EndpointGone, PermanentFailure, RetryLater, UnhandledEvent
from lead_qualifier.consumer.event import Event, decode
from lead_qualifier.consumer.processed_events import ProcessedEvents
from lead_qualifier.consumer.retry_policy import RetryPolicy
from lead_qualifier.consumer.scheduler import PendingRecord, Scheduler
from lead_qualifier.messages.errors import BadMessage

log = structlog.get_logger(__name__)

Handler = Callable[[Event], None]
"""Handles one event. It returns, or raises RetryLater, PermanentFailure, EndpointGone or anything else."""

Outcome = Literal["handled", "duplicate", "retried", "dead_letter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOutcome:
    """The outcome of one attempt to handle a record."""

    outcome: Outcome
    """handled: the handler returned. duplicate: skipped, because it was handled before. retried: it will be tried again
    after `delay`. dead_letter: it was written to the dead-letter topic.
    """
    topic: str
    """Without the prefix."""
    partition: int
    offset: int
    attempt: int
    seconds: float = 0.0
    """How long the handler took, if it was called."""
    delay: float = 0.0
    """Seconds until the next attempt."""
    reason: str = ""
    """Why it is retried or became a dead letter."""


Observer = Callable[[RecordOutcome], None]
"""Called in the handler threads. It should return quickly and must not raise."""

#: Seconds that a record waits which this process will not handle any more; it ends long before.
_UNTIL_THE_END = 1e6


class HandlerLoop:
    """Takes records from the Scheduler. `serve` runs in as many threads as records are handled concurrently."""

    def __init__(
        self,
        scheduler: Scheduler,
        handler: Handler,
        *,
        retry: RetryPolicy,
        processed: ProcessedEvents,
        dead_letters: DeadLetterProducer | None,
        topic_prefix: str,
        observer: Observer,
        on_failure: Callable[[], None],
    ) -> None:
        """`on_failure` is called after `failure` was set: the consumer must end."""
        self.failure: BaseException | None = None
        self._scheduler = scheduler
        self._handler = handler
        self._retry = retry
        self._processed = processed
        self._dead_letters = dead_letters
        self._prefix = topic_prefix
        self._observer = observer
        self._on_failure = on_failure

    def serve(self) -> None:
        """Handle records until the scheduler stops."""
        while (pending := self._scheduler.take()) is not None:
            try:
                self._handle(pending)
            except BaseException as error:  # noqa: BLE001  a thread must not die unnoticed: the consumer ends with it
                self._fail(pending, error)
                return

    def _handle(self, pending: PendingRecord) -> None:
        if pending.rejected is not None:  # its dead letter could not be written the last time
            self._reject(pending, pending.rejected)
            return
        try:
            event = decode(pending.record, topic_prefix=self._prefix, attempt=pending.failures + 1)
        except BadMessage as error:
            self._reject(pending, error.reason)
            return
        began = time.monotonic()
        try:
            if self._processed.contains(event.topic, event.partition, event.identity):
                self._finish(pending, "duplicate")
                return
            self._handler(event)
            took = time.monotonic() - began
            self._processed.add(event.topic, event.partition, event.identity)
        except PermanentFailure as error:
            self._reject(pending, error.reason)
        except RetryLater as later:
            pending.attempts += later.counts
            self._retry_later(pending, later.reason or "the handler asked for a retry", later.seconds, began)
        except EndpointGone as error:
            self._fail(pending, error)
        except Exception as error:  # whatever else a handler raises is a fault, and the policy decides
            pending.attempts += 1
            log.warning(
                "handler failed",
                topic=event.topic,
                partition=event.partition,
                offset=event.offset,
                attempt=event.attempt,
                exc_info=True,
            )
            # The exception's text may contain data of a lead, which the reason of a dead letter never does.
            self._retry_later(pending, f"the handler failed with {type(error).__name__}", None, began)
        else:
            self._finish(pending, "handled", seconds=took)

    def _retry_later(self, pending: PendingRecord, reason: str, seconds: float | None, began: float) -> None:
        pending.failures += 1
        if self._retry.exhausted(pending.attempts):
            self._reject(pending, f"given up after {pending.attempts} attempts: {reason}")
            return
        delay = self._retry.delay(pending.failures) if seconds is None else max(0.0, seconds)
        # Report it first: once it is released, another thread may report its next outcome.
        self._report(pending, "retried", seconds=time.monotonic() - began, delay=delay, reason=reason)
        self._scheduler.retry(pending, delay)

    def _reject(self, pending: PendingRecord, reason: str) -> None:
        record = pending.record
        position = f"{record.topic}/{record.partition}/{record.offset}"
        if self._dead_letters is None:
            self._fail(
                pending,
                UnhandledEvent(
                    f"the event at {position} cannot be handled: {reason}; fix the cause and start again, or pass "
                    "dead_letters=... to have such events set aside"
                ),
            )
            return
        pending.rejected = reason
        try:
            self._dead_letters.write(record, reason)
        except KafkaException as error:
            pending.failures += 1
            log.warning("dead letter not written", position=position, error=str(error.args[0]))
            self._scheduler.retry(pending, self._retry.delay(pending.failures))
            return
        self._finish(pending, "dead_letter", reason=reason)

    def _finish(self, pending: PendingRecord, outcome: Outcome, *, seconds: float = 0.0, reason: str = "") -> None:
        self._report(pending, outcome, seconds=seconds, reason=reason)
        self._scheduler.finish(pending)

    def _report(
        self, pending: PendingRecord, outcome: Outcome, *, seconds: float = 0.0, delay: float = 0.0, reason: str = ""
    ) -> None:
        self._observer(
            RecordOutcome(
                outcome=outcome,
                topic=pending.record.topic.removeprefix(self._prefix),
                partition=pending.record.partition,
                offset=pending.record.offset,
                attempt=pending.failures + (outcome != "retried"),
                seconds=seconds,
                delay=delay,
                reason=reason,
            )
        )

    def _fail(self, pending: PendingRecord, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error
        self._on_failure()
        self._scheduler.retry(pending, _UNTIL_THE_END)
