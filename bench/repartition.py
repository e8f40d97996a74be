"""`python -m bench.repartition`: how long `repartition` takes, and what the second set of topics adds on disk."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec

from bench.commands import Commands
from bench.on_kafka import Say, on_kafka
from bench.restore import PARTITIONS
from bench.subjects import WORKER, SubjectFailed, start, worker_environment
from bench.topics import Topics, feed
from bench.workload import MODEL, Workload
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import LEAD_STATE

_EVENTS_PER_LEAD = 3
_DECIDED_SECONDS = 900.0


def main() -> int:
    """The exit code: 0 if everything was copied."""
    options = _options()
    return on_kafka(
        "repartition", lambda connection, folder, say: _run(connection, options, folder, say), SubjectFailed
    )


def _run(connection: Connection, options: argparse.Namespace, folder: Path, say: Say) -> int:
    prefix = f"repartition-{time.time_ns() % 10**9}."
    after = f"{prefix}p{options.partitions}."
    events = _EVENTS_PER_LEAD * options.leads
    with ExitStack() as stack:
        stack.enter_context(Topics(connection, prefix, partitions=PARTITIONS))
        stack.callback(Topics(connection, after, partitions=options.partitions).remove)
        with start(
            WORKER, connection, prefix, log=folder / "worker.log", partitions=PARTITIONS, expected=events
        ) as worker:
            worker.wait_ready()
            with Commands(connection, prefix) as commands:
                commands.make_live(MODEL)
            feed(connection, prefix, Workload("repartition", events, options.leads))
            worker.measured(_DECIDED_SECONDS)
        say(f"a worker has decided {events:,} events about {options.leads:,} leads, and has ended")
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "lead_qualifier", "repartition", "--yes", "--json"),
                *("--partitions", str(options.partitions), "--to-prefix", after),
                *(["--history"] if options.history else []),
            ],
            env={
                **os.environ,
                **worker_environment(connection, prefix, partitions=PARTITIONS, group_id=prefix),
            },
            stdout=subprocess.PIPE,
            check=False,
        )
        seconds, usage = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            return done.returncode
        copied = {name: one["records"] for name, one in msgspec.json.decode(done.stdout)["copied"].items()}
        cpu = usage.ru_utime + usage.ru_stime - before.ru_utime - before.ru_stime
        say(
            f"{copied[LEAD_STATE.name]:,} leads, {sum(copied.values()):,} records in all, from {PARTITIONS} to "
            f"{options.partitions} partitions in {seconds:.1f} s, the start of the program included ({cpu:.1f} s of "
            f"CPU, {usage.ru_maxrss / 1024:,.0f} MiB at most)"
        )
        old, new = _topic_bytes(folder, prefix) - _topic_bytes(folder, after), _topic_bytes(folder, after)
        say(f"the topics before have {old / 1e6:,.0f} MB on disk, the new ones {new / 1e6:,.0f} MB more, compressed")
    return 0


def _topic_bytes(folder: Path, prefix: str) -> int:
    """The size of the log segments of all topics with this prefix, at a broker that this run has started."""
    return sum(file.stat().st_size for file in folder.glob(f"broker/*/data/{prefix}*/*.log"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.repartition", description=__doc__)
    parser.add_argument("--leads", type=int, default=200_000, help="how many (default 200,000)")
    parser.add_argument("--partitions", type=int, default=12, help=f"instead of {PARTITIONS} (default 12)")
    parser.add_argument("--history", action="store_true", help="as `repartition --history`")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
