"""Prometheus metrics of a process that hosts services; no label carries anything about a lead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from typing_extensions import override

from lead_qualifier.engine import Application, Observer, ProcessorContext
from lead_qualifier.engine.partitioning import BUCKETS
from lead_qualifier.services.service import HostedService

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics(Observer):
    """Observes the engines: counters change after each commit, gauges are read when scraped."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter(
            "lead_qualifier_events", "Records decided, by topic (without prefix).", ["topic"], registry=self.registry
        )
        self._dead_letters = Counter(
            "lead_qualifier_dead_letters",
            "Records sent to the dead letters, by their topic.",
            ["topic"],
            registry=self.registry,
        )
        self._aborted = Counter(
            "lead_qualifier_aborted_transactions", "Transactions aborted or of unknown outcome.", registry=self.registry
        )
        self._decide = Histogram(
            "lead_qualifier_decisions_seconds",
            "Time to decide the records of one cycle.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._transaction = Histogram(
            "lead_qualifier_transaction_seconds",
            "Time to write and commit one cycle.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._prefix = ""

    def watch(self, hosted: Sequence[HostedService], *, topic_prefix: str) -> None:
        """Register the gauges."""
        self._prefix = topic_prefix
        self.registry.register(_Gauges(hosted, topic_prefix))

    @override
    def cycle(
        self,
        contexts: Sequence[tuple[Application, ProcessorContext]],
        *,
        process_seconds: float,
        transaction_seconds: float,
    ) -> None:
        """A cycle has been committed."""
        self._decide.observe(process_seconds)
        self._transaction.observe(transaction_seconds)
        for _, context in contexts:
            for topic, count in context.record_counts.items():
                self._events.labels(topic.removeprefix(self._prefix)).inc(count)
            for record, _ in context.dead_letters:
                self._dead_letters.labels(record.topic.removeprefix(self._prefix)).inc()
            for what, count in context.counts.items():
                self.count(what, count)

    @override
    def aborted(self, reason: str) -> None:
        """A transaction was aborted, or its outcome is unknown."""
        self._aborted.inc()

    def count(self, what: object, count: int) -> None:
        """Add to the service's own counters. `what`: the key under which its processors count."""

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)


class _Gauges:
    """Reads the values at scrape time from the engines."""

    def __init__(self, hosted: Sequence[HostedService], prefix: str) -> None:
        self._hosted = hosted
        self._prefix = prefix

    def collect(self) -> Iterable[Metric]:
        """Called by prometheus-client."""
        lag = GaugeMetricFamily(
            "lead_qualifier_lag_records",
            "Records not decided yet, by service, topic and partition.",
            labels=["service", "topic", "partition"],
        )
        keys = GaugeMetricFamily("lead_qualifier_held_keys", "Keys held, by application.", labels=["application"])
        unreadable = GaugeMetricFamily(
            "lead_qualifier_unreadable_state_records",
            "Records of the state's changelog that cannot be read, by application.",
            labels=["application"],
        )
        sweeping = GaugeMetricFamily(
            "lead_qualifier_sweep_progress",
            "Share of the known keys looked at since a model was published, by partition being looked through.",
            labels=["application", "partition"],
        )
        revision = GaugeMetricFamily(
            "lead_qualifier_criteria_revision",
            "Revision of the rules this worker decides by, by what they are.",
            labels=["rules"],
        )
        opened = GaugeMetricFamily(
            "lead_qualifier_open_partitions", "Partitions this worker decides, by service.", labels=["service"]
        )
        assigned = GaugeMetricFamily(
            "lead_qualifier_assigned_partitions",
            "Partitions that the consumer group gave to this worker, by service.",
            labels=["service"],
        )
        clock = GaugeMetricFamily(
            "lead_qualifier_clock_difference_seconds",
            "This machine's clock minus the broker's at the last commit, by service.",
            labels=["service"],
        )
        held: dict[str, int] = {}
        broken: dict[str, int] = {}
        for hosted in self._hosted:
            service, ends = hosted.service.name, hosted.app.end_offsets()
            partitions = hosted.engine.open_partitions()
            for partition in partitions:
                name = partition.application.name
                held[name] = held.get(name, 0) + len(partition.store)
                broken[name] = broken.get(name, 0) + partition.unreadable_count
                if partition.checkpoint is None:
                    continue
                number = str(partition.number)
                if partition.checkpoint.sweep is not None:
                    sweeping.add_metric([name, number], partition.checkpoint.sweep.bucket / BUCKETS)
                for topic, offset in partition.checkpoint.next.items():
                    end = ends.get((topic, partition.number))
                    if end is not None:
                        lag.add_metric([service, topic.removeprefix(self._prefix), number], max(0, end - offset))
            for projection in hosted.service.projections:
                revision.add_metric([projection.name], projection.table.revision)
            if (difference := hosted.engine.clock_difference()) is not None:
                clock.add_metric([service], difference)
            opened.add_metric([service], len(partitions))
            assigned.add_metric([service], len(hosted.engine.assigned_partitions()))
        for application, count in held.items():
            keys.add_metric([application], count)
            unreadable.add_metric([application], broken[application])
        yield from (lag, sweeping, keys, unreadable, revision, opened, assigned, clock)
