"""Prometheus metrics of a sink; no label carries anything about a lead."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from lead_qualifier.consumer import RecordOutcome
from lead_qualifier.services.process_metrics import add_process_metrics
from lead_qualifier.sinks.circuit import State

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

Lag = Callable[[], dict[tuple[str, int], int]]


class SinkMetrics:
    """Counts attempts and outcomes as they are reported; gauges are read when scraped."""

    def __init__(self, sink: str) -> None:
        self.registry = CollectorRegistry()
        add_process_metrics(self.registry)
        self._sink = sink
        self._attempts = Counter(
            "lead_qualifier_sink_attempts",
            "Attempts to deliver an event, by outcome: delivered, nothing_to_do, filtered, overruled, retried, "
            "refused, gone.",
            ["sink", "outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "lead_qualifier_sink_attempt_seconds",
            "Duration of an attempt.",
            ["sink"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._events = Counter(
            "lead_qualifier_sink_events",
            "What became of records, by topic (without prefix): handled, duplicate, retried, dead_letter.",
            ["sink", "topic", "outcome"],
            registry=self.registry,
        )

    def watch(self, state: Callable[[], State], lag: Lag) -> None:
        """Show the circuit breaker's state and the lag from now on."""
        self._state, self._lag = state, lag
        self.registry.register(self)

    def attempt(self, outcome: str, seconds: float) -> None:
        """The delivery made an attempt."""
        self._attempts.labels(self._sink, outcome).inc()
        self._seconds.labels(self._sink).observe(seconds)

    def record(self, outcome: RecordOutcome) -> None:
        """The consumer reports what became of a record."""
        self._events.labels(self._sink, outcome.topic, outcome.outcome).inc()

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)

    def collect(self) -> Iterable[Metric]:
        """The gauges; called by prometheus-client."""
        circuit = GaugeMetricFamily(
            "lead_qualifier_sink_circuit",
            "1 for the current state of the circuit breaker: closed, open or half_open.",
            labels=["sink", "state"],
        )
        now = self._state()
        for state in State:
            circuit.add_metric([self._sink, state.value], int(state is now))
        lag = GaugeMetricFamily(
            "lead_qualifier_sink_lag_records",
            "Unfinished records, by topic and partition of this process.",
            labels=["sink", "topic", "partition"],
        )
        for (topic, partition), behind in self._lag().items():
            lag.add_metric([self._sink, topic, str(partition)], behind)
        yield from (circuit, lag)
