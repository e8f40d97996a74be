"""Shows the outcome of a command."""

from __future__ import annotations

from collections.abc import Callable

import typer

from lead_qualifier.cli.exit_codes import ExitCode
from lead_qualifier.cli.screen import busy, fail, say, show_json, warn
from lead_qualifier.client.commands import Outcome


def report(ask: Callable[[], Outcome], *, as_json: bool) -> None:
    """Send a command, wait, and show its outcome. Exits with code 1 if it was refused."""
    with busy("waiting for a worker's answer"):
        outcome = ask()
    for line in outcome.warnings:
        warn(line)
    if as_json:
        show_json(outcome.event)
    elif outcome.accepted:
        say(outcome.message)
    if not outcome.accepted:
        fail(*outcome.lines)
        raise typer.Exit(ExitCode.REFUSED)
