"""`python -m bench.console`: pages of the console for 50 marketers beside a worker at full speed, and what that costs
the worker. Runs of the worker alone, with a console beside it, and with marketers in it take turns on one input.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import httpx
from rich.console import Console
from rich.table import Table

from bench.commands import Commands
from bench.marketers import Clicks, Marketers
from bench.meter import Measured
from bench.on_kafka import Say, on_kafka
from bench.subjects import WORKER, Subject, SubjectFailed, cpu_seconds, start, worker_environment
from bench.topics import Topics, feed
from bench.workload import MODEL, Workload
from lead_qualifier.kafka.connection import Connection

PARTITIONS = 4
ALONE, IDLE, CLICKED = "the worker alone", "a console beside it", "and marketers in it"
_SUBJECTS = (ALONE, IDLE, CLICKED)
_CATCH_UP_SECONDS = 300.0
#: The console looks for the ends of topics every two seconds.
_LOOKS_SECONDS = 3.0
_CAUGHT_UP = {"status": "following", "behind": 0}


@dataclass(slots=True)
class Run:
    """One run. `console_cpu`: seconds of the console, until it had caught up."""

    worker: Measured
    console_cpu: float = 0.0


def main() -> int:
    """The exit code: 0 if all was measured and quick enough, 1 if not."""
    options = _options()

    def measure(connection: Connection, folder: Path, say: Say) -> int:
        workload = Workload(f"{options.events:,} events", options.events, options.events // 5)
        bench = _Bench(connection, f"bench-{time.time_ns() % 10**9}.", folder, workload)
        runs: dict[str, list[Run]] = {subject: [] for subject in _SUBJECTS}
        with Topics(connection, bench.prefix, partitions=PARTITIONS) as topics:
            bench.make_criteria_live()
            say(f"feeding {workload.events:,} events over {workload.leads:,} leads")
            feed(connection, bench.prefix, workload)
            for number in range(1, options.rounds + 1):
                for subject in _SUBJECTS if number % 2 else reversed(_SUBJECTS):
                    topics.renew_written(bench.prefix)
                    run = bench.run(subject, people=options.people, think_seconds=options.think_seconds)
                    runs[subject].append(run)
                    say(
                        f"round {number}, {subject}: {run.worker.events_per_second:,.0f} events/s, "
                        f"{run.worker.cpu_us_per_event:.2f} us/event"
                    )
        _show(runs, bench.clicks)
        return int(bool(bench.clicks.failed) or _p95(bench.clicks.all) > options.limit_ms > 0)

    return on_kafka("console", measure, SubjectFailed)


class _Bench:
    """What the runs have in common."""

    def __init__(self, connection: Connection, prefix: str, folder: Path, workload: Workload) -> None:
        self.prefix = prefix
        self.clicks = Clicks()
        self._connection = connection
        self._folder = folder
        self._workload = workload

    def make_criteria_live(self) -> None:
        """Before there are events, so that every run decides all of them by the same criteria."""
        with self._worker() as worker, Commands(self._connection, self.prefix) as commands:
            worker.wait_ready()
            commands.make_live(MODEL)

    def run(self, subject: str, *, people: int, think_seconds: float) -> Run:
        if subject == ALONE:
            return Run(self._measured())
        with self._console() as (console, browser):
            spent = cpu_seconds(console.process.pid)
            if subject == CLICKED:
                leads = self._workload.leads
                with Marketers(browser, people=people, think_seconds=think_seconds, leads=leads, into=self.clicks):
                    measured = self._measured()
            else:
                measured = self._measured()
            _wait_until_caught_up(browser)
            return Run(measured, cpu_seconds(console.process.pid) - spent)

    def _measured(self) -> Measured:
        with self._worker(self._workload.events) as worker:
            worker.wait_ready()
            return worker.measured(seconds=600)

    def _worker(self, expected: int = 0) -> Subject:
        log = self._folder / "worker.log"
        return start(WORKER, self._connection, self.prefix, log=log, partitions=PARTITIONS, expected=expected)

    @contextmanager
    def _console(self) -> Iterator[tuple[Subject, httpx.Client]]:
        """A console without data, and a client that has opened its link."""
        log = self._folder / "console.log"
        environment = {
            **worker_environment(self._connection, self.prefix, partitions=PARTITIONS, group_id=self.prefix),
            "LEAD_QUALIFIER_DATA_DIR": str(self._folder / f"console-{time.time_ns()}"),
        }
        with Subject(["lead_qualifier", "console", "--port", "0"], log=log, environment=environment) as console:
            link = re.search(r"http\S+", console.hear(60).decode())
            if link is None:
                raise SubjectFailed(f"no link: see {log}")
            with httpx.Client(base_url=link[0].partition("/enter")[0], timeout=60) as browser:
                browser.get(link[0])
                _wait_until_caught_up(browser)
                yield console, browser


def _wait_until_caught_up(browser: httpx.Client) -> None:
    since = time.monotonic() + _LOOKS_SECONDS
    deadline = since + _CATCH_UP_SECONDS
    while (now := browser.get("/api/v1/health").json()) != _CAUGHT_UP or time.monotonic() < since:
        if time.monotonic() > deadline:
            raise SubjectFailed(f"the console has not caught up: {now}")
        time.sleep(0.2)


def _show(runs: dict[str, list[Run]], clicks: Clicks) -> None:
    table = Table(caption="ratios: medians of neighbouring runs; CPU of whole processes, all threads")
    for column in ("", "events/s", "to alone", "us/event", "to alone", "console us/event"):
        table.add_column(column, justify="right" if column else "left")
    for subject, measured in runs.items():
        pairs = list(zip([one.worker for one in measured], [one.worker for one in runs[ALONE]], strict=True))
        events = measured[0].worker.events
        table.add_row(
            subject,
            f"{median(one.events_per_second for one, _ in pairs):,.0f}",
            f"{median(one.events_per_second / alone.events_per_second for one, alone in pairs):.3f}",
            f"{median(one.cpu_us_per_event for one, _ in pairs):.2f}",
            f"{median(one.cpu_seconds / alone.cpu_seconds for one, alone in pairs):.3f}",
            "-" if subject == ALONE else f"{median(one.console_cpu for one in measured) / events * 1e6:.2f}",
        )
    Console(highlight=False, width=110).print(table)
    pages = Table(caption=f"answers to marketers in ms; failed: {clicks.failed or 'none'}")
    for column in ("page", "answers", "p50", "p95", "largest"):
        pages.add_column(column, justify="left" if column == "page" else "right")
    for name, some in [*sorted(clicks.seconds.items()), ("all", clicks.all)]:
        if some:
            cells = (1000 * median(some), _p95(some), 1000 * max(some))
            pages.add_row(name, f"{len(some):,}", *(f"{one:.0f}" for one in cells))
    Console(highlight=False, width=110).print(pages)


def _p95(seconds: list[float]) -> float:
    """In milliseconds."""
    return 1000 * (quantiles(seconds, n=20)[-1] if len(seconds) > 1 else sum(seconds))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--events", type=int, default=400_000, help="over a fifth as many leads (default 400,000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, in turns (default 3)")
    parser.add_argument("--people", type=int, default=50, help="marketers (default 50)")
    parser.add_argument("--think-seconds", type=float, default=5.0, help="mean time between clicks (default 5)")
    parser.add_argument("--limit-ms", type=float, default=0, help="fail if the p95 of all pages is above; 0: never")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
