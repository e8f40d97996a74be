"""What a tracing backend gets to see: exported spans in memory, and a receiver of OTLP over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry

from lead_qualifier.services.spans import Spans
from tests.support.http_endpoint import Raw, Reply, Request


class InMemoryExporter(SpanExporter):
    """`answer` decides what becomes of a batch."""

    def __init__(self) -> None:
        self.exported: list[ReadableSpan] = []
        self.answer: Callable[[], SpanExportResult] = lambda: SpanExportResult.SUCCESS

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self.answer()
        if result is SpanExportResult.SUCCESS:
            self.exported += spans
        return result


class RecordedSpans(Spans):
    """The spans of a process, to be looked at."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.exporter = InMemoryExporter()
        super().__init__(self.registry, self.exporter)

    def exported(self) -> list[ReadableSpan]:
        """Those that have ended so far."""
        self.flush()
        return self.exporter.exported

    def count(self, result: str) -> float | None:
        """As the metrics show it."""
        return self.registry.get_sample_value("lead_qualifier_spans_total", {"result": result})


@dataclass(frozen=True)
class ReceivedSpan:
    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str]


class OtlpReceiver:
    """How an HTTP endpoint behaves that takes traces."""

    def __init__(self) -> None:
        self.spans: list[ReceivedSpan] = []

    def __call__(self, request: Request) -> Reply | Raw:
        assert request.path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(request.body).resource_spans:
            of_service = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.spans += [
                ReceivedSpan(
                    service=of_service["service.name"],
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    attributes={one.key: one.value.string_value or str(one.value.int_value) for one in span.attributes},
                )
                for scope in resource.scope_spans
                for span in scope.spans
            ]
        return Reply(200)
