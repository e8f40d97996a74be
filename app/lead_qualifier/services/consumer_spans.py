"""The spans of one consumer group, by OpenTelemetry's conventions for messaging.

https://opentelemetry.io/docs/specs/semconv/messaging/kafka/
"""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.trace.status import StatusCode
from prometheus_client import Counter

from lead_qualifier import __version__
from lead_qualifier.engine import Headers

#: A key is an id, but producers may send anything.
_LONGEST_KEY = 256
_ROOT = Context()
_W3C = TraceContextTextMapPropagator()


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
        """A record is being processed. `topic`: its full name. `lead_id`: the record's key, if that is a lead's id."""
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
        """What follows from it is committed. `error`: the class of what went wrong."""
        if not span.is_recording():
            return
        if error is not None:
            span.set_attribute("error.type", error)
            span.set_status(StatusCode.ERROR)
        self._ended.inc()
        span.end()


def headers_of(span: Span) -> list[tuple[str, bytes | None]]:
    """`traceparent` and `tracestate` for what follows from the span; empty where OTEL_SDK_DISABLED is set."""
    texts: dict[str, str] = {}
    _W3C.inject(texts, set_span_in_context(span, _ROOT))
    return [(name, text.encode()) for name, text in texts.items()]


def _parent(trace: Headers) -> Context:
    """`trace` is valid, or empty."""
    return _W3C.extract({name: content.decode() for name, content in trace if content is not None}, _ROOT)


def _key(lead_id: bytes | None) -> dict[str, str | int]:
    if lead_id is None:
        return {}
    return {"messaging.kafka.message.key": lead_id[:_LONGEST_KEY].decode(errors="replace")}
