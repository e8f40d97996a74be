"""`python -m bench.projection`: what it costs the console to project a million leads into SQLite, and to preview."""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from lead_qualifier.console.read_model import preview_process
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.preview_process import PreviewOrder
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.console.read_model.projectors import ProjectedTopics
from lead_qualifier.console.read_model.score_histogram import ScoreHistograms
from lead_qualifier.definitions.qualification_models.entries import ScoringModelEntry, encode_stored
from lead_qualifier.kafka.records import Record
from lead_qualifier.qualification.leads import Lead, Mark, Score
from lead_qualifier.services.console_topology import CONSOLE
from lead_qualifier.services.worker.lead_processor import encode_lead

_LEADS = 1_000_000
#: As many as the console takes from Kafka at once.
_BATCH = 5_000
_PARTITIONS = 8
_SEED = 20260105
_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
_TOPICS = ProjectedTopics.of(CONSOLE, topic_prefix="", state_prefix="")
_NAMES = ("Anna", "Jonas", "Erika", "Mehmet", "Zoë", "Lukas", "Maria", "Piotr")
_SCORING_MODELS = ("engagement", "demographic", "intent")
_RULES = [
    Record(_TOPICS.rules, 0, number, 0, entry.key.encode(), encode_stored(entry), ())
    for number, entry in enumerate(
        ScoringModelEntry(id=name, revision=revision, status="live", occurred_at=_START)
        for revision, name in enumerate(_SCORING_MODELS, 1)
    )
]


def main() -> int:
    """The exit code: 0 if it took no more CPU time than was allowed."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'console.sqlite3'}")
        projection = Projection(database, _TOPICS, name_attributes=("name", "company"))
        start = {(_TOPICS.lead_state, number): 0 for number in range(_PARTITIONS)} | {(_TOPICS.rules, 0): 0}
        projection.begin_again({}, start)
        after = start | {(_TOPICS.rules, 0): len(_RULES)}
        projection.apply(_RULES, before=start, after=after)
        start = after
        spent = wall = 0.0
        for records in _batches(options.leads):
            after = start | {(one.topic, one.partition): one.offset + 1 for one in records}
            spent, wall = spent - time.process_time(), wall - time.perf_counter()
            projection.apply(records, before=start, after=after)
            spent, wall = spent + time.process_time(), wall + time.perf_counter()
            start = after
        spent, wall = spent - time.process_time(), wall - time.perf_counter()
        projection.caught_up(0)
        spent, wall = spent + time.process_time(), wall + time.perf_counter()
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
    for name in _SCORING_MODELS:
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


def _batches(count: int) -> Iterator[list[Record]]:
    """Leads as workers store them, partition after partition, as many in a batch as are taken from Kafka at once."""
    chance = random.Random(_SEED)
    records = []
    for number in range(count):
        partition, offset = number * _PARTITIONS // count, number
        key = b"L-%07d" % chance.randrange(10**9)
        records.append(Record(_TOPICS.lead_state, partition, offset, 0, key, encode_lead(_lead(chance, number)), ()))
        if len(records) == _BATCH:
            yield records
            records = []
    if records:
        yield records


def _lead(chance: random.Random, number: int) -> Lead:
    def moment() -> datetime:
        return _START + timedelta(milliseconds=chance.randrange(10**10))

    lead = Lead(
        known=True,
        changed_at=moment(),
        owner_id=f"U-{chance.randrange(200)}",
        contact_id=f"C-{number:07}",
        attributes={"name": f"{chance.choice(_NAMES)} Muster{number % 50_000}", "country": "DE"},
        scores={
            "engagement": Score(float(chance.randrange(101)), moment()),
            "demographic": Score(round(chance.uniform(0, 100), 2), moment()),
            "intent": Score(chance.random(), moment()),
        },
    )
    if chance.random() < 0.25:
        at = moment()
        lead.status_reason, lead.sales_ready = "marketing_qualified", True
        lead.marks = {"enterprise": Mark(1, 1, at, f"{chance.getrandbits(128):032x}")}
        lead.qualified_at, lead.qualified_flags = at, ("status_reason", "sales_ready")
    return lead


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.projection", description=__doc__)
    parser.add_argument("--leads", type=int, default=_LEADS, help=f"how many (default {_LEADS:,})")
    parser.add_argument("--limit", type=float, default=0, help="fail if it takes more CPU time, in seconds")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
