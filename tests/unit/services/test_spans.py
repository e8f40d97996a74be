"""Which steps of a trace are spans, what these say, and what happens if nobody takes them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode
from structlog.testing import capture_logs
from typing_extensions import override

from lead_qualifier.engine import Headers, ProcessorContext, Rejected
from lead_qualifier.messages.trace_context import trace_of
from lead_qualifier.services.consumer_spans import headers_of
from lead_qualifier.services.service import Service
from tests.support.lead_cycles import LeadCycles
from tests.support.messages import encode, score
from tests.support.spans import RecordedSpans
from tests.unit.qualification.given import model, rules
from tests.unit.services.worker.test_merging import record_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SCORED = "00f067aa0ba902b7"
TRACED: Headers = [("traceparent", f"00-{TRACE}-{SCORED}-01".encode()), ("tracestate", b"a=1")]
NOT_SAMPLED: Headers = [("traceparent", f"00-{TRACE}-{SCORED}-00".encode())]


@pytest.fixture
def spans() -> Iterator[RecordedSpans]:
    made = RecordedSpans()
    yield made
    made.close()


class Worker(LeadCycles):
    def __init__(self, spans: RecordedSpans, hold: timedelta | None = None) -> None:
        super().__init__(rules(model(criteria={"engagement": 50.0}, hold=hold)))
        leads = replace(self.application, trace_of=lambda one: trace_of(one.value, one.headers))
        (self.application,) = spans.traced(Service("worker", "lead-qualifier", (leads,))).applications

    def takes(self, points: float, headers: Headers = (), *, committed: bool = True, key: bytes = b"L-1") -> list[str]:
        """The traceparents of what it emits."""
        context = self.begin()
        record = record_of("lead-score-changed", key, encode(score("L-1", "engagement", points, 1)), headers)
        context.record = record
        try:
            self.processor.process(record, context)
        except Rejected as rejected:
            context.reject(record, str(rejected), rejected.kind)
        if committed:
            self.commit(context)
        return self._parents(context)

    def wakes(self, now_ms: int) -> list[str]:
        return self._parents(self.wake(b"L-1", now_ms))

    @override
    def commit(self, context: ProcessorContext) -> None:
        super().commit(context)
        assert self.application.tracer is not None
        rejected = [(letter.record, letter.kind) for letter in context.dead_letters]
        self.application.tracer.committed(context.spans, rejected)

    @staticmethod
    def _parents(context: ProcessorContext) -> list[str]:
        return [(dict(output.headers).get("traceparent") or b"").decode() for output in context.outputs]


def id_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.span_id:016x}"


def trace_id_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def parent_of(span: ReadableSpan) -> str | None:
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def test_a_score_that_qualifies_a_lead_is_a_span_between_what_came_and_what_follows(spans: RecordedSpans) -> None:
    (parent,) = Worker(spans).takes(60, TRACED)
    (span,) = spans.exported()
    assert parent == f"00-{TRACE}-{id_of(span)}-01"
    assert (trace_id_of(span), parent_of(span)) == (TRACE, SCORED)
    assert (span.name, span.kind) == ("process lead-score-changed", SpanKind.CONSUMER)
    assert dict(span.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.consumer.group.name": "lead-qualifier",
        "messaging.destination.name": "lead-score-changed",
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "messaging.kafka.message.key": "L-1",
    }
    assert span.resource.attributes["service.name"] == "lead-qualifier"
    assert span.status.status_code is StatusCode.UNSET


def test_nothing_is_exported_that_is_not_committed(spans: RecordedSpans) -> None:
    assert Worker(spans).takes(60, TRACED, committed=False)
    assert spans.exported() == []


def test_a_score_that_leads_to_nothing_is_no_span(spans: RecordedSpans) -> None:
    assert Worker(spans).takes(40, TRACED) == []
    assert spans.exported() == []


def test_a_score_without_a_trace_begins_one(spans: RecordedSpans) -> None:
    (parent,) = Worker(spans).takes(60)
    (span,) = spans.exported()
    assert parent == f"00-{trace_id_of(span)}-{id_of(span)}-03"
    assert parent_of(span) is None


def test_a_trace_that_its_producer_does_not_sample_goes_on_without_spans(spans: RecordedSpans) -> None:
    (parent,) = Worker(spans).takes(60, NOT_SAMPLED)
    assert parent.startswith(f"00-{TRACE}-")
    assert parent.endswith("-00")
    assert spans.exported() == []


def test_a_hold_is_a_span_when_it_begins_and_one_when_it_ends(spans: RecordedSpans) -> None:
    worker = Worker(spans, timedelta(seconds=1))
    assert worker.takes(60, TRACED) == []
    (parent,) = worker.wakes(2_000)
    began, ended = spans.exported()
    assert (began.name, parent_of(began)) == ("process lead-score-changed", SCORED)
    assert (ended.name, parent_of(ended)) == ("timer leads", id_of(began))
    assert parent == f"00-{TRACE}-{id_of(ended)}-01"


def test_a_dead_letter_is_an_error_and_its_reason_stays_at_home(spans: RecordedSpans) -> None:
    Worker(spans).takes(60, TRACED, key=b"anna@example.com")
    (span,) = spans.exported()
    assert parent_of(span) == SCORED
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    attributes = span.attributes or {}
    assert attributes["error.type"] == "wrong_key"
    assert not [text for text in attributes.values() if "anna" in str(text)], "what is no lead's id"


def test_a_service_may_have_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "leads")
    spans = RecordedSpans()
    Worker(spans).takes(60)
    assert [span.resource.attributes["service.name"] for span in spans.exported()] == ["leads"]
    spans.close()


def test_the_share_of_traces_that_begin_here_is_a_setting_of_opentelemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    spans = RecordedSpans()
    (parent,) = Worker(spans).takes(60)
    assert int(parent[-2:], 16) & 1 == 0, "whoever reads it decides alike"
    Worker(spans).takes(60, TRACED)
    assert [parent_of(span) for span in spans.exported()] == [SCORED]
    spans.close()


def test_opentelemetry_can_be_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    spans = RecordedSpans()
    assert Worker(spans).takes(60, TRACED) == [f"00-{TRACE}-{SCORED}-01"]
    assert Worker(spans).takes(60) == [""]
    assert spans.exported() == []
    spans.close()


def test_a_tracestate_that_opentelemetry_cannot_read_is_dropped_and_not_logged(
    spans: RecordedSpans, caplog: pytest.LogCaptureFixture
) -> None:
    (parent,) = Worker(spans).takes(60, [TRACED[0], ("tracestate", b"Anna=1")])
    assert parent.startswith(f"00-{TRACE}-")
    (span,) = spans.exported()
    assert span.context is not None
    assert not span.context.trace_state
    assert caplog.text == ""


_HEX = "0123456789abcdef"
_PARENTS = st.tuples(
    st.sampled_from(["00", "01", "cc"]),
    st.text(_HEX, min_size=32, max_size=32),
    st.text(_HEX, min_size=16, max_size=16),
).flatmap(lambda parts: st.text(_HEX, min_size=2, max_size=2).map(lambda flags: "-".join((*parts, flags)).encode()))


@given(parent=_PARENTS, state=st.binary(max_size=600) | st.text("abz=,; \t@/_-*09", max_size=600).map(str.encode))
def test_whatever_is_a_trace_goes_on(parent: bytes, state: bytes) -> None:
    trace = trace_of(None, [("traceparent", parent), ("tracestate", state)])
    span = SHARED.consumer("g").start(trace, "t", 0, 0, b"\xff")
    written = trace_of(None, headers_of(span))
    assert written
    if trace:
        assert written[0][1].split(b"-")[1] == parent.split(b"-")[1]


SHARED = RecordedSpans()


def test_an_endpoint_that_is_away_is_reported_once_and_so_is_its_return(spans: RecordedSpans) -> None:
    def refuse() -> SpanExportResult:
        logging.getLogger("opentelemetry.exporter.otlp").warning("connection refused, retrying")
        logging.getLogger("opentelemetry.exporter.otlp").error("given up")
        return SpanExportResult.FAILURE

    worker = Worker(spans)
    worker.takes(60, TRACED)
    with capture_logs() as logs:
        for answer in (refuse, refuse, lambda: SpanExportResult.SUCCESS):
            spans.exporter.answer = answer
            _end_one(spans)
            spans.flush()
    assert [(one["event"], one.get("reason")) for one in logs] == [
        ("spans_not_exported", "connection refused, retrying"),
        ("spans_exported_again", None),
    ]
    assert (spans.count("ended"), spans.count("failed"), spans.count("exported")) == (4, 3, 1)


def test_an_endpoint_that_never_answers_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
    spans, released = RecordedSpans(), threading.Event()

    def wait() -> SpanExportResult:
        released.wait(30)
        return SpanExportResult.SUCCESS

    spans.exporter.answer = wait
    began = time.monotonic()
    for _ in range(1_000):
        _end_one(spans)
    assert time.monotonic() - began < 5
    released.set()
    spans.flush()
    assert spans.count("ended") == 1_000
    assert len(spans.exporter.exported) <= 120, "the queue is bounded: the rest found no room"
    spans.close()


def _end_one(spans: RecordedSpans) -> None:
    consumer = spans.consumer("g")
    consumer.end(consumer.start((), "t", 0, 0, None))
