"""What a thread does with a record: decode, leave out what was handled, call the handler, see what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from confluent_kafka import KafkaException

from lead_qualifier.consumer.event import Event, decode
from lead_qualifier.consumer.events import Happening, Outcome
from lead_qualifier.consumer.letters import Letters
from lead_qualifier.consumer.retry import Permanent, Retry, TryLater
from lead_qualifier.consumer.scheduler import Item, Scheduler
from lead_qualifier.consumer.seen import Seen
from lead_qualifier.messages.reasons import BadMessage

log = structlog.get_logger(__name__)

#: Seconds; the consumer ends before.
_NEVER = 1e6


class Unhandled(Exception):
    """An event cannot be handled, and there is no dead-letter topic for it; its offset is not committed."""


class HandlerLoop:
    """Serves records from Work. `serve` runs in as many threads as records are to be handled at once."""

    def __init__(
        self,
        work: Scheduler,
        handler: Callable[[Event], None],
        *,
        retry: Retry,
        seen: Seen,
        letters: Letters | None,
        topic_prefix: str,
        tell: Callable[[Happening], None],
        failed: Callable[[], None],
    ) -> None:
        """`failed` is called when `failure` was set: the consumer must end."""
        self.failure: BaseException | None = None
        self._work = work
        self._handler = handler
        self._retry = retry
        self._seen = seen
        self._letters = letters
        self._prefix = topic_prefix
        self._tell = tell
        self._failed = failed

    def serve(self) -> None:
        """Handle records until there will be none."""
        while (item := self._work.take()) is not None:
            try:
                self._handle(item)
            except BaseException as error:  # noqa: BLE001  a thread may not end unnoticed: the consumer ends with it
                self._end(error)
                self._work.later(item, _NEVER)
                return

    def _handle(self, item: Item) -> None:
        if item.rejected is not None:  # its dead letter could not be written the last time
            self._bury(item, item.rejected)
            return
        try:
            event = decode(item.record, topic_prefix=self._prefix, attempt=item.failures + 1)
        except BadMessage as error:
            self._bury(item, error.reason)
            return
        began = time.monotonic()
        try:
            if self._seen.holds(event.topic, event.partition, event.identity):
                self._done(item, "duplicate")
                return
            self._handler(event)
            took = time.monotonic() - began
            self._seen.add(event.topic, event.partition, event.identity)
        except Permanent as error:
            self._bury(item, error.reason)
        except TryLater as later:
            item.attempts += later.counts
            self._again(item, later.reason or "the handler asked for another time", later.seconds, began)
        except Exception as error:  # anything else that a handler may raise is a fault, tried again by Retry
            item.attempts += 1
            log.warning(
                "handler failed",
                topic=event.topic,
                partition=event.partition,
                offset=event.offset,
                attempt=event.attempt,
                exc_info=True,
            )
            # its text may hold data of a lead, which a dead letter's reason never does
            self._again(item, f"the handler failed with {type(error).__name__}", None, began)
        else:
            self._done(item, "handled", seconds=took)

    def _again(self, item: Item, reason: str, seconds: float | None, began: float) -> None:
        item.failures += 1
        if self._retry.exhausted(item.attempts):
            self._bury(item, f"given up after {item.attempts} attempts: {reason}")
            return
        delay = self._retry.delay(item.failures) if seconds is None else max(0.0, seconds)
        # told before it is let go: from then on another thread may tell of it
        self._say(item, "retried", seconds=time.monotonic() - began, delay=delay, reason=reason)
        self._work.later(item, delay)

    def _bury(self, item: Item, reason: str) -> None:
        record = item.record
        place = f"{record.topic}/{record.partition}/{record.offset}"
        if self._letters is None:
            self._end(
                Unhandled(
                    f"the event at {place} cannot be handled: {reason}; mend what hinders it and start again, or pass "
                    "dead_letters=... to have such events kept aside"
                )
            )
            self._work.later(item, _NEVER)
            return
        item.rejected = reason
        try:
            self._letters.write(record, reason)
        except KafkaException as error:
            item.failures += 1
            log.warning("dead letter not written", place=place, error=str(error.args[0]))
            self._work.later(item, self._retry.delay(item.failures))
            return
        self._done(item, "dead_letter", reason=reason)

    def _done(self, item: Item, outcome: Outcome, *, seconds: float = 0.0, reason: str = "") -> None:
        self._say(item, outcome, seconds=seconds, reason=reason)
        self._work.finish(item)

    def _say(self, item: Item, outcome: Outcome, *, seconds: float = 0.0, delay: float = 0.0, reason: str = "") -> None:
        self._tell(
            Happening(
                outcome=outcome,
                topic=item.record.topic.removeprefix(self._prefix),
                partition=item.record.partition,
                offset=item.record.offset,
                attempt=item.failures + (outcome != "retried"),
                seconds=seconds,
                delay=delay,
                reason=reason,
            )
        )

    def _end(self, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error
        self._failed()
