"""Three processes: how soon new criteria reach each worker, and how soon others go on when one is killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import msgspec

from bench.commands import Commands
from bench.on_kafka import Say
from bench.pace import MODEL, Source, Watcher
from bench.subjects import LOOP, WORKER, Subject, start
from bench.topics import Topics
from lead_qualifier.kafka.connection import Connection

PARTITIONS = 8
PROCESSES = 3
_PUBLICATIONS = 5
_RATE = 200.0
_SECONDS_BEFORE = 4.0
_SECONDS_AFTER = 25.0
_TAKEOVER_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Failover:
    """`criteria_ms`: from a publish command to the last of three workers, median and worst of some.

    `takeover_seconds`: the longest that an event waited for its lead-qualified after the kill -9 of one of three
    processes, by subject. `missing`, `twice`: what became of the events meanwhile, by subject.
    """

    criteria_ms: tuple[float, float]
    takeover_seconds: dict[str, float]
    missing: dict[str, int]
    twice: dict[str, int]


def measure_failover(connection: Connection, *, prefix: str, logs: Path, say: Say) -> Failover:
    """Raises SubjectFailed."""
    criteria: list[float] = []
    takeover: dict[str, float] = {}
    missing: dict[str, int] = {}
    twice: dict[str, int] = {}
    for subject in (WORKER, LOOP):
        with Topics(connection, f"{prefix}{subject}.", partitions=PARTITIONS) as topics, ExitStack() as stack:
            processes = [
                stack.enter_context(
                    start(
                        subject,
                        connection,
                        topics.prefix,
                        log=logs / f"{topics.prefix}{number}.log",
                        partitions=PARTITIONS,
                        model=MODEL,
                    )
                )
                for number in range(PROCESSES)
            ]
            if subject == WORKER:
                for each in processes:
                    each.wait_for_log("worker_ready")
                criteria = _publish(connection, topics.prefix, processes)
                say(f"criteria reached {PROCESSES} workers in {median(criteria):.0f} ms (median)")
            else:
                for each in processes:
                    each.wait_ready()
                time.sleep(5)  # the group settles
            with Watcher(connection, [topics.prefix], partitions=PARTITIONS) as watcher:
                takeover[subject], missing[subject] = _kill(connection, topics.prefix, processes[0].kill, watcher)
                twice[subject] = watcher.twice
            say(f"{subject}: others went on {takeover[subject]:.1f} s after the kill -9 of one")
    return Failover((median(criteria), max(criteria)), takeover, missing, twice)


def _publish(connection: Connection, prefix: str, workers: list[Subject]) -> list[float]:
    """Milliseconds until the last worker decides by the newest criteria, one for each publication."""
    with Commands(connection, prefix) as commands:
        commands.make_live(MODEL)
        found = []
        for _ in range(_PUBLICATIONS):
            commands.stop(MODEL["id"])
            sent = time.time()
            revision = commands.publish(MODEL["id"])
            found.append(max(_known_at(worker, revision) for worker in workers) - sent)
        return [seconds * 1000 for seconds in found]


def _known_at(worker: Subject, revision: int) -> float:
    """When the worker's log says that it knows criteria of this revision (seconds since 1970)."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for line in worker.log.read_bytes().splitlines():
            if b'"criteria_known"' in line:
                entry = msgspec.json.decode(line)
                if entry["revision"] >= revision:
                    return datetime.fromisoformat(entry["timestamp"]).timestamp()
        time.sleep(0.02)
    raise RuntimeError(f"criteria of revision {revision} did not reach a worker in 10 s: see {worker.log}")


def _kill(connection: Connection, prefix: str, kill: Callable[[], None], watcher: Watcher) -> tuple[float, int]:
    source = Source(connection)
    source.send(prefix, events=round(_RATE), rate=_RATE)
    timer = threading.Timer(_SECONDS_BEFORE, kill)
    timer.start()
    leads = source.send(prefix, events=round(_RATE * (_SECONDS_BEFORE + _SECONDS_AFTER)), rate=_RATE)
    missing = watcher.wait_for(leads, _TAKEOVER_LIMIT)
    return max(watcher.seconds.get(lead, 0.0) for lead in leads), len(missing)
