"""Spans of OpenTelemetry. They start while records are processed, end once what follows is committed, and are exported
by OTLP in a thread of their own. The variables OTEL_* configure the endpoint, the sampling and the service's name.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry, Counter
from typing_extensions import override

from lead_qualifier import __version__
from lead_qualifier.services.consumer_spans import ConsumerSpans
from lead_qualifier.services.service import Service
from lead_qualifier.services.span_tracer import SpanTracer

log = structlog.get_logger(__name__)

#: How long (seconds) the end of the process waits for the last spans to be exported.
_FLUSH_SECONDS = 3.0
#: Loggers that report an unreachable endpoint in many lines. We log it once, with the first line as the reason.
_VERBOSE = ("opentelemetry.exporter", "opentelemetry.sdk._shared_internal")
#: A logger that quotes each tracestate that it cannot read. Others write them, perhaps with every record.
_QUOTING = "opentelemetry.trace.span"
#: A logger that quotes an unusable OTEL_EXPORTER_OTLP_HEADERS, passwords included.
_TELLING = "opentelemetry.util.re"
#: How the SDK's name for a service without OTEL_SERVICE_NAME begins.
_UNNAMED = "unknown_service"


class Spans:
    """The spans of one process. Its services have their own names, and share one bounded queue and one exporter."""

    def __init__(self, registry: CollectorRegistry, exporter: SpanExporter | None = None) -> None:
        """`registry`: for the metrics. `exporter`: replaces the one for OTLP."""
        logging.getLogger(_QUOTING).disabled = True
        logging.getLogger(_TELLING).addFilter(_without_values)
        counter = Counter(
            "lead_qualifier_spans",
            "Spans by what became of them: ended, and then exported or failed.",
            ["result"],
            registry=registry,
        )
        self._ended = counter.labels("ended")
        self._queue = BatchSpanProcessor(_WatchedExporter(exporter or OTLPSpanExporter(), counter))
        self._resource = Resource.create({SERVICE_VERSION: __version__})

    def traced(self, service: Service) -> Service:
        """The same service, with a span for each step."""
        spans = self.consumer(service.group_id)
        return replace(
            service, applications=tuple(replace(one, tracer=SpanTracer(spans, one)) for one in service.applications)
        )

    def consumer(self, group_id: str) -> ConsumerSpans:
        """The spans of a consumer group. OpenTelemetry sees each group as a service."""
        resource = self._resource
        if str(resource.attributes[SERVICE_NAME]).startswith(_UNNAMED):
            resource = resource.merge(Resource({SERVICE_NAME: group_id}))
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(self._queue)
        return ConsumerSpans(provider, group_id, self._ended)

    def flush(self) -> None:
        """Export what has ended, however long that takes."""
        self._queue.force_flush()

    def close(self) -> None:
        """Export what has ended, for a few seconds at most."""
        # the SDK alone would wait half a minute for an endpoint that does not answer
        thread = threading.Thread(target=self._queue.shutdown, name="last-spans", daemon=True)
        thread.start()
        thread.join(_FLUSH_SECONDS)


class _WatchedExporter(SpanExporter):
    """Counts spans, and logs once when exporting fails and once when it works again. Used by the queue's thread."""

    def __init__(self, exporter: SpanExporter, counter: Counter) -> None:
        self._exporter = exporter
        self._exported, self._failed = counter.labels("exported"), counter.labels("failed")
        self._away = False
        self._lines = _FirstLine()
        for name in _VERBOSE:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [self._lines], False

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        succeeded = result is SpanExportResult.SUCCESS
        (self._exported if succeeded else self._failed).inc(len(spans))
        if succeeded == self._away:
            if self._away:
                log.info("spans_exported_again")
            else:
                log.warning("spans_not_exported", reason=self._lines.text)
            self._away = not succeeded
        self._lines.text = ""
        return result

    @override
    def shutdown(self) -> None:
        self._exporter.shutdown()


def _without_values(record: logging.LogRecord) -> bool:
    """A filter that replaces the values in a line by dots."""
    record.args = ("...",) * len(record.args or ())
    return True


class _FirstLine(logging.Handler):
    """Keeps the first line that is logged, until `text` is cleared."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.text = self.text or record.getMessage()
