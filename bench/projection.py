"""`python -m bench.projection`: how much CPU the console needs to project a million leads into SQLite."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.console.read_model.projectors import ProjectedTopics
from lead_qualifier.kafka.records import Record
from lead_qualifier.qualification.leads import Lead, Mark, Score
from lead_qualifier.services.topology import CONSOLE
from lead_qualifier.services.worker.lead_processor import encode_lead

_LEADS = 1_000_000
#: As many as the console takes from Kafka at once.
_BATCH = 5_000
_PARTITIONS = 8
_SEED = 20260105
_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
_TOPICS = ProjectedTopics.of(CONSOLE, topic_prefix="", state_prefix="")
_NAMES = ("Anna", "Jonas", "Erika", "Mehmet", "Zoë", "Lukas", "Maria", "Piotr")


def main() -> int:
    """The exit code: 0 if it took no more CPU time than was allowed."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'console.sqlite3'}")
        projection = Projection(database, _TOPICS, name_attributes=("name", "company"))
        start = {(_TOPICS.lead_state, number): 0 for number in range(_PARTITIONS)}
        projection.begin_again({}, start)
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
        database.close()
    return int(spent > options.limit > 0)


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
