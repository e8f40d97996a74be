"""From event to visible qualification at a steady rate: worker and loop both run, and get the events in turns."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from bench.commands import Commands
from bench.on_kafka import Say
from bench.pace import MODEL, Source, Watcher
from bench.subjects import LOOP, WORKER, Subject, start
from bench.topics import Topics
from lead_qualifier.kafka.connection import Connection

PARTITIONS = 8
RATE = 1_000.0  # events a second
SLICE_SECONDS = 5.0  # at most; then it is the other's turn


class NotQualified(Exception):
    """Events that should have qualified a lead did not, or twice: nothing else counts then."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from an event's creation to the sight of its lead-qualified by a reader of committed records."""

    milliseconds: dict[str, list[float]]

    def percentile(self, subject: str, percent: int) -> float:
        return quantiles(self.milliseconds[subject], n=100)[percent - 1]

    def ratio(self, percent: int) -> float:
        """Worker to loop."""
        return self.percentile(WORKER, percent) / self.percentile(LOOP, percent)


def measure_latency(connection: Connection, *, seconds: float, prefix: str, logs: Path, say: Say) -> Latency:
    """`seconds` of events for each. Raises NotQualified, SubjectFailed."""
    prefixes = {WORKER: f"{prefix}w.", LOOP: f"{prefix}l."}
    with ExitStack() as stack:
        for each in prefixes.values():
            stack.enter_context(Topics(connection, each, partitions=PARTITIONS))
        return _measure(connection, prefixes, seconds, logs, say)


def _measure(connection: Connection, prefixes: dict[str, str], seconds: float, logs: Path, say: Say) -> Latency:
    def begin(subject: str) -> Subject:
        prefix = prefixes[subject]
        log = logs / f"{prefix}latency.log"
        return start(subject, connection, prefix, log=log, partitions=PARTITIONS, model=MODEL)

    with (
        begin(WORKER) as worker,
        begin(LOOP) as loop,
        Watcher(connection, prefixes.values(), partitions=PARTITIONS) as watcher,
    ):
        worker.wait_for_log("worker_ready")
        loop.wait_ready()
        with Commands(connection, prefixes[WORKER]) as commands:
            commands.make_live(MODEL)
        source = Source(connection)
        slice_seconds = min(SLICE_SECONDS, seconds)
        slices = round(seconds / slice_seconds)
        sent: dict[str, list[str]] = {WORKER: [], LOOP: []}
        for number in range(slices + 1):
            for subject in (WORKER, LOOP) if number % 2 else (LOOP, WORKER):
                leads = source.send(prefixes[subject], events=round(RATE * slice_seconds), rate=RATE)
                if number:  # the first slice of each warms it up
                    sent[subject] += leads
            say(f"latency: {number} of {slices} slices of {slice_seconds:g} s each")
        missing = watcher.wait_for([*sent[WORKER], *sent[LOOP]], 30)
        if missing or watcher.twice:
            raise NotQualified(f"{len(missing)} events qualified no lead, {watcher.twice} leads came twice")
        return Latency({s: sorted(watcher.seconds[lead] * 1000 for lead in leads) for s, leads in sent.items()})
