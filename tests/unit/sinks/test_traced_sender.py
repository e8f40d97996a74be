"""An attempt to deliver an event is a span, and the request belongs to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.trace import StatusCode

from lead_qualifier.consumer import Event, RetryLater
from lead_qualifier.sinks.answers import Delivered
from lead_qualifier.sinks.traced_sender import TracedSender
from tests.support.sink_events import LEAD, event
from tests.support.spans import RecordedSpans

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = [
    ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01".encode()),
    ("tracestate", b"a=1"),
    ("ce_id", b"e-1"),
]


@pytest.fixture
def spans() -> Iterator[RecordedSpans]:
    made = RecordedSpans()
    yield made
    made.close()


def sender(spans: RecordedSpans, outcome: Delivered | RetryLater, sent: list[Event]) -> TracedSender:
    def send(one: Event) -> Delivered:
        sent.append(one)
        if isinstance(outcome, RetryLater):
            raise outcome
        return outcome

    return TracedSender(send, spans.consumer("lead-qualifier-webhook-crm"), "acme.")


def test_the_request_is_a_child_of_the_attempt_and_that_of_the_event(spans: RecordedSpans) -> None:
    sent: list[Event] = []
    assert sender(spans, "delivered", sent)(event(headers=TRACED)) == "delivered"
    (span,) = spans.exported()
    assert span.context is not None
    assert span.parent is not None
    assert sent[0].trace == {"traceparent": f"00-{TRACE}-{span.context.span_id:016x}-01", "tracestate": "a=1"}
    assert sent[0].event_id == "e-1", "the other headers stay"
    assert (f"{span.parent.span_id:016x}", span.name) == ("00f067aa0ba902b7", "process acme.lead-qualified")
    attributes = span.attributes or {}
    assert attributes["messaging.kafka.message.key"] == LEAD
    assert attributes["lead_qualifier.outcome"] == "delivered"
    assert attributes["messaging.consumer.group.name"] == "lead-qualifier-webhook-crm"


def test_a_failed_attempt_is_an_error_without_the_endpoint_s_words(spans: RecordedSpans) -> None:
    with pytest.raises(RetryLater):
        sender(spans, RetryLater(1, "HTTP 500: Anna"), [])(event(headers=TRACED))
    (span,) = spans.exported()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert (span.attributes or {})["error.type"] == "RetryLater"
    assert span.events == ()


def test_an_event_that_is_left_out_is_no_span(spans: RecordedSpans) -> None:
    assert sender(spans, "filtered", [])(event(headers=TRACED)) == "filtered"
    assert spans.exported() == []
