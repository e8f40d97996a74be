"""The spans of one consumer group, by OpenTelemetry's conventions for messaging.

https://opentelemetry.io/docs/specs/semconv/messaging/kafka/
"""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags, set_span_in_context
from opentelemetry.trace.span import TraceState
from opentelemetry.trace.status import StatusCode
from prometheus_client import Counter

from lead_qualifier import __version__
from lead_qualifier.engine import Headers
from lead_qualifier.messages.trace_context import TRACEPARENT, TRACESTATE

#: A key is an id, but producers may send anything.
_LONGEST_KEY = 256
_ROOT = Context()


class ConsumerSpans:
    """Starts and ends the spans of one consumer group. Any thread may call it; nothing here waits."""

    def __init__(self, provider: TracerProvider, group_id: str, ended: Counter) -> None:
        """`ended` counts the spans that have ended."""
        self._tracer = provider.get_tracer("lead_qualifier", __version__)
        self._ended = ended
        self._attributes: dict[str, str | int] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.consumer.group.name": group_id,
        }

    def start(self, trace: Headers, topic: str, partition: int, offset: int, lead_id: bytes | None) -> Span:
        """A record is being processed. `topic`: by its full name. `lead_id`: the record's key, if that is one."""
        attributes = self._attributes | {
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(partition),
            "messaging.kafka.offset": offset,
            **_key(lead_id),
        }
        return self._tracer.start_span(f"process {topic}", _parent(trace), SpanKind.CONSUMER, attributes)

    def start_timer(self, trace: Headers, name: str, lead_id: bytes | None) -> Span:
        """A timer has fired, in the application of this name."""
        return self._tracer.start_span(f"timer {name}", _parent(trace), attributes=_key(lead_id))

    def end(self, span: Span, error: str | None = None) -> None:
        """What follows is committed. `error`: the class of what went wrong."""
        if not span.is_recording():
            return
        if error is not None:
            span.set_attribute("error.type", error)
            span.set_status(StatusCode.ERROR)
        self._ended.inc()
        span.end()


def headers_of(span: Span) -> list[tuple[str, bytes | None]]:
    """`traceparent` and `tracestate` for what follows from it."""
    context = span.get_span_context()
    if not context.is_valid:  # OTEL_SDK_DISABLED
        return []
    parent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    headers: list[tuple[str, bytes | None]] = [(TRACEPARENT, parent.encode())]
    if context.trace_state:
        headers.append((TRACESTATE, context.trace_state.to_header().encode()))
    return headers


def _parent(trace: Headers) -> Context:
    """`trace` is valid, or empty."""
    if not trace:
        return _ROOT
    texts = {name: content.decode() for name, content in trace if content is not None}
    _, trace_id, span_id, flags, *_ = texts[TRACEPARENT].split("-")
    state = texts.get(TRACESTATE)
    context = SpanContext(
        trace_id=int(trace_id, 16),
        span_id=int(span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(flags, 16)),
        trace_state=None if state is None else TraceState.from_header([state]),
    )
    return set_span_in_context(NonRecordingSpan(context), _ROOT)


def _key(lead_id: bytes | None) -> dict[str, str | int]:
    if lead_id is None:
        return {}
    return {"messaging.kafka.message.key": lead_id[:_LONGEST_KEY].decode(errors="replace")}
