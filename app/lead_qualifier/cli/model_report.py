"""`model report`: what became of the leads that a model qualified."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lead_qualifier.cli import report_views
from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.options import Json, ModelId, time_of
from lead_qualifier.cli.screen import note, progress, show_json
from lead_qualifier.cli.session import open_session
from lead_qualifier.client.csv_output import STANDARD_OUTPUT, write_csv
from lead_qualifier.client.model_report_reader import report_model
from lead_qualifier.client.report_csv import report_table
from lead_qualifier.client.rulebook import read_rulebook
from lead_qualifier.messages.durations import parse_duration
from lead_qualifier.qualification.utc import after

_DURATION = re.compile(r"[1-9][0-9]{0,4}[smhdw]")


def report(
    model_id: ModelId,
    *,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="DATE|DURATION",
            help="Only qualifications from then on: 2026-01-01 (in UTC), a time with a zone, or 30d. Default: all that "
            "lead-qualified still holds.",
            show_default=False,
        ),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="FILE", help="Write it as CSV, for spreadsheets; - is standard output.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what became of the leads that a model qualified.

    By version and by score: how many were assigned, accepted, rejected and why, recycled, still wait for an answer, are
    converted or lost according to the CRM, and how long it took. A merged lead counts for its survivor. Topics are
    only read. They hold a limited time, which is shown: lead-qualified 30 days, lead-sales-response 7 days, unless
    their `retention.ms` says otherwise.
    """
    if csv is not None and as_json:
        raise typer.BadParameter("cannot be combined with --json", param_hint="--csv")
    begin = None if since is None else _time(since, datetime.now(UTC))
    session = open_session()
    book = read_rulebook(session.connection, topic_prefix=session.prefix)
    with progress("reading what became of the leads") as show_progress:
        reported = report_model(
            session.connection,
            model_id,
            topic_prefix=session.prefix,
            state_prefix=session.state_prefix,
            since=begin,
            progress=show_progress,
        )
    if not reported.report.total.qualified and book.model(model_id) is None:
        known = ", ".join(one.id for one in book.models) or "none"
        raise Refused(f"the model {model_id} does not exist; known: {known}")
    if csv is not None:
        try:
            write_csv(csv, *report_table(model_id, reported.report))
        except OSError as error:
            raise Refused(f"{csv} cannot be written: {error.strerror}") from None
        if csv != STANDARD_OUTPUT:
            note(f"written to {csv}")
    elif as_json:
        show_json(report_views.as_json(reported))
    else:
        report_views.show(reported)


def _time(since: str, now: datetime) -> datetime:
    """When the qualifications asked for begin."""
    if _DURATION.fullmatch(since):
        return after(now, -parse_duration(since))
    try:
        return time_of(since)
    except ValueError:
        raise typer.BadParameter(
            f"{since} is no date, time or duration, such as 2026-01-01, 2026-01-01T09:30:00Z or 30d",
            param_hint="--since",
        ) from None
