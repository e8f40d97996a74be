"""`python -m bench.sweep`: how long a worker needs to look through 1,000,000 leads, and what live events notice."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench.commands import Commands
from bench.on_kafka import Say, on_kafka
from bench.pace import MODEL, Stream, Watcher
from bench.restore import GROUP, LEADS, PARTITIONS, write
from bench.subjects import WORKER, Subject, SubjectFailed, cpu_seconds, start
from bench.topics import Topics
from lead_qualifier.kafka.connection import Connection

RATE = 500.0  # live events a second
#: Before live events are measured: a worker that has just restored its leads inspects them first, beside its work.
_WARM_SECONDS = 25.0
_LIVE_SECONDS = 10.0  # of live events, measured before the publish
#: Some hundredths of the leads meet it.
SWEEPING: dict[str, Any] = {
    "id": "existing",
    "match": "all",
    "criteria": [{"scoring_model": "engagement", "threshold": 90}, {"scoring_model": "demographic", "threshold": 70}],
    "actions": {"status_reason": "marketing_qualified", "sales_ready": True},
    "existing_leads": "evaluate",
}


def main() -> int:
    """The exit code: 0 if it could be measured."""
    options = _options()

    def measure(connection: Connection, folder: Path, say: Say) -> int:
        _measure(connection, options, folder, say)
        return 0

    return on_kafka("sweep", measure, SubjectFailed)


def _measure(connection: Connection, options: argparse.Namespace, logs: Path, say: Say) -> None:
    prefix = f"sweep-{time.time_ns() % 10**9}."
    log = logs / "worker.log"
    with Topics(connection, prefix, partitions=PARTITIONS):
        known = len(write(connection, prefix, options.leads, partitions=PARTITIONS))
        with (
            start(WORKER, connection, prefix, log=log, partitions=PARTITIONS, group_id=GROUP) as worker,
            Commands(connection, prefix) as commands,
            Watcher(connection, [prefix], partitions=PARTITIONS) as watcher,
        ):
            worker.wait_for_log("worker_ready")
            commands.make_live(MODEL)
            commands.apply(SWEEPING)
            with Stream(connection, prefix, RATE) as live:
                time.sleep(options.warm_seconds + options.live_seconds)
                published, cpu = time.monotonic(), cpu_seconds(worker.process.pid)
                commands.publish(SWEEPING["id"])
                _wait_for_sweeps(worker, PARTITIONS)
                swept, spent = time.monotonic(), cpu_seconds(worker.process.pid) - cpu
            before = [
                lead for at, leads in live.sent if published - options.live_seconds <= at < published for lead in leads
            ]
            during = [lead for at, leads in live.sent if published <= at < swept - 0.1 for lead in leads]
            missing = watcher.wait_for([*before, *during], 30)
            if missing or not before:
                raise SubjectFailed(
                    f"{len(missing)} of {len(before) + len(during)} live events qualified no lead: see {log}"
                )
            say(
                f"{known:,} known leads on {PARTITIONS} partitions looked through in {swept - published:.1f} s "
                f"({spent:.1f} s of CPU, {RATE:,.0f} live events/s beside it included)"
            )
            quiet = _percentiles([watcher.seconds[lead] * 1000 for lead in before])
            if not during:
                say(f"live events, p50/p99 ms: {quiet[0]:.0f}/{quiet[1]:.0f} before; the sweep was too short for one")
                return
            busy = _percentiles([watcher.seconds[lead] * 1000 for lead in during])
            say(
                f"live events, p50/p99 ms: {quiet[0]:.0f}/{quiet[1]:.0f} before, {busy[0]:.0f}/{busy[1]:.0f} then, "
                f"ratios {busy[0] / quiet[0]:.2f}/{busy[1] / quiet[1]:.2f}"
            )


def _wait_for_sweeps(worker: Subject, partitions: int) -> None:
    deadline = time.monotonic() + 300
    while worker.log.read_bytes().count(b'"known_keys_swept"') < partitions:
        if time.monotonic() > deadline or worker.process.poll() is not None:
            raise SubjectFailed(f"the sweep did not end: see {worker.log}")
        time.sleep(0.05)


def _percentiles(milliseconds: list[float]) -> tuple[float, float]:
    cuts = quantiles(milliseconds, n=100)
    return cuts[49], cuts[98]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.sweep", description=__doc__)
    parser.add_argument("--leads", type=int, default=LEADS, help=f"how many (default {LEADS:,})")
    parser.add_argument(
        "--warm-seconds",
        type=float,
        default=_WARM_SECONDS,
        help=f"of live events that are not measured (default {_WARM_SECONDS:g})",
    )
    parser.add_argument(
        "--live-seconds",
        type=float,
        default=_LIVE_SECONDS,
        help=f"of live events measured before the publish (default {_LIVE_SECONDS:g})",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
