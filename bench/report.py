"""All that was measured, as tables for people and as figures for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.failover import PROCESSES, Failover
from bench.latency import PARTITIONS, RATE, Latency
from bench.subjects import LOOP, STRUCT_LOOP, WORKER
from bench.throughput import Throughput

#: What the worker is meant to cost and to take at most, as a multiple of the loop.
CPU_TARGET = 1.2
LATENCY_TARGET = 1.5
_PERCENTILES = (50, 99)
_SUBJECTS = (WORKER, LOOP)


@dataclass(slots=True)
class Report:
    """What was measured; the rest is empty."""

    throughputs: list[Throughput] = field(default_factory=list)
    latency: Latency | None = None
    failover: Failover | None = None

    def figures(self) -> dict[str, Any]:
        """For `--json`."""
        figures: dict[str, Any] = {"throughput": [_throughput_figures(found) for found in self.throughputs]}
        if self.latency is not None:
            figures["latency"] = {
                **{s: {f"p{p}_ms": self.latency.percentile(s, p) for p in _PERCENTILES} for s in _SUBJECTS},
                "ratio": {f"p{p}": self.latency.ratio(p) for p in _PERCENTILES},
            }
        if self.failover is not None:
            figures["failover"] = {
                "criteria_ms": dict(zip(("median", "worst"), self.failover.criteria_ms, strict=True)),
                "takeover_seconds": self.failover.takeover_seconds,
                "missing": self.failover.missing,
                "twice": self.failover.twice,
            }
        return figures


def show(report: Report, console: Console) -> None:
    """Print the tables."""
    if report.throughputs:
        console.print(_throughput_table(report.throughputs))
    if report.latency is not None:
        console.print(_latency_table(report.latency))
    if report.failover is not None:
        console.print(_failover_table(report.failover))


def _throughput_figures(found: Throughput) -> dict[str, Any]:
    return {
        "workload": found.workload.name,
        "events": found.workload.events,
        "leads": found.workload.leads,
        "qualified": found.qualified,
        **{
            subject: {
                "cpu_us_per_event": found.cpu_us(subject),
                "events_per_second": found.events_per_second(subject),
                "peak_mib": found.peak_mib(subject),
                "runs_cpu_us_per_event": [run.cpu_us_per_event for run in found.runs[subject]],
            }
            for subject in (WORKER, LOOP, STRUCT_LOOP)
        },
        "cpu_ratio": {loop: found.cpu_ratio(loop) for loop in (LOOP, STRUCT_LOOP)},
    }


def _throughput_table(throughputs: list[Throughput]) -> Table:
    table = Table(
        title="From a backlog, 4 partitions, one process",
        caption="user + system time of the process, from when it may read to the commit of the last event; medians",
    )
    for column in ("workload", "", "CPU us/event", "events/s", "peak MiB", f"worker to it (<= {CPU_TARGET})"):
        table.add_column(column, justify="left" if column in {"workload", ""} else "right")
    for found in throughputs:
        rows = (
            (WORKER, found.workload.name, ""),
            (LOOP, "", _judged(found.cpu_ratio(LOOP), CPU_TARGET)),
            (STRUCT_LOOP, "", f"{found.cpu_ratio(STRUCT_LOOP):.2f}"),
        )
        for subject, name, ratio in rows:
            table.add_row(
                name,
                subject,
                f"{found.cpu_us(subject):.2f}",
                f"{found.events_per_second(subject):,.0f}",
                f"{found.peak_mib(subject):,.0f}",
                ratio,
            )
    return table


def _latency_table(latency: Latency) -> Table:
    table = Table(
        title=f"Event to visible lead-qualified, {RATE:,.0f} events/s, {PARTITIONS} partitions",
        caption="every event qualifies a lead; seen by a reader of committed records; neither waits to commit",
    )
    for column in ("", *(f"p{percent} ms" for percent in _PERCENTILES)):
        table.add_column(column, justify="right" if column else "left")
    for subject in _SUBJECTS:
        table.add_row(subject, *(f"{latency.percentile(subject, percent):.0f}" for percent in _PERCENTILES))
    ratios = (_judged(latency.ratio(percent), LATENCY_TARGET) for percent in _PERCENTILES)
    table.add_row(f"ratio (<= {LATENCY_TARGET})", *ratios)
    return table


def _failover_table(failover: Failover) -> Table:
    table = Table(title=f"{PROCESSES} processes")
    for column in ("", "s", "missing", "twice"):
        table.add_column(column, justify="right" if column else "left")
    middle, worst = failover.criteria_ms
    table.add_row(f"criteria reach all workers (worst: {worst / 1000:.3f})", f"{middle / 1000:.3f}")
    for subject in _SUBJECTS:
        table.add_row(
            f"{subject}: others go on after a kill -9",
            f"{failover.takeover_seconds[subject]:.1f}",
            str(failover.missing[subject]),
            str(failover.twice[subject]),
        )
    return table


def _judged(ratio: float, target: float) -> str:
    return f"[{'green' if ratio <= target else 'red'}]{ratio:.2f}[/]"
