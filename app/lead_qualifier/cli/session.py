"""What commands share: the settings, a broker that answers, and how the outcome of a command is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import typer

from lead_qualifier.cli.exit_codes import ExitCode, NoBrokerFound, Refused
from lead_qualifier.cli.screen import busy, fail, say, show_json, warn
from lead_qualifier.client.authorship import author_of_commands
from lead_qualifier.client.commands import CommandClient, Outcome
from lead_qualifier.demo.broker.local_broker import find_running
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages import id_form
from lead_qualifier.settings import Settings, load_settings, unknown_variables

_REACH_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Session:
    """The settings and the connection of one command."""

    settings: Settings
    connection: Connection

    @property
    def prefix(self) -> str:
        """The prefix of every topic's name."""
        return self.settings.topic_prefix

    @property
    def state_prefix(self) -> str:
        """The prefix of the names of topics that hold state."""
        return self.settings.prefix_of_state

    def commands(self) -> CommandClient:
        """Sends commands, by default in the name of this user on this machine."""
        return CommandClient(
            self.connection,
            topic_prefix=self.prefix,
            issued_by=author_of_commands(self.settings),
            timeout=self.settings.command_timeout,
        )


def open_session(**options: Any) -> Session:
    """Read the settings, with `options` on top, and reach the broker that they name, else the demo's.

    Raises InvalidSettings, NoBrokerFound, BrokerUnreachable.
    """
    settings = load_settings(**options)
    for line in unknown_variables():
        warn(line)
    settings.apply_to_decoding()
    connection = find_running(settings)
    if connection is None:
        raise NoBrokerFound
    with busy(f"reaching {connection.bootstrap_servers}"):
        connection.check_reachable(_REACH_SECONDS)
    # Failures come as exceptions and are shown once, so librdkafka's own log is off.
    return Session(settings, replace(connection, log_level=0))


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


def check_lead_id(lead_id: str) -> None:
    """Raises Refused for an id that no lead can have, as the settings of the session say."""
    if (form := id_form.required) is not None and (fault := form.fault("lead_id", lead_id)) is not None:
        raise Refused(f"lead_id {fault}")
