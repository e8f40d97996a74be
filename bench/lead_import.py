"""`python -m bench.lead_import`: rows per second of `import`, without and with a broker."""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.on_kafka import Say, on_kafka
from bench.topics import Topics
from lead_qualifier.client.lead_import.checking import Rows, check
from lead_qualifier.client.lead_import.csv_file import Export, opened
from lead_qualifier.client.lead_import.map_form import problems_of
from lead_qualifier.client.lead_import.row_encoder import RowEncoder
from lead_qualifier.client.lead_import.sending import ImportSender
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.definition_file import parse_definition
from tests.support import crm_export

ROWS = 300_000
PARTITIONS = 8


def main() -> int:
    """The exit code: 0 if every message arrived."""
    options = _options()
    return on_kafka("import", lambda connection, folder, say: _run(connection, options, folder, say))


def _run(connection: Connection, options: argparse.Namespace, folder: Path, say: Say) -> int:
    file = folder / "leads.csv"
    crm_export.write(file, options.rows)
    say(f"{options.rows:,} rows of {len(crm_export.COLUMNS)} columns, {file.stat().st_size / 1e6:.0f} MB")
    form = parse_definition(crm_export.MAP, "map.yaml", problems_of)
    code = 0
    with opened(file, form["file"]) as export:
        for _ in range(options.rounds):
            _without_broker(export, form, say)
            code = max(code, _with_broker(connection, export, form, say))
        if options.profile:
            profile = cProfile.Profile()
            profile.runcall(check, _rows(export, form), lambda *_: None)
            pstats.Stats(profile).sort_stats("tottime").print_stats(options.profile)
    return code


def _rows(export: Export, form: dict[str, object]) -> Rows:
    now = datetime.now(UTC)
    return Rows(export, RowEncoder(export, form, as_of=now, latest=now))


def _without_broker(export: Export, form: dict[str, object], say: Say) -> None:
    begun, cpu = time.monotonic(), time.process_time()
    checked = check(_rows(export, form), lambda *_: None)
    seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
    messages = checked.leads + checked.scores.total()
    say(
        f"parsed and encoded: {checked.rows / seconds:,.0f} rows/s, {messages / seconds:,.0f} messages/s "
        f"({checked.rows / cpu:,.0f} rows per second of CPU)"
    )


def _with_broker(connection: Connection, export: Export, form: dict[str, object], say: Say) -> int:
    prefix = f"import-{time.time_ns() % 10**9}."
    with Topics(connection, prefix, partitions=PARTITIONS):
        sender = ImportSender(connection, topic_prefix=prefix, refused=lambda *_: None)
        rows = _rows(export, form)
        begun, cpu = time.monotonic(), time.process_time()
        sent = sender.send(rows, lambda *_: None)
        seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
        messages = sent.leads + sent.scores
        say(
            f"sent and acknowledged: {rows.checked.rows / seconds:,.0f} rows/s, {messages / seconds:,.0f} messages/s "
            f"({rows.checked.rows / cpu:,.0f} rows per second of CPU, librdkafka's threads included)"
        )
        return int(sent.refused > 0 or sent.leads != rows.checked.rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.lead_import", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--profile", type=int, default=0, metavar="N", help="also show the N functions that take longest"
    )
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
