"""What a handler thread makes of each outcome of a handler."""

from __future__ import annotations

import pytest

from lead_qualifier.consumer import EndpointGone, Event, InMemoryProcessedEvents, RecordOutcome, RetryPolicy
from lead_qualifier.consumer.errors import PermanentFailure, RetryLater, UnhandledEvent
from lead_qualifier.consumer.handler_loop import Handler, HandlerLoop
from lead_qualifier.consumer.scheduler import PartitionState, Scheduler
from lead_qualifier.kafka.records import Record


def record(offset: int, key: bytes) -> Record:
    value = b'{"event_id": "e-%d"}' % offset
    return Record(topic="t", partition=0, offset=offset, timestamp_ms=0, key=key, value=value, headers=())


class HandlerLoopHarness:
    """Two records of different leads, and a handler."""

    def __init__(self, handler: Handler) -> None:
        self.outcomes: list[RecordOutcome] = []
        self.ended = 0
        self.scheduler = Scheduler()
        self.partition = PartitionState("t", 0)
        self.scheduler.add(self.partition, record(0, b"L-0"))
        self.scheduler.add(self.partition, record(1, b"L-1"))
        self.loop = HandlerLoop(
            self.scheduler,
            handler,
            retry=RetryPolicy(attempts=3),
            processed=InMemoryProcessedEvents(),
            dead_letters=None,
            topic_prefix="",
            observer=self._observe,
            on_failure=self._end,
        )

    def serve(self) -> None:
        self.loop.serve()

    def _observe(self, outcome: RecordOutcome) -> None:
        self.outcomes.append(outcome)
        if outcome.offset == 1:
            self.scheduler.stop()

    def _end(self) -> None:
        self.ended += 1


@pytest.mark.parametrize(
    ("raised", "failure", "message"),
    [
        (EndpointGone("HTTP 410"), EndpointGone, "HTTP 410"),
        (PermanentFailure("no such owner"), UnhandledEvent, "t/0/0 cannot be handled: no such owner; fix"),
    ],
)
def test_what_ends_the_consumer_is_not_committed(raised: Exception, failure: type[Exception], message: str) -> None:
    def handle(event: Event) -> None:
        if event.offset == 0:
            raise raised

    harness = HandlerLoopHarness(handle)
    harness.serve()
    assert isinstance(harness.loop.failure, failure)
    assert message in str(harness.loop.failure)
    assert harness.ended == 1
    assert [(one.offset, one.outcome) for one in harness.outcomes] == [(1, "handled")]
    assert harness.scheduler.committable(harness.partition) == 0


def test_a_retry_says_when_and_why() -> None:
    def handle(event: Event) -> None:
        if event.offset == 0:
            raise RetryLater(7, "busy", counts=False)

    harness = HandlerLoopHarness(handle)
    harness.serve()
    first = harness.outcomes[0]
    assert (first.outcome, first.delay, first.reason, first.attempt) == ("retried", 7, "busy", 1)
    assert harness.loop.failure is None
    assert harness.ended == 0
