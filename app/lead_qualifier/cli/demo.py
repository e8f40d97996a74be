"""`demo`: everything at once, to look at."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from lead_qualifier.cli.exit_codes import NoBrokerFound, Refused
from lead_qualifier.cli.screen import warn
from lead_qualifier.demo.broker.errors import NoBroker
from lead_qualifier.demo.errors import DemoError
from lead_qualifier.settings import load_settings, unknown_variables

Events = Annotated[
    int | None,
    typer.Option(
        "--events", envvar="DEMO_EVENTS", min=1, metavar="N", help="Stop after N events. Default: run until Ctrl-C."
    ),
]
Rate = Annotated[
    float,
    typer.Option("--rate", envvar="DEMO_RATE", min=0, metavar="N", help="Events per second; 0 is as fast as possible."),
]


def demo(events: Events = None, rate: Rate = 200.0) -> None:
    """Run everything at once, to see it work.

    That is a broker, a worker, the downstream services, the console, and a stream of events like those of scoring
    engines and a CRM. Its first line is the link of the console. It uses the broker that KAFKA_BOOTSTRAP_SERVERS
    names, or starts one and stops it with the demo; the data is kept, and the next run continues from there. Without a
    terminal it prints plain lines.
    """
    settings = load_settings()
    for line in unknown_variables():
        warn(line)
    # What finds a broker takes a moment to import, which no other command should wait for.
    from lead_qualifier.demo.run import run_demo  # noqa: PLC0415

    try:
        run_demo(settings, Console(), events=events, rate=rate)
    except NoBroker as error:
        raise NoBrokerFound(str(error)) from error
    except DemoError as error:
        raise Refused(str(error)) from error
