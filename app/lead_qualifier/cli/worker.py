"""`worker`: runs one worker until it is told to stop."""

from __future__ import annotations

from typing import Annotated, Any

import structlog
import typer

from lead_qualifier.cli.exit_codes import NoBrokerFound
from lead_qualifier.demo.broker.local_broker import find_running
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.services.logs import configure_logs
from lead_qualifier.settings import Settings, load_settings, log_format, unknown_variables

WebPort = Annotated[
    int | None,
    typer.Option(
        "--web-port",
        min=0,
        max=65535,
        metavar="PORT",
        help="Port for health and metrics; 0 picks a free one. Default: LEAD_QUALIFIER_WEB_PORT (6066).",
    ),
]


def serving(**options: Any) -> Settings:
    """The settings of a process that serves, with its command's options; it logs as they say from now on.

    Raises InvalidSettings.
    """
    configure_logs(log_format())  # also for what is wrong with the other settings
    settings = load_settings(**options)
    for line in unknown_variables():
        structlog.get_logger(__name__).warning("unknown_setting", reason=line)
    return settings


def broker_of(settings: Settings) -> Connection:
    """The broker given, else the demo's. Raises NoBrokerFound."""
    connection = find_running(settings)
    if connection is None:
        raise NoBrokerFound
    return connection


def worker(web_port: WebPort = None) -> None:
    """Run a worker. It qualifies leads exactly once.

    It reads scores and lead changes, and writes qualified leads. Start as many workers as you like with the same
    LEAD_QUALIFIER_APPLICATION_ID: they share the partitions. SIGTERM or Ctrl-C stops a worker cleanly. It serves
    /health/live, /health/ready and /metrics. At startup it waits up to LEAD_QUALIFIER_STARTUP_TIMEOUT seconds for the
    broker, then exits with 3. It exits with 70 if it cannot continue; its supervisor should restart it.
    """
    settings = serving(web_port=web_port)
    connection = broker_of(settings)
    from lead_qualifier.services.worker.run import Worker  # noqa: PLC0415  Faust takes half a second

    Worker(settings, connection).run()
