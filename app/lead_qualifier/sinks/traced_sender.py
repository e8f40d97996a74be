"""Makes each attempt to deliver an event a span; the sink's requests belong to its trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lead_qualifier.consumer import Event
from lead_qualifier.messages.trace_context import TRACEPARENT, TRACESTATE, trace_of
from lead_qualifier.services.consumer_spans import ConsumerSpans, headers_of
from lead_qualifier.sinks.answers import Delivered

#: Outcomes without a request to the endpoint.
_WITHOUT_EFFECT = frozenset({"filtered", "nothing_to_do"})


class TracedSender:
    """Sends as `send` does. Any thread may call it."""

    def __init__(self, send: Callable[[Event], Delivered], spans: ConsumerSpans, topic_prefix: str) -> None:
        """`spans`: of the sink's consumer group."""
        self._send = send
        self._spans = spans
        self._prefix = topic_prefix

    def __call__(self, event: Event) -> Delivered:
        """Raises what `send` raises."""
        trace = trace_of(event.raw_value, event.headers)
        lead_id = event.raw_key if event.data.get("lead_id") == event.key else None
        span = self._spans.start(trace, self._prefix + event.topic, event.partition, event.offset, lead_id)
        rest = (one for one in event.headers if one[0] not in {TRACEPARENT, TRACESTATE})
        try:
            delivered = self._send(replace(event, headers=(*headers_of(span), *rest)))
        except Exception as failure:
            self._spans.end(span, type(failure).__name__)
            raise
        if delivered not in _WITHOUT_EFFECT:
            span.set_attribute("lead_qualifier.outcome", delivered)
            self._spans.end(span)
        return delivered
