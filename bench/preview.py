"""`python -m bench.preview`: how long `model preview` and `model report` need for a million leads, as a user calls
them.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench.command_process import run
from bench.model_report import report_round, write_history
from bench.on_kafka import Say, on_kafka
from bench.restore import LEADS, PARTITIONS, write
from bench.topics import Topics, feed
from bench.workload import MODEL, Workload
from lead_qualifier.definitions.qualification_models.entries import (
    LEAD_MANAGEMENT,
    FeatureEntry,
    ModelEntry,
    ScoringModelEntry,
    encode_stored,
)
from lead_qualifier.definitions.qualification_models.snapshot import rules_from
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.messages.topics import LEAD_ASSIGNED, QUALIFICATION_MODELS, QUALIFICATION_TOPICS
from lead_qualifier.qualification.decide import Outcome, decide
from lead_qualifier.qualification.leads import Lead

_NOW = datetime.now(UTC)
_REPORT_FACTOR = 2
#: Live in version 1; previewed is a stricter one.
_LIVE = model_of({**MODEL, "existing_leads": "evaluate"})
_STRICTER: dict[str, Any] = {
    **MODEL,
    "criteria": [{"scoring_model": "engagement", "threshold": 75}, {"scoring_model": "demographic", "threshold": 60}],
}
_ENTRIES = (
    ScoringModelEntry(id="engagement", revision=1, status="live", occurred_at=_NOW),
    ScoringModelEntry(id="demographic", revision=2, status="live", occurred_at=_NOW),
    FeatureEntry(name=LEAD_MANAGEMENT, revision=3, enabled=True),
    ModelEntry(id="enterprise", revision=4, status="live", version=1, published=_LIVE),
)


def main() -> int:
    """The exit code: 0 if every run counted right, and in time where a limit was given."""
    options = _options()
    return on_kafka("preview", lambda connection, folder, say: _run(connection, options, folder, say))


def _run(connection: Connection, options: argparse.Namespace, folder: Path, say: Say) -> int:
    prefix = f"preview-{time.time_ns() % 10**9}."
    topics = (*QUALIFICATION_TOPICS, LEAD_ASSIGNED)
    with Topics(connection, prefix, partitions=PARTITIONS, topics=topics):
        held = write(connection, prefix, options.leads, partitions=PARTITIONS)
        _write_rules(connection, prefix)
        expected = _qualifying(held)
        say(f"{len(held):,} leads written, of which {expected:,} would qualify")
        if options.scores:
            feed(connection, prefix, Workload("scores", options.scores, options.leads))
            say(f"{options.scores:,} scores and lead changes written")
        qualified = write_history(connection, prefix, held)
        say(f"{qualified:,} qualifications written, and what became of them")
        del held
        results = []
        for _ in range(options.rounds):
            results.append(_round(connection, prefix, folder, options, expected, say))
            results.append(report_round(connection, prefix, qualified, _REPORT_FACTOR * options.limit, say))
        return max(results)


def _write_rules(connection: Connection, prefix: str) -> None:
    producer = Producer(connection)
    for entry in _ENTRIES:
        producer.send(QUALIFICATION_MODELS.full_name(prefix), entry.key.encode(), encode_stored(entry))
    producer.flush()


def _qualifying(held: dict[bytes, bytes]) -> int:
    """Counted here lead by lead, with no part in what is measured."""
    stricter = ModelEntry(id="enterprise", revision=4, status="live", version=2, published=model_of(_STRICTER))
    rules = rules_from({entry.key: entry for entry in (*_ENTRIES[:3], stricter)})
    decode = msgspec.json.Decoder(Lead).decode
    model = rules.models["enterprise"]
    return sum(not isinstance(decide(decode(value), model, rules, _NOW), Outcome) for value in held.values())


def _round(  # noqa: PLR0917  each is another matter
    connection: Connection, prefix: str, folder: Path, options: argparse.Namespace, expected: int, say: Say
) -> int:
    file = folder / "model.json"
    file.write_bytes(msgspec.json.encode(_STRICTER))
    ran = run(connection, prefix, "model", "preview", str(file), "--days", str(options.days))
    found = ran.found
    say(f"{found['leads']:,} leads previewed in {ran}: {found['would_qualify']['count']:,} would qualify")
    if found["would_qualify"]["count"] != expected:
        say(f"{expected:,} were expected")
        return 1
    if ran.seconds > options.limit > 0:
        say(f"{options.limit:g} s were allowed")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.preview", description=__doc__)
    parser.add_argument("--leads", type=int, default=LEADS, help=f"how many (default {LEADS:,})")
    parser.add_argument("--rounds", type=int, default=3, help="how often to preview (default 3)")
    parser.add_argument(
        "--limit", type=float, default=0, help="fail if a preview takes longer, in seconds, or a report twice as long"
    )
    parser.add_argument("--days", type=int, default=0, help="as `model preview --days`, with --scores")
    parser.add_argument("--scores", type=int, default=0, help="events on the input topics for --days to replay")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
