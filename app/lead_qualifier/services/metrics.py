"""Prometheus metrics of a process that hosts services; no label carries anything about a lead."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from typing_extensions import override

from lead_qualifier.engine import Observer, PartitionResult
from lead_qualifier.services.end_to_end import EndToEnd
from lead_qualifier.services.gauges import Gauges
from lead_qualifier.services.process_metrics import add_process_metrics
from lead_qualifier.services.service import HostedService

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_RESTORATION_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


class Metrics:
    """Counters change after each commit, gauges are read when scraped."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        add_process_metrics(registry)
        self.events = Counter(
            "lead_qualifier_events", "Records processed, by topic (without prefix).", ["topic"], registry=registry
        )
        self.dead_letters = Counter(
            "lead_qualifier_dead_letters",
            "Records sent to the dead letters, by their topic and the class of the reason.",
            ["topic", "reason"],
            registry=registry,
        )
        self.transactions = Counter("lead_qualifier_transactions", "Transactions committed.", registry=registry)
        self.aborted = Counter(
            "lead_qualifier_aborted_transactions", "Transactions aborted or of unknown outcome.", registry=registry
        )
        self.rebalances = Counter(
            "lead_qualifier_rebalances",
            "Assignments that the consumer groups gave to this process, the first ones included.",
            registry=registry,
        )
        self.processing = Histogram(
            "lead_qualifier_decisions_seconds",
            "Time to process the records of one cycle.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.transaction = Histogram(
            "lead_qualifier_transaction_seconds",
            "Time to write and commit one cycle.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.restoration = Histogram(
            "lead_qualifier_restoration_seconds",
            "Time from the assignment of a partition until it is processed.",
            buckets=_RESTORATION_SECONDS,
            registry=registry,
        )
        self.end_to_end = EndToEnd(registry)
        self.last_commit: float | None = None
        self.prefix = ""
        registry.register(self)

    def watch(self, hosted: Sequence[HostedService], *, topic_prefix: str) -> None:
        """Register the gauges."""
        self.prefix = topic_prefix
        self.registry.register(Gauges(hosted, topic_prefix))

    def observer(self, service: str) -> Observer:
        """The observer for the engine of a service."""
        return _ServiceObserver(self, service)

    def count(self, what: object, count: int) -> None:
        """Add to the service's own counters. `what`: the key under which its processors count."""

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)

    def collect(self) -> Iterable[Metric]:
        """Called by prometheus-client: what does not exist before the first commit."""
        committed = GaugeMetricFamily(
            "lead_qualifier_last_commit_timestamp_seconds",
            "When the last transaction was committed (seconds since 1970).",
        )
        if self.last_commit is not None:
            committed.add_metric([], self.last_commit)
            yield committed


class _ServiceObserver(Observer):
    def __init__(self, metrics: Metrics, service: str) -> None:
        self._metrics = metrics
        self._service = service

    @override
    def cycle(self, results: Sequence[PartitionResult], *, process_seconds: float, transaction_seconds: float) -> None:
        metrics, now = self._metrics, time.time()
        metrics.processing.observe(process_seconds)
        metrics.transaction.observe(transaction_seconds)
        metrics.transactions.inc()
        metrics.last_commit = now
        for result in results:
            context = result.context
            for topic, count in context.record_counts.items():
                metrics.events.labels(topic.removeprefix(metrics.prefix)).inc(count)
            for record, _, kind in context.dead_letters:
                metrics.dead_letters.labels(record.topic.removeprefix(metrics.prefix), str(kind)).inc()
            for what, count in context.counts.items():
                metrics.count(what, count)
            metrics.end_to_end.committed(self._service, (b.records for b in result.batches), int(now * 1000))

    @override
    def aborted(self, reason: str) -> None:
        self._metrics.aborted.inc()

    @override
    def rebalanced(self) -> None:
        self._metrics.rebalances.inc()

    @override
    def restored(self, seconds: float) -> None:
        self._metrics.restoration.observe(seconds)
