"""`python -m bench.projection`: what it costs the console to project a million leads into SQLite, and to preview."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from bench.console_records import SCORING_MODELS, leads, rules
from bench.projecting import Projecting
from lead_qualifier.console.read_model import preview_process
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.preview_process import PreviewOrder
from lead_qualifier.console.read_model.score_histogram import ScoreHistograms

_LEADS = 1_000_000


def main() -> int:
    """The exit code: 0 if it took no more CPU time than was allowed."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'console.sqlite3'}")
        projecting = Projecting(database)
        projecting.apply(rules())
        projecting.seconds.clear()
        projecting.apply(leads(options.leads))
        projecting.caught_up()
        spent, wall = projecting.seconds["cpu"], projecting.seconds["wall"]
        sys.stdout.write(
            f"{options.leads:,} leads projected in {spent:.1f} s of CPU time ({wall:.1f} s): "
            f"{1e6 * spent / options.leads:.1f} s for a million\n"
        )
        _count(database)
        database.close()
    return int(spent > options.limit > 0)


def _count(database: Database) -> None:
    """How long it takes to count the leads for a histogram, for a threshold, and in a preview."""
    histograms = ScoreHistograms(database, unknown_leads="open")
    for name in SCORING_MODELS:
        begun = time.perf_counter()
        histograms.of(name)
        shown = time.perf_counter()
        histograms.meeting(name, 0.7)
        met = time.perf_counter()
        sys.stdout.write(
            f"{name}: histogram in {1e3 * (shown - begun):.0f} ms, threshold in {1e3 * (met - shown):.1f} ms\n"
        )
    criteria = [{"scoring_model": "engagement", "threshold": 70}, {"scoring_model": "demographic", "threshold": 50}]
    order = PreviewOrder(
        url=database.url,
        definition={"id": "enterprise", "match": "all", "criteria": criteria, "actions": {"sales_ready": True}},
        unknown_leads="open",
        near=5,
        sample=20,
        what_if={"engagement": [60, 65, 75, 80], "demographic": [40, 45, 55, 60]},
        time_tolerance=3600,
    )
    begun = time.perf_counter()
    command = [sys.executable, "-m", preview_process.__name__]
    done = subprocess.run(command, input=msgspec.json.encode(order) + b"\n", capture_output=True, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads(done.stdout.splitlines()[-1])["result"]
    sys.stdout.write(
        f"{result['leads']:,} leads previewed in {used.ru_utime + used.ru_stime:.1f} s of CPU time "
        f"({time.perf_counter() - begun:.1f} s), with {used.ru_maxrss / 1024:.0f} MiB\n"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.projection", description=__doc__)
    parser.add_argument("--leads", type=int, default=_LEADS, help=f"how many (default {_LEADS:,})")
    parser.add_argument("--limit", type=float, default=0, help="fail if it takes more CPU time, in seconds")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
