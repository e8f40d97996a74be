"""What every measurement begins with: a folder for logs, and a real Kafka, never the emulator."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from lead_qualifier.demo.broker.errors import DidNotStart, NoBroker, NotAvailable
from lead_qualifier.demo.broker.finder import find_broker
from lead_qualifier.demo.broker.kinds import BrokerKind
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import BrokerUnreachable
from lead_qualifier.settings import InvalidSettings, load_settings

Say = Callable[[str], None]
"""Told what was just done or is about to be: a line each time."""
_BROKERS = [BrokerKind.JAVA, BrokerKind.CONTAINER]


def on_kafka(name: str, measure: Callable[[Connection, Path, Say], int], *failures: type[Exception]) -> int:
    """The exit code: that of `measure`, or 1 after one of its `failures`, or where there is no broker to be had.

    `measure` is given a broker, the folder for logs, and how to tell what it does.
    """

    def with_broker(folder: Path, say: Say) -> int:
        settings = load_settings(data_dir=folder / "broker")
        with find_broker(settings, say, order=_BROKERS) as broker:
            say(f"the logs of all that is measured are in {folder}")
            return measure(broker.connection, folder, say)

    return with_logs(name, with_broker, *failures)


def with_logs(name: str, measure: Callable[[Path, Say], int], *failures: type[Exception]) -> int:
    """As `on_kafka`, for who starts brokers of its own."""
    console = Console(highlight=False)

    def say(line: str) -> None:
        console.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim] {line}")

    known: tuple[type[Exception], ...] = (InvalidSettings, NoBroker, NotAvailable, DidNotStart, BrokerUnreachable)
    try:
        return measure(Path(tempfile.mkdtemp(prefix=f"lead-qualifier-{name}-")), say)
    except (*known, *failures) as error:
        console.print(f"[red]{error}[/red]")
        return 1
