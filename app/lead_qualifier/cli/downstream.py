"""`downstream`: runs the services behind lead-qualified."""

from __future__ import annotations

import typer

from lead_qualifier.cli.sinks import dataverse, webhook
from lead_qualifier.cli.worker import WebPort, broker_of, serving
from lead_qualifier.services.topology import DOWNSTREAM

downstream = typer.Typer(no_args_is_help=True, help="Run what happens to qualified leads, each service by itself.")

_PURPOSES = {
    "journeys": "Let leads enter journeys: qualified leads and changed ones in, journey-entry-requested out.",
    "assignment": "Assign qualified leads to sellers, teams and queues: lead-assigned out.",
    "sequences": "Lead sellers through sequences of steps: sequence-step-due and sequence-changed out.",
    "follow-up": "Watch that somebody acts on leads in time: lead-follow-up-overdue out.",
}


def _serve(names: tuple[str, ...], web_port: int | None) -> None:
    settings = serving(web_port)
    connection = broker_of(settings)
    from lead_qualifier.services.downstream import downstream_process  # noqa: PLC0415  Faust takes half a second

    downstream_process(names, settings, connection).run()


def _command(name: str) -> None:
    def serve(web_port: WebPort = None) -> None:
        _serve((name,), web_port)

    serve.__doc__ = f"{_PURPOSES[name]}\n\nExactly once; start as many as you like: they share the work."
    downstream.command(name)(serve)


for _name in DOWNSTREAM:
    _command(_name)


@downstream.command("all")
def serve_all(web_port: WebPort = None) -> None:
    """Run all of them in one process, for small installations.

    They keep their consumer groups and their state: going over to a process for each, or back, loses nothing.
    """
    _serve(tuple(DOWNSTREAM), web_port)


downstream.command()(webhook)
downstream.command()(dataverse)
