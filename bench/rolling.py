"""`python -m bench.rolling`: how long each partition waits while three workers are replaced one by one under load.

With `--from` the workers before are another release's: a rolling upgrade.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from bench.commands import Commands
from bench.latency import NotQualified
from bench.on_kafka import Say, on_kafka
from bench.pace import MODEL, Stream, Watcher
from bench.subjects import Subject, SubjectFailed, worker_environment
from bench.topics import Topics
from lead_qualifier.kafka.connection import Connection

PARTITIONS = 8
WORKERS = 3
_RATE = 500.0
_WARM_SECONDS = 5.0
_SETTLED_SECONDS = 5.0
_READY_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Step:
    """One worker replaced: from the signal (or, with a surge, the new one's start) until the new one had settled."""

    number: int
    began: float
    ended: float
    stop_seconds: float
    ready_seconds: float


def main() -> int:
    """The exit code: 0 if all was measured and nothing was lost or came twice."""
    options = _options()

    def measure(connection: Connection, folder: Path, say: Say) -> int:
        prefix = f"bench-rolling-{time.time_ns() % 10**9}."
        with Topics(connection, prefix, partitions=PARTITIONS):
            _Run(connection, prefix, folder=folder, options=options, say=say).all()
        return 0

    return on_kafka("bench-rolling", measure, SubjectFailed, NotQualified)


class _Run:
    def __init__(
        self, connection: Connection, prefix: str, *, folder: Path, options: argparse.Namespace, say: Say
    ) -> None:
        self._connection = connection
        self._prefix = prefix
        self._folder = folder
        self._options = options
        self._say = say
        self._stack = ExitStack()
        self._started = 0

    def all(self) -> None:
        with self._stack:
            self._all()

    def _all(self) -> None:
        options, say = self._options, self._say
        workers = [self._worker(number, options.before) for number in range(WORKERS)]
        for worker in workers:
            worker.wait_for_log("worker_ready", _READY_SECONDS)
        with Commands(self._connection, self._prefix) as commands:
            commands.make_live(MODEL)
        with (
            Watcher(self._connection, [self._prefix], partitions=PARTITIONS) as watcher,
            Stream(self._connection, self._prefix, options.rate) as stream,
        ):
            time.sleep(_WARM_SECONDS)
            quiet_from = time.time()
            time.sleep(options.quiet_seconds)
            quiet_to = time.time()
            steps = [self._replace(workers, number) for number in range(WORKERS)]
            leads = stream.stop()
            missing = watcher.wait_for(leads, 60)
            found = watcher.sightings()
        say(
            f"{len(leads):,} events at {options.rate:g}/s over {PARTITIONS} partitions and {WORKERS} workers"
            f"{', upgraded' * bool(options.before)}{', the new one started first' * options.surge}"
            f"{', static members' * options.static}: "
            f"{len(missing)} lost, {watcher.twice} twice"
        )
        _show("quiet", found, quiet_from, quiet_to, say)
        for step in steps:
            _show(
                f"worker {step.number} (stopped in {step.stop_seconds:.1f} s, new ready in {step.ready_seconds:.1f} s)",
                found,
                step.began,
                step.ended,
                say,
            )
        _show("all three", found, steps[0].began, steps[-1].ended, say)
        if missing or watcher.twice:
            raise NotQualified(f"{len(missing)} events qualified no lead, {watcher.twice} leads came twice")

    def _worker(self, place: int, source: Path | None) -> Subject:
        self._started += 1
        environment = worker_environment(self._connection, self._prefix, partitions=PARTITIONS, group_id=self._prefix)
        if self._options.static:
            environment["CONSUMER_GROUP_INSTANCE_ID"] = f"{self._prefix}{place}"  # Faust reads it
        if source is not None:
            environment["PYTHONPATH"] = os.pathsep.join([str(source.resolve()), os.environ.get("PYTHONPATH", "")])
        log = self._folder / f"worker-{self._started}.log"
        return self._stack.enter_context(Subject(["lead_qualifier", "worker"], log=log, environment=environment))

    def _replace(self, workers: list[Subject], number: int) -> Step:
        began = time.time()
        if self._options.surge:
            new, ready = self._ready_worker(number)
        stopping = time.time()
        workers[number].stop()
        stopped = time.time() - stopping
        if not self._options.surge:
            new, ready = self._ready_worker(number)
        workers[number] = new
        time.sleep(_SETTLED_SECONDS)
        self._say(f"worker {number} was replaced")
        return Step(number, began, time.time(), stopped, ready)

    def _ready_worker(self, place: int) -> tuple[Subject, float]:
        began = time.time()
        worker = self._worker(place, None)
        worker.wait_for_log("worker_ready", _READY_SECONDS)
        return worker, time.time() - began


Sightings = dict[int, list[tuple[float, float]]]
"""By partition: when a qualification was seen (seconds since 1970), and how long after its event."""


def _show(what: str, found: Sightings, since: float, until: float, say: Say) -> None:
    """What partitions and events waited in this time (seconds since 1970)."""
    times = ([at for at, _ in seen] for seen in found.values())
    gaps = ([b - a for a, b in pairwise(each) if b > since and a < until] for each in times)
    pauses = [max(each) for each in gaps if each]
    waits = [waited for seen in found.values() for at, waited in seen if since <= at - waited < until]
    cuts = quantiles(waits, n=100)
    say(
        f"{what}: pause of a partition, median/longest {median(pauses):.2f}/{max(pauses):.2f} s; "
        f"event to reader p50/p99/longest {cuts[49]:.2f}/{cuts[98]:.2f}/{max(waits):.2f} s"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.rolling", description=__doc__)
    parser.add_argument("--rate", type=float, default=_RATE, help=f"events a second (default {_RATE:g})")
    parser.add_argument("--quiet-seconds", type=float, default=15.0, help="measured before the first is replaced")
    parser.add_argument("--surge", action="store_true", help="start the new worker before the old one is stopped")
    parser.add_argument("--static", action="store_true", help="as static members of the group (group.instance.id)")
    parser.add_argument(
        "--from",
        dest="before",
        type=Path,
        help="folder with another release's package lead_qualifier: the workers before run it (a rolling upgrade)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
