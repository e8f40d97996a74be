"""What Prometheus reads from the engines when it scrapes: lag, state, restoration, timers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric

from lead_qualifier.engine import Partition
from lead_qualifier.engine.partitioning import BUCKETS
from lead_qualifier.messages.plausible_time import has_time
from lead_qualifier.services.service import HostedService


class Gauges:
    """A collector of the prometheus-client."""

    def __init__(self, hosted: Sequence[HostedService], prefix: str) -> None:
        """`prefix`: of the topics; labels leave it out."""
        self._hosted = hosted
        self._prefix = prefix

    def collect(self) -> Iterable[Metric]:
        """Called by prometheus-client."""
        opened = [(one, one.engine.open_partitions()) for one in self._hosted]
        yield from self._lag(opened)
        yield from _state([partition for _, partitions in opened for partition in partitions])
        yield from _services(opened)
        yield _progress([partition for one in self._hosted for partition in one.engine.restoring_partitions()])
        revision = GaugeMetricFamily(
            "lead_qualifier_criteria_revision",
            "Revision of the rules that this process processes records by, by what they are.",
            labels=["rules"],
        )
        for projection in (projection for one in self._hosted for projection in one.service.projections):
            revision.add_metric([projection.name], projection.table.revision)
        yield revision

    def _lag(self, opened: Sequence[tuple[HostedService, Sequence[Partition]]]) -> Iterable[Metric]:
        labels = ["service", "topic", "partition"]
        records = GaugeMetricFamily("lead_qualifier_lag_records", "Records not processed yet.", labels=labels)
        seconds = GaugeMetricFamily(
            "lead_qualifier_lag_seconds",
            "Age of the oldest record that is not processed; 0 without lag.",
            labels=labels,
        )
        for hosted, partitions in opened:
            ends = hosted.app.end_offsets()
            for partition in partitions:
                if partition.checkpoint is None:
                    continue
                for topic, offset in partition.checkpoint.next.items():
                    tp = (topic, partition.number)
                    if (end := ends.get(tp)) is None:
                        continue
                    names = [hosted.service.name, topic.removeprefix(self._prefix), str(partition.number)]
                    records.add_metric(names, max(0, end - offset))
                    seconds.add_metric(names, _lag_seconds(hosted, tp, offset, end))
        yield from (records, seconds)


def _lag_seconds(hosted: HostedService, tp: tuple[str, int], position: int, end: int) -> float:
    oldest = hosted.engine.fetch_buffer.oldest(tp, position)
    if oldest is not None and has_time(oldest.timestamp_ms):
        return float(max(0.0, time.time() - oldest.timestamp_ms / 1000))
    if oldest is None and end <= position:
        return 0.0
    # it is not fetched yet, or has no time of its own: it waits at least since the position last moved
    health = hosted.app.fetch_health()
    return 0.0 if health is None else health.behind(tp)


def _state(partitions: Iterable[Partition]) -> Iterable[Metric]:
    keys = GaugeMetricFamily("lead_qualifier_held_keys", "Keys in the state.", labels=["application"])
    size = GaugeMetricFamily(
        "lead_qualifier_state_bytes", "Bytes of keys and encoded states in the state.", labels=["application"]
    )
    unreadable = GaugeMetricFamily(
        "lead_qualifier_unreadable_state_records",
        "Records of the state's changelog that cannot be read.",
        labels=["application"],
    )
    overdue = GaugeMetricFamily(
        "lead_qualifier_timer_overdue_seconds",
        "Time since the oldest timer that has not fired was due; 0 if none is due.",
        labels=["application"],
    )
    sweeping = GaugeMetricFamily(
        "lead_qualifier_sweep_progress",
        "Share of the known keys evaluated since a model was published, by partition that is being swept.",
        labels=["application", "partition"],
    )
    by_application: dict[str, list[Partition]] = {}
    for partition in partitions:
        by_application.setdefault(partition.application.name, []).append(partition)
        if partition.checkpoint is not None and partition.checkpoint.sweep is not None:
            labels = [partition.application.name, str(partition.number)]
            sweeping.add_metric(labels, partition.checkpoint.sweep.bucket / BUCKETS)
    now_ms = time.time() * 1000
    for application, held in by_application.items():
        keys.add_metric([application], sum(len(one.store) for one in held))
        size.add_metric([application], sum(one.state_bytes for one in held))
        unreadable.add_metric([application], sum(one.unreadable_count for one in held))
        due = [due_ms for one in held if (due_ms := one.timers.oldest()) is not None]
        overdue.add_metric([application], max(0.0, now_ms - min(due, default=now_ms)) / 1000)
    yield from (keys, size, unreadable, overdue, sweeping)


def _progress(partitions: Iterable[Partition]) -> Metric:
    progress = GaugeMetricFamily(
        "lead_qualifier_restoration_progress",
        "Share of a partition's state that is restored, while it is restored.",
        labels=["application", "partition"],
    )
    for partition in partitions:
        if (share := partition.restoration_progress) is not None:
            progress.add_metric([partition.application.name, str(partition.number)], share)
    return progress


def _services(opened: Sequence[tuple[HostedService, Sequence[Partition]]]) -> Iterable[Metric]:
    processed = GaugeMetricFamily(
        "lead_qualifier_open_partitions", "Partitions that this process processes.", labels=["service"]
    )
    assigned = GaugeMetricFamily(
        "lead_qualifier_assigned_partitions",
        "Partitions that the consumer group gave to this process.",
        labels=["service"],
    )
    restoring = GaugeMetricFamily(
        "lead_qualifier_restoring_partitions",
        "Assigned partitions that are not processed yet.",
        labels=["service"],
    )
    clock = GaugeMetricFamily(
        "lead_qualifier_clock_difference_seconds",
        "This machine's clock minus the broker's at the last commit.",
        labels=["service"],
    )
    for hosted, partitions in opened:
        service, given = [hosted.service.name], len(hosted.engine.assigned_partitions())
        processed.add_metric(service, len(partitions))
        assigned.add_metric(service, given)
        restoring.add_metric(service, max(0, given - len(partitions)))
        if (difference := hosted.engine.clock_difference()) is not None:
            clock.add_metric(service, difference)
    yield from (processed, assigned, restoring, clock)
