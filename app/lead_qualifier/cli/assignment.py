"""`assignment explain`: why a lead has its owner, or waits. Added to the commands that every kind has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from lead_qualifier.assignment.explaining import explain
from lead_qualifier.assignment.kind import KIND
from lead_qualifier.cli.assignment_views import as_data, lines
from lead_qualifier.cli.definitions import downstream_commands
from lead_qualifier.cli.exit_codes import ExitCode
from lead_qualifier.cli.options import Json
from lead_qualifier.cli.screen import busy, say, show_json
from lead_qualifier.cli.session import check_lead_id, open_session
from lead_qualifier.client.assignment_lookup import look_up

assignment = downstream_commands(KIND, plural="assignments", about="Define who gets which qualified leads.")


@assignment.command("explain")
def explain_lead(
    lead_id: Annotated[str, typer.Argument(metavar="LEAD", help="The lead's id.")],
    as_json: Json = False,
) -> None:
    """Show why a lead has its owner, or why it waits.

    If the lead waits, the command also shows what would trigger another attempt, as far as the assignment service has
    got. The exit code is 1 if the service holds nothing about the lead: it was never seen, has not qualified, or is
    closed, merged or erased.
    """
    session = open_session()
    check_lead_id(lead_id)
    with busy(f"looking for {lead_id}"):
        found = look_up(session.connection, topic_prefix=session.prefix, lead_id=lead_id)
    explained = explain(lead_id, found.entries, datetime.now(UTC))
    if as_json:
        show_json(as_data(found, explained))
    else:
        for line in lines(found, explained):
            say(line)
    if explained is None:
        raise typer.Exit(ExitCode.REFUSED)
