"""Prometheus metrics of a worker. Names end in their unit; no label carries anything about a lead."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from app.engine import Application, Unit
from app.engine.engine import Engine
from app.engine.intake import TopicPartition
from app.engine.partitioning import BUCKETS

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The engine's observer; the counters are told after each commit, the gauges are read when scraped."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter(
            "lead_qualifier_events", "Records decided, by topic (without prefix).", ["topic"], registry=self.registry
        )
        self._outcomes = Counter(
            "lead_qualifier_outcomes",
            "What became of an event at a qualification model, by the words of the domain.",
            ["model", "outcome"],
            registry=self.registry,
        )
        self._shadow = Counter(
            "lead_qualifier_shadow",
            "Scores by whose criteria they meet: a live version's, those of the draft in its shadow, both or neither.",
            ["model", "difference"],
            registry=self.registry,
        )
        self._lead_changes = Counter(
            "lead_qualifier_lead_changes", "What became of lead-changed events.", ["result"], registry=self.registry
        )
        self._merges = Counter(
            "lead_qualifier_lead_merges", "What became of lead-merged events.", ["result"], registry=self.registry
        )
        self._handovers = Counter(
            "lead_qualifier_handovers",
            "Hand-overs of merged leads: sent, taken_over by the survivor, dropped since it was erased.",
            ["result"],
            registry=self.registry,
        )
        self._swept = Counter(
            "lead_qualifier_swept_leads", "Known leads looked at because a model was published.", registry=self.registry
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
        #: Totals for whoever shows them (the demo): events, and outcomes by word.
        self.started_at = time.time()

    def watch(
        self,
        engine: Engine,
        *,
        topic_prefix: str,
        criteria_revision: Callable[[], int],
        end_offsets: Callable[[], dict[TopicPartition, int]],
    ) -> None:
        """Add the gauges that are read when scraped."""
        self._prefix = topic_prefix
        self.registry.register(_Gauges(engine, topic_prefix, criteria_revision, end_offsets))

    def cycle(
        self, units: Sequence[tuple[Application, Unit]], *, decide_seconds: float, transaction_seconds: float
    ) -> None:
        """A cycle has been committed."""
        self._decide.observe(decide_seconds)
        self._transaction.observe(transaction_seconds)
        for _, unit in units:
            for topic, count in unit.taken.items():
                self._events.labels(topic.removeprefix(self._prefix)).inc(count)
            for record, _ in unit.dead_letters:
                self._dead_letters.labels(record.topic.removeprefix(self._prefix)).inc()
            for what, count in unit.counts.items():
                self._count(what, count)

    def aborted(self, reason: str) -> None:
        """A transaction was aborted, or nobody knows."""
        self._aborted.inc()

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)

    def _count(self, what: object, count: int) -> None:
        match what:
            case ("outcome", model, outcome):
                self._outcomes.labels(model, outcome).inc(count)
            case ("shadow", model, difference):
                self._shadow.labels(model, difference).inc(count)
            case ("lead_changed", result):
                self._lead_changes.labels(result).inc(count)
            case ("lead_merged", result):
                self._merges.labels(result).inc(count)
            case ("handover", result):
                self._handovers.labels(result).inc(count)
            case "swept":
                self._swept.inc(count)


class _Gauges:
    """Read at scrape time from what is held anyway."""

    def __init__(
        self,
        engine: Engine,
        prefix: str,
        criteria_revision: Callable[[], int],
        end_offsets: Callable[[], dict[TopicPartition, int]],
    ) -> None:
        self._engine = engine
        self._prefix = prefix
        self._criteria_revision = criteria_revision
        self._end_offsets = end_offsets

    def collect(self) -> Iterable[Metric]:
        """Called by prometheus-client."""
        lag = GaugeMetricFamily(
            "lead_qualifier_lag_records",
            "Records not decided yet, by topic and partition.",
            labels=["topic", "partition"],
        )
        keys = GaugeMetricFamily("lead_qualifier_held_keys", "Keys held, by application.", labels=["application"])
        unreadable = GaugeMetricFamily(
            "lead_qualifier_unreadable_state_records",
            "Records of the state's changelog that cannot be read, by application.",
            labels=["application"],
        )
        sweeping = GaugeMetricFamily(
            "lead_qualifier_sweep_progress",
            "Share of the known leads looked at since a model was published, by partition being looked through.",
            labels=["partition"],
        )
        ends = self._end_offsets()
        held: dict[str, int] = {}
        broken: dict[str, int] = {}
        for partition in self._engine.open_partitions():
            held[partition.application.name] = held.get(partition.application.name, 0) + len(partition.entries)
            broken[partition.application.name] = broken.get(partition.application.name, 0) + partition.unreadable_count
            if partition.position is None:
                continue
            if partition.position.sweep is not None:
                share = partition.position.sweep.bucket / BUCKETS
                sweeping.add_metric([str(partition.number)], share)
            for topic, offset in partition.position.next.items():
                end = ends.get((topic, partition.number))
                if end is not None:
                    lag.add_metric([topic.removeprefix(self._prefix), str(partition.number)], max(0, end - offset))
        for application, count in held.items():
            keys.add_metric([application], count)
            unreadable.add_metric([application], broken[application])
        yield lag
        yield sweeping
        yield keys
        yield unreadable
        yield GaugeMetricFamily(
            "lead_qualifier_criteria_revision",
            "Revision of the criteria this worker decides by.",
            value=self._criteria_revision(),
        )
        yield GaugeMetricFamily(
            "lead_qualifier_open_partitions",
            "Partitions this worker decides.",
            value=len(self._engine.open_partitions()),
        )
        yield GaugeMetricFamily(
            "lead_qualifier_assigned_partitions",
            "Partitions that the consumer group gave to this worker.",
            value=len(self._engine.assigned_partitions()),
        )
