"""The engine's tracer: each step of an application is a span."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from opentelemetry.trace import Span

from lead_qualifier.engine import Application, Headers, Record
from lead_qualifier.engine.tracer import Step
from lead_qualifier.services.consumer_spans import ConsumerSpans, headers_of


class SpanTracer:
    """The tracer of one application."""

    def __init__(self, spans: ConsumerSpans, application: Application) -> None:
        self._spans = spans
        self._application = application

    def record(self, record: Record, trace: Headers) -> Step:
        """A child of the trace's span; without a trace, the root of a new one."""
        return _step(self._start(record, trace, self._lead_id(record.key)), record)

    def timer(self, key: bytes | None, trace: Headers) -> Step:
        """A child of the span of the record that set the timer."""
        return _step(self._spans.start_timer(trace, self._application.name, self._lead_id(key)), None)

    def committed(self, spans: Iterable[_Open], rejected: Iterable[tuple[Record, str]]) -> None:
        """End the spans. Each dead letter has one, which is an error, even if nothing else follows from its record.

        A span that starts here has no key: the key of a record that cannot be processed may be anything.
        """
        errors = {id(record): (record, str(kind)) for record, kind in rejected}
        for one in spans:
            _, error = errors.pop(id(one.record), (None, None))
            self._spans.end(one.span, error)
        for record, error in errors.values():
            self._spans.end(self._start(record, self._application.trace_of(record), None), error)

    def _start(self, record: Record, trace: Headers, lead_id: bytes | None) -> Span:
        return self._spans.start(trace, record.topic, record.partition, record.offset, lead_id)

    def _lead_id(self, key: bytes | None) -> bytes | None:
        """The key, if it is a lead's id: keys of other applications name other things, people among them."""
        return key if self._application.keyed else None


class _Open(NamedTuple):
    span: Span
    record: Record | None


def _step(span: Span, record: Record | None) -> Step:
    return Step(headers_of(span), _Open(span, record) if span.is_recording() else None)
