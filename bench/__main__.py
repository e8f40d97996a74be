"""`python -m bench`: what an event costs, and how long it takes, in the worker and in a hand-written loop in turns."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import msgspec
from rich.console import Console

from bench.failover import measure_failover
from bench.latency import NotQualified, measure_latency
from bench.on_kafka import Say, on_kafka
from bench.report import Report, show
from bench.subjects import SubjectFailed
from bench.throughput import ResultsDiffer, measure_throughput
from bench.workload import Workload
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import ReadIncomplete

_SMALL = Workload("400k events, 80k leads", 400_000, 80_000)
_LARGE = Workload("2M events, 400k leads", 2_000_000, 400_000)


def main() -> int:
    """The exit code: 0 if all was measured, 1 if not."""
    options = _options()

    def measure(connection: Connection, folder: Path, say: Say) -> int:
        report = _measure(connection, options, folder, say)
        show(report, Console(highlight=False))
        if options.json is not None:
            options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report.figures())) + b"\n")
        return 0

    return on_kafka("bench", measure, SubjectFailed, ResultsDiffer, NotQualified, ReadIncomplete)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--small", action="store_true", help="without the 2M events")
    parser.add_argument("--events", type=int, help="so many events over a fifth as many leads, and only these; 0: none")
    parser.add_argument("--rounds", type=int, help="runs of each, in turns (3 of the small, 2 of the large workload)")
    parser.add_argument("--latency-seconds", type=float, default=30.0, help="of events for each; 0: no latency")
    parser.add_argument(
        "--failover", action="store_true", help="also with three processes: new criteria, and a kill -9"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser.parse_args()


def _measure(connection: Connection, options: argparse.Namespace, folder: Path, say: Say) -> Report:
    prefix = f"bench-{time.time_ns() % 10**9}."
    report = Report()
    for number, (workload, rounds) in enumerate(_workloads(options)):
        report.throughputs.append(
            measure_throughput(
                connection, workload, rounds=options.rounds or rounds, prefix=f"{prefix}{number}.", logs=folder, say=say
            )
        )
    if options.latency_seconds:
        report.latency = measure_latency(
            connection, seconds=options.latency_seconds, prefix=f"{prefix}latency.", logs=folder, say=say
        )
    if options.failover:
        report.failover = measure_failover(connection, prefix=f"{prefix}failover.", logs=folder, say=say)
    return report


def _workloads(options: argparse.Namespace) -> list[tuple[Workload, int]]:
    if options.events is not None:
        leads = max(1, options.events // 5)
        return [(Workload(f"{options.events:,} events, {leads:,} leads", options.events, leads), 3)] * bool(leads > 1)
    return [(_SMALL, 3)] if options.small else [(_SMALL, 3), (_LARGE, 2)]


if __name__ == "__main__":
    sys.exit(main())
