"""CPU and events per second from a backlog: worker and loop in turns on one input, with empty outputs and state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.commands import Commands
from bench.meter import Measured
from bench.on_kafka import Say
from bench.results import Results, read_results
from bench.subjects import LOOP, STRUCT_LOOP, WORKER, Subject, start
from bench.topics import Topics, feed
from bench.workload import MODEL, Workload
from lead_qualifier.kafka.connection import Connection

PARTITIONS = 4
_ORDER = (LOOP, WORKER, STRUCT_LOOP)


class ResultsDiffer(Exception):
    """The two did not come to the same result, so that their costs cannot be compared."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """The runs on one workload, by subject, in the order in which they ran (one of each in turns)."""

    workload: Workload
    runs: dict[str, list[Measured]]
    qualified: int

    def cpu_us(self, subject: str) -> float:
        """Median CPU microseconds per event."""
        return median(run.cpu_us_per_event for run in self.runs[subject])

    def events_per_second(self, subject: str) -> float:
        return median(run.events_per_second for run in self.runs[subject])

    def peak_mib(self, subject: str) -> float:
        return median(run.peak_mib for run in self.runs[subject])

    def cpu_ratio(self, loop: str) -> float:
        """Worker to loop: median of the ratios of neighbouring runs, so that a noisy machine strikes both."""
        pairs = zip(self.runs[WORKER], self.runs[loop], strict=True)
        return median(ours.cpu_seconds / theirs.cpu_seconds for ours, theirs in pairs)


def measure_throughput(
    connection: Connection, workload: Workload, *, rounds: int, prefix: str, logs: Path, say: Say
) -> Throughput:
    """Raises ResultsDiffer, SubjectFailed, ReadIncomplete."""
    with Topics(connection, prefix, partitions=PARTITIONS) as topics:
        _make_criteria_live(connection, prefix, logs)
        say(f"{workload.name}: feeding {workload.events:,} events over {workload.leads:,} leads")
        feed(connection, prefix, workload)
        runs: dict[str, list[Measured]] = {subject: [] for subject in _ORDER}
        first: Results | None = None
        for number in range(1, rounds + 1):
            for subject in _ORDER if number % 2 else reversed(_ORDER):
                topics.renew_written(_group(prefix, subject))
                measured = _run(connection, prefix, subject, workload, logs)
                runs[subject].append(measured)
                results = read_results(connection, prefix)
                first = first or results
                difference = results.difference(first)
                if difference is not None:
                    raise ResultsDiffer(f"{workload.name}, round {number}, {subject}: {difference}")
                say(
                    f"{workload.name}, round {number}, {subject}: {measured.cpu_us_per_event:.2f} us/event, "
                    f"{measured.events_per_second:,.0f} events/s, {len(results.qualified):,} qualified"
                )
        assert first is not None
        return Throughput(workload, runs, len(first.qualified))


def _make_criteria_live(connection: Connection, prefix: str, logs: Path) -> None:
    """Before there are events, so that every run decides all of them by the same criteria."""
    with _start(connection, prefix, WORKER, 0, logs) as worker, Commands(connection, prefix) as commands:
        worker.wait_ready()
        commands.make_live(MODEL)


def _run(connection: Connection, prefix: str, subject: str, workload: Workload, logs: Path) -> Measured:
    with _start(connection, prefix, subject, workload.events, logs) as running:
        running.wait_ready()
        return running.measured(seconds=600)


def _start(connection: Connection, prefix: str, subject: str, expected: int, logs: Path) -> Subject:
    group_id = _group(prefix, subject)
    log = logs / f"{group_id}.log"
    return start(subject, connection, prefix, log=log, partitions=PARTITIONS, group_id=group_id, expected=expected)


def _group(prefix: str, subject: str) -> str:
    return f"{prefix}{subject.replace(' ', '-')}"
