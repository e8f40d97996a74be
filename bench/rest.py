"""`python -m bench.rest`: what running costs when there is little to do, in CPU of the programs and of their broker.

The worker, the worker with all downstream services, and the hand-written loop each have a broker of their own, so that
what a broker spends belongs to one of them. All run all the time and get events in turns.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from statistics import quantiles
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench.commands import Commands
from bench.latency import NotQualified
from bench.on_kafka import Say, with_logs
from bench.pace import MODEL, Source, Watcher
from bench.subjects import LOOP, Subject, SubjectFailed, cpu_seconds, start, worker_environment
from bench.topics import Topics
from lead_qualifier.demo.broker.finder import make_broker
from lead_qualifier.demo.broker.kinds import BrokerKind
from lead_qualifier.demo.broker.local_broker import LocalBroker
from lead_qualifier.kafka.connection import Connection

PARTITIONS = 8
RATES = (0, 10, 100, 1_000)  # events a second
WORKER, DOWNSTREAM = "worker", "worker + downstream all"
_PREFIX = "rest."
#: What the programs are meant to cost at most, as multiples of the loop.
_TARGETS = {WORKER: 2.0, DOWNSTREAM: 3.0}
#: For twice a slice: until a broker's JVM has compiled what it runs often, it costs a multiple.
_WARM_RATE = 500.0
_SETTLE_SECONDS = 1.0


@dataclass
class Cost:
    """At one rate, in all slices."""

    seconds: float = 0.0
    program_seconds: float = 0.0
    broker_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def program(self) -> float:
        """Percent of one core, of all processes of the installation."""
        return 100 * self.program_seconds / self.seconds

    @property
    def broker(self) -> float:
        """Percent of one core."""
        return 100 * self.broker_seconds / self.seconds

    def percentile_ms(self, percent: int) -> float | None:
        """From an event to its sight by a reader of committed records; None without events."""
        return quantiles(self.latencies, n=100)[percent - 1] * 1000 if len(self.latencies) > 1 else None

    def figures(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "program_percent": self.program,
            "broker_percent": self.broker,
            "p50_ms": self.percentile_ms(50),
            "p99_ms": self.percentile_ms(99),
        }


class Installation:
    """Programs that run at a broker of their own, and what they have cost so far, by rate."""

    def __init__(self, name: str, broker: LocalBroker, programs: Sequence[Subject], watcher: Watcher) -> None:
        self.name = name
        self.costs: dict[float, Cost] = {}
        self._broker = broker
        self._programs = programs
        self._watcher = watcher
        self._source = Source(broker.connection)

    def warm_up(self, seconds: float) -> None:
        """A slice that does not count, until its events are seen."""
        self._send(_WARM_RATE, 2 * seconds)

    def run(self, rate: float, seconds: float) -> None:
        """One slice of events. Raises NotQualified."""
        time.sleep(min(_SETTLE_SECONDS, seconds))
        cost = self.costs.setdefault(rate, Cost())
        begun, program, broker = time.monotonic(), self._program_seconds(), self._broker_seconds()
        leads = self._send(rate, seconds) if rate else []
        if not rate:
            time.sleep(seconds)
        cost.seconds += time.monotonic() - begun
        cost.program_seconds += self._program_seconds() - program
        cost.broker_seconds += self._broker_seconds() - broker
        cost.latencies += [self._watcher.seconds[lead] for lead in leads]

    def _send(self, rate: float, seconds: float) -> list[str]:
        leads = self._source.send(_PREFIX, events=max(2, round(rate * seconds)), rate=rate)
        if missing := self._watcher.wait_for(leads, 60):
            raise NotQualified(f"{self.name}: {len(missing)} events qualified no lead in 60 s")
        return leads

    def _program_seconds(self) -> float:
        return sum(cpu_seconds(program.process.pid) for program in self._programs)

    def _broker_seconds(self) -> float:
        assert self._broker.pid is not None
        return cpu_seconds(self._broker.pid)


@contextmanager
def _installation(
    name: str, folder: Path, say: Say, *, downstream: bool = False, checkout: Path | None = None
) -> Iterator[Installation]:
    """`checkout`: run the programs of these sources instead of our own."""
    folder.mkdir()
    with ExitStack() as stack:
        stack.callback(rmtree, folder / "broker")
        broker = stack.enter_context(make_broker(BrokerKind.JAVA, folder / "broker", say))
        connection = broker.connection
        Topics(connection, _PREFIX, partitions=PARTITIONS).create()
        if name == LOOP:
            log = folder / "loop.log"
            programs = [
                stack.enter_context(start(LOOP, connection, _PREFIX, log=log, partitions=PARTITIONS, model=MODEL))
            ]
            programs[0].wait_ready()
        else:
            commands = [["worker"], ["downstream", "all"]] if downstream else [["worker"]]
            programs = [stack.enter_context(_program(one, connection, folder, checkout)) for one in commands]
            for program in programs:
                program.wait_for_log("worker_ready")
            with Commands(connection, _PREFIX) as orders:
                orders.make_live(MODEL)
        watcher = stack.enter_context(Watcher(connection, [_PREFIX], partitions=PARTITIONS))
        yield Installation(name, broker, programs, watcher)


def _program(command: list[str], connection: Connection, folder: Path, checkout: Path | None) -> Subject:
    environment = worker_environment(connection, _PREFIX, partitions=PARTITIONS, group_id=_PREFIX + "worker")
    if checkout is not None:
        environment["PYTHONPATH"] = str(checkout / "app")
    return Subject(["lead_qualifier", *command], log=folder / f"{command[0]}.log", environment=environment)


def main() -> int:
    """The exit code: 0 if all was measured, 1 if not."""
    options = _options()

    def measure(folder: Path, say: Say) -> int:
        say(f"the logs of all that is measured are in {folder}")
        with ExitStack() as stack:

            def begin(name: str, **how: Any) -> Installation:
                say(f"starting: {name}")
                return stack.enter_context(_installation(name, folder / name.replace(" ", "-"), say, **how))

            installations = [begin(LOOP), begin(WORKER), begin(DOWNSTREAM, downstream=True)]
            if options.against is not None:
                installations += [
                    begin(f"{WORKER}, other", checkout=options.against),
                    begin(f"{DOWNSTREAM}, other", checkout=options.against, downstream=True),
                ]
            _measure(installations, options, say)
            Console(highlight=False, width=140).print(_table(installations, options.rates))
            if options.json is not None:
                figures = {i.name: {str(rate): c.figures() for rate, c in i.costs.items()} for i in installations}
                options.json.write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")
        return 0

    return with_logs("rest", measure, SubjectFailed, NotQualified)


def _measure(installations: list[Installation], options: argparse.Namespace, say: Say) -> None:
    for each in installations:
        each.warm_up(options.seconds)
    for number in range(options.rounds):
        for rate in options.rates:
            for each in installations if number % 2 == 0 else reversed(installations):
                each.run(rate, options.seconds)
        say(f"{number + 1} of {options.rounds} rounds of {options.seconds:g} s each")


def _table(installations: list[Installation], rates: Sequence[int]) -> Table:
    table = Table(
        title=f"At rest, {PARTITIONS} partitions: percent of one core",
        caption=(
            "user + system time of the programs, and of the broker that only they use; "
            "p50 and p99: event to visible lead-qualified, by a reader of committed records"
        ),
    )
    for column in ("events/s", "", "programs", "to the loop (at most)", "broker", "to the loop's", "p50 ms", "p99 ms"):
        table.add_column(column, justify="right" if column else "left")
    for rate in rates:
        loop = installations[0].costs[rate]
        for each in installations:
            cost = each.costs[rate]
            target = _TARGETS.get(each.name)
            table.add_row(
                f"{rate:,}" if each is installations[0] else "",
                each.name,
                f"{cost.program:.1f}",
                _ratio(cost.program, loop.program) + (f" ({target:g})" if target else ""),
                f"{cost.broker:.1f}",
                _ratio(cost.broker, loop.broker),
                *(_milliseconds(cost.percentile_ms(percent)) for percent in (50, 99)),
                end_section=each is installations[-1],
            )
    return table


def _ratio(cost: float, loop: float) -> str:
    return f"{cost / loop:.1f}" if loop else "-"


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.rest", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each slice (default 10)")
    parser.add_argument("--rounds", type=int, default=3, help="slices of each rate and program (default 3)")
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, help="events a second")
    parser.add_argument("--against", type=Path, help="another checkout, whose programs are measured beside")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
