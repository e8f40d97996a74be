"""`downstream`: runs the services that act on qualified leads, and the sinks, which send events to other systems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.options import command_group
from lead_qualifier.cli.screen import say
from lead_qualifier.cli.worker import WebPort, broker_of, serving
from lead_qualifier.services.topology import DOWNSTREAM, ServiceTopology
from lead_qualifier.settings import Settings, load_settings

if TYPE_CHECKING:
    from lead_qualifier.sinks.sink import Sink

downstream = command_group("Run the services that act on qualified leads.")
ConfigFile = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The sink's file, YAML or JSON (see docs/how-to/sinks.md).")
]
Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Only check the file, and test the connection with one harmless request. Needs no broker."
    ),
]


_TERMS = "Each event is handled exactly once. Start as many processes as you like: they share the work."


def _serve(names: tuple[str, ...], web_port: int | None) -> None:
    settings = serving(web_port=web_port)
    connection = broker_of(settings)
    from lead_qualifier.services.downstream import downstream_process  # noqa: PLC0415  Faust takes half a second

    downstream_process(names, settings, connection).run()


def _command(service: ServiceTopology) -> None:
    def serve(web_port: WebPort = None) -> None:
        _serve((service.name,), web_port)

    emitted = " and ".join(topic.name for topic in service.lead_events)
    serve.__doc__ = f"{service.purpose}\n\nIt emits {emitted}. {_TERMS}"
    downstream.command(service.name)(serve)


for _service in DOWNSTREAM.values():
    _command(_service)


@downstream.command("all")
def serve_all(web_port: WebPort = None) -> None:
    """Run all four downstream services in one process.

    This suits small installations. Each keeps its consumer group and its state: you can switch to separate processes,
    and back, without any loss.
    """
    _serve(tuple(DOWNSTREAM), web_port)


@downstream.command()
def webhook(config: ConfigFile, check: Check = False, web_port: WebPort = None) -> None:
    """Post events to a URL as signed webhooks.

    Each has an idempotency key. Events of one lead and topic arrive in order, each at least once. Start as many
    processes as you like: they share the work. SIGTERM or Ctrl-C stops the process cleanly.
    """
    from lead_qualifier.sinks.webhook.build import webhook as build  # noqa: PLC0415  Kafka and HTTP take their time

    _run_sink(lambda settings: build(config, application_id=settings.application_id), check, web_port)


@downstream.command()
def dataverse(config: ConfigFile, check: Check = False, web_port: WebPort = None) -> None:
    """Update leads in Dataverse (Dynamics 365).

    What was decided is written to the rows of the leads. Rows are never created. Events of one lead and topic are
    written in order. Start as many processes as you like: they share the work. SIGTERM or Ctrl-C stops the process
    cleanly.
    """
    from lead_qualifier.sinks.dataverse.build import dataverse as build  # noqa: PLC0415  Kafka and HTTP take their time

    _run_sink(lambda _settings: build(config), check, web_port)


def _run_sink(build: Callable[[Settings], Sink], check: bool, web_port: int | None) -> None:
    from lead_qualifier.consumer import EndpointGone  # noqa: PLC0415
    from lead_qualifier.sinks.errors import MissingSecret  # noqa: PLC0415
    from lead_qualifier.sinks.run import run_sink  # noqa: PLC0415

    settings = load_settings(web_port=web_port) if check else serving(web_port=web_port)
    try:
        sink = build(settings)
        if check:
            _check(sink)
            return
        connection = broker_of(settings)
        run_sink(sink, settings, connection)
    except (MissingSecret, EndpointGone) as error:
        raise Refused(str(error)) from error


def _check(sink: Sink) -> None:
    from lead_qualifier.http.errors import HttpError  # noqa: PLC0415

    try:
        answer = sink.check()
    except HttpError as error:
        raise Refused(f"the file is valid, but the endpoint gave no answer: {error}") from error
    finally:
        sink.client.close()
    if not 200 <= answer.status < 300:
        raise Refused(f"the file is valid, but the endpoint answered HTTP {answer.status}: check its log")
    say(f"{sink.kind} {sink.id}: the file is valid, and the endpoint answered HTTP {answer.status}")
