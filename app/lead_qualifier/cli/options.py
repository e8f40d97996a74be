"""Options and arguments that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text for people.")]
IssuedBy = Annotated[
    str | None,
    typer.Option(
        "--issued-by",
        metavar="NAME",
        help="Who gives the command, for the audit trail. Default: LEAD_QUALIFIER_ISSUED_BY, else user@host.",
    ),
]
ExpectedRevision = Annotated[
    int | None,
    typer.Option(
        "--expected-revision",
        min=0,
        metavar="N",
        help="Refuse if somebody changed it since revision N (`model list` shows revisions; 0: must not exist).",
    ),
]
ModelId = Annotated[str, typer.Argument(metavar="ID", help="The qualification model's id.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
