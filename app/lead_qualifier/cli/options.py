"""Options and arguments that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

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
DefinitionId = Annotated[str, typer.Argument(metavar="ID", help="The definition's id.")]
ModelId = Annotated[str, typer.Argument(metavar="ID", help="The qualification model's id.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
