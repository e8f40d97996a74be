"""What several commands have in common: options, arguments, what these mean, and being in a group."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lead_qualifier.qualification.utc import in_utc

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
IssuedBy = Annotated[
    str | None,
    typer.Option(
        "--issued-by",
        metavar="NAME",
        help="The author of the command, for the audit trail. Default: LEAD_QUALIFIER_ISSUED_BY, else user@host.",
    ),
]
ExpectedRevision = Annotated[
    int | None,
    typer.Option(
        "--expected-revision",
        min=0,
        metavar="N",
        help="Refuse the command if the revision is no longer N (`list` shows revisions; 0: must not exist yet).",
    ),
]
DefinitionFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="The definition in YAML or JSON; - is standard input.", show_default=False),
]
AsFile = Annotated[bool, typer.Option("--file", help="Print only the definition, as a file to edit and apply.")]
DefinitionId = Annotated[str, typer.Argument(metavar="ID", help="The definition's id.")]
ModelId = Annotated[str, typer.Argument(metavar="ID", help="The qualification model's id.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


def time_of(text: str) -> datetime:
    """The time that an option names, in UTC; without a zone it is in UTC already, and a date is its beginning.

    Raises ValueError.
    """
    at = datetime.fromisoformat(text)
    return in_utc(at if at.tzinfo is not None else at.replace(tzinfo=UTC))


def command_group(about: str) -> typer.Typer:
    """A group of commands. Without a callback, Typer would merge a group of one command into that command."""
    group = typer.Typer(no_args_is_help=True, help=about)
    group.callback()(lambda: None)
    return group
