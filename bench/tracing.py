"""`python -m bench.tracing`: what tracing costs the worker per event. Runs with tracing off, for a tenth of the traces
and for all of them take turns on one input. Its events have no traces: these begin at the worker.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from rich.console import Console
from rich.table import Table

from bench.commands import Commands
from bench.meter import Measured
from bench.on_kafka import Say, on_kafka
from bench.subjects import WORKER, SubjectFailed, start
from bench.topics import Topics, feed
from bench.workload import MODEL, Workload
from lead_qualifier.kafka.connection import Connection

PARTITIONS = 4
OFF = "off"
OTHER = "off, the other checkout"
_SHARES = {OFF: 0.0, "10 %": 0.1, "100 %": 1.0}


class Receiver(ThreadingHTTPServer):
    """Takes spans and counts them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans = 0


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.spans += sum(len(scope.spans) for one in request.resource_spans for scope in one.scope_spans)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def _receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def main() -> int:
    """The exit code: 0 if all was measured, 1 if not."""
    options = _options()

    def measure(connection: Connection, folder: Path, say: Say) -> int:
        workload = Workload(f"{options.events:,} events", options.events, options.events // 5)
        prefix = f"bench-{time.time_ns() % 10**9}."
        subjects = [*_SHARES, *([OTHER] if options.against else [])]
        runs: dict[str, list[Measured]] = {subject: [] for subject in subjects}
        spans: dict[str, list[int]] = {subject: [] for subject in subjects}
        with Topics(connection, prefix, partitions=PARTITIONS) as topics, _receiver() as receiver:
            _make_criteria_live(connection, prefix, folder)
            say(f"feeding {workload.events:,} events over {workload.leads:,} leads")
            feed(connection, prefix, workload)
            for number in range(1, options.rounds + 1):
                for subject in subjects if number % 2 else reversed(subjects):
                    topics.renew_written(prefix)
                    receiver.spans = 0
                    environment = _tracing(_SHARES.get(subject, 0.0), receiver)
                    if subject == OTHER:
                        environment["PYTHONPATH"] = os.pathsep.join((str(options.against / "app"), "."))
                    with start(
                        WORKER,
                        connection,
                        prefix,
                        log=folder / f"{subject}.log",
                        partitions=PARTITIONS,
                        expected=workload.events,
                        environment=environment,
                    ) as one:
                        one.wait_ready()
                        runs[subject].append(one.measured(seconds=600))
                    spans[subject].append(receiver.spans)
                    say(f"round {number}, {subject}: {runs[subject][-1].cpu_us_per_event:.2f} us/event")
        _show(runs, spans)
        return 0

    return on_kafka("tracing", measure, SubjectFailed)


def _tracing(share: float, receiver: Receiver) -> dict[str, str]:
    if not share:
        return {}
    return {
        "LEAD_QUALIFIER_TRACING": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.server_address[1]}",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": str(share),
        "OTEL_BSP_MAX_QUEUE_SIZE": "1000000",  # so that none is dropped instead of exported
    }


def _make_criteria_live(connection: Connection, prefix: str, logs: Path) -> None:
    with (
        start(WORKER, connection, prefix, log=logs / "first.log", partitions=PARTITIONS) as worker,
        Commands(connection, prefix) as commands,
    ):
        worker.wait_ready()
        commands.make_live(MODEL)


def _show(runs: dict[str, list[Measured]], spans: dict[str, list[int]]) -> None:
    table = Table(caption="ratio and difference: medians of neighbouring runs; CPU of the whole process, all threads")
    for column in ("tracing", "us/event", "to off", "spans an event", "us/span"):
        table.add_column(column, justify="right" if column != "tracing" else "left")
    for subject, measured in runs.items():
        pairs = list(zip(measured, runs[OFF], strict=True))
        events = measured[0].events
        made = median(spans[subject])
        more = median(one.cpu_us_per_event - off.cpu_us_per_event for one, off in pairs)
        table.add_row(
            subject,
            f"{median(one.cpu_us_per_event for one in measured):.2f}",
            f"{median(one.cpu_seconds / off.cpu_seconds for one, off in pairs):.3f}",
            f"{made / events:.3f}" if made else "-",
            f"{more * events / made:.0f}" if made else "-",
        )
    Console(highlight=False, width=100).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.tracing", description=__doc__)
    parser.add_argument("--events", type=int, default=400_000, help="over a fifth as many leads (default 400,000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, in turns (default 3)")
    parser.add_argument("--against", type=Path, help="another checkout, measured too, with tracing off")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
