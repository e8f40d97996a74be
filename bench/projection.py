"""`python -m bench.projection`: what it costs the console to project a million leads into SQLite, to preview, to
find leads and to report."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from bench.console_records import MODEL, SCORING_MODELS, leads, rules, what_followed
from bench.projecting import Projecting
from lead_qualifier.client.model_report import report_of
from lead_qualifier.console.read_model import preview_process
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.lead_search import LeadQuery
from lead_qualifier.console.read_model.preview_process import PreviewOrder
from lead_qualifier.console.read_model.reader import Reader
from lead_qualifier.console.read_model.report_history import ReportReader
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
        projecting.apply(what_followed(leads(options.leads)))
        _read(database)
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


def _read(database: Database) -> None:
    """How long it takes to find leads, and to report on a model. A tenth of the leads has events."""
    reader, reports = Reader(database, unknown_leads="open"), ReportReader(database)
    for text, owner in (("L-1", ""), ("muster", ""), ("anna muster4711", ""), ("anna", "U-7"), ("nobody", "")):
        query = LeadQuery(text=text, owner_id=owner)
        _measured(f"search for {text} {owner}".rstrip(), partial(reader.search, query, after=None, limit=51))
    for attribute in (None, "country"):
        by = "" if attribute is None else f" by {attribute}"

        def report(attribute: str | None = attribute) -> None:
            found = reports.history(MODEL, attribute=attribute)
            report_of(found.history, found.fates, None if attribute is None else found.values)

        _measured(f"report{by}", report)


def _measured(name: str, read: Callable[[], object]) -> None:
    """The shortest of three."""
    times = []
    for _ in range(3):
        begun = time.process_time(), time.perf_counter()
        read()
        times.append((1e3 * (time.process_time() - begun[0]), 1e3 * (time.perf_counter() - begun[1])))
    cpu, wall = min(times)
    sys.stdout.write(f"{name}: {cpu:.0f} ms of CPU time ({wall:.0f} ms)\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.projection", description=__doc__)
    parser.add_argument("--leads", type=int, default=_LEADS, help=f"how many (default {_LEADS:,})")
    parser.add_argument("--limit", type=float, default=0, help="fail if it takes more CPU time, in seconds")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
