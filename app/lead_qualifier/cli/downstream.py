"""`downstream`: runs the services behind lead-qualified."""

from __future__ import annotations

import typer

from lead_qualifier.cli.sinks import dataverse, webhook
from lead_qualifier.cli.worker import WebPort, broker_of, serving
from lead_qualifier.services.topology import DOWNSTREAM

downstream = typer.Typer(no_args_is_help=True, help="Run the services that act on qualified leads.")

_PURPOSES = {
    "journeys": "Let leads enter journeys.\n\nIt emits journey-entry-requested.",
    "assignment": "Assign leads to sellers, teams and queues.\n\nIt emits lead-assigned.",
    "sequences": "Take leads through sequences of sales steps.\n\nIt emits sequence-step-due and sequence-changed.",
    "follow-up": "Watch whether sales acts on leads in time.\n\nIt emits lead-follow-up-overdue.",
}
_TERMS = "Each event is handled exactly once. Start as many processes as you like: they share the work."


def _serve(names: tuple[str, ...], web_port: int | None) -> None:
    settings = serving(web_port)
    connection = broker_of(settings)
    from lead_qualifier.services.downstream import downstream_process  # noqa: PLC0415  Faust takes half a second

    downstream_process(names, settings, connection).run()


def _command(name: str) -> None:
    def serve(web_port: WebPort = None) -> None:
        _serve((name,), web_port)

    serve.__doc__ = f"{_PURPOSES[name]} {_TERMS}"
    downstream.command(name)(serve)


for _name in DOWNSTREAM:
    _command(_name)


@downstream.command("all")
def serve_all(web_port: WebPort = None) -> None:
    """Run all four in one process.

    This suits small installations. Each keeps its consumer group and its state: you can switch to separate processes,
    and back, without any loss.
    """
    _serve(tuple(DOWNSTREAM), web_port)


downstream.command()(webhook)
downstream.command()(dataverse)
