"""`python -m bench.preview`: how long `model preview` needs for a million leads, as a user calls it."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

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
from lead_qualifier.messages.topics import QUALIFICATION_MODELS
from lead_qualifier.qualification.decide import Outcome, decide
from lead_qualifier.qualification.leads import Lead

_NOW = datetime.now(UTC)
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
    with Topics(connection, prefix, partitions=PARTITIONS):
        held = write(connection, prefix, options.leads, partitions=PARTITIONS)
        _write_rules(connection, prefix)
        expected = _qualifying(held)
        say(f"{len(held):,} leads written, of which {expected:,} would qualify")
        if options.scores:
            feed(connection, prefix, Workload("scores", options.scores, options.leads))
            say(f"{options.scores:,} scores and lead changes written")
        return max(_round(connection, prefix, folder, options, expected, say) for _ in range(options.rounds))


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
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "lead_qualifier", "model", "preview", str(file), "--json", "--days", str(options.days)],
        env={
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": connection.bootstrap_servers,
            "LEAD_QUALIFIER_TOPIC_PREFIX": prefix,
            "LEAD_QUALIFIER_PARTITIONS": str(PARTITIONS),
        },
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    found = msgspec.json.decode(done.stdout)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say(
        f"{found['leads']:,} leads previewed in {seconds:.1f} s, the start of the program included ({cpu:.1f} s of "
        f"CPU, {after.ru_maxrss / 1024:,.0f} MiB at most): {found['would_qualify']['count']:,} would qualify"
    )
    if found["would_qualify"]["count"] != expected:
        say(f"{expected:,} were expected")
        return 1
    if seconds > options.limit > 0:
        say(f"{options.limit:g} s were allowed")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.preview", description=__doc__)
    parser.add_argument("--leads", type=int, default=LEADS, help=f"how many (default {LEADS:,})")
    parser.add_argument("--rounds", type=int, default=3, help="how often to preview (default 3)")
    parser.add_argument("--limit", type=float, default=0, help="fail if a round takes longer, in seconds")
    parser.add_argument("--days", type=int, default=0, help="as `model preview --days`, with --scores")
    parser.add_argument("--scores", type=int, default=0, help="events on the input topics for --days to replay")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
