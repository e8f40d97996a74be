"""`model`: the life of qualification models, from a file to live and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import ExpectedRevision, IssuedBy, Json, ModelId
from app.cli.outcomes import report
from app.cli.session import open_session
from app.client.commands import Move
from app.contracts.model_file import read_model_file

model = typer.Typer(no_args_is_help=True, help="Apply, publish, stop and look at qualification models.")


@model.command()
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The model in YAML or JSON.", show_default=False)],
    expected_revision: ExpectedRevision = None,
    issued_by: IssuedBy = None,
    as_json: Json = False,
) -> None:
    """Create a model from a file, or replace its draft. It runs once published.

    The file is checked here first: what is wrong is told by line and field. A live model is stopped before it is
    changed.
    """
    definition = read_model_file(file)
    client = open_session(issued_by=issued_by).commands()
    report(lambda: client.apply(definition, expected_revision=expected_revision), as_json=as_json)


@model.command()
def publish(
    model_id: ModelId,
    expected_revision: ExpectedRevision = None,
    issued_by: IssuedBy = None,
    as_json: Json = False,
) -> None:
    """Let a model run, as its next version.

    Leads that are known already are evaluated at once, unless the model says `existing_leads: ignore`.
    """
    _move("publish", model_id, expected_revision, issued_by, as_json)


@model.command()
def stop(
    model_id: ModelId,
    expected_revision: ExpectedRevision = None,
    issued_by: IssuedBy = None,
    as_json: Json = False,
) -> None:
    """Stop a live model, so that it can be changed. Leads it qualified stay so."""
    _move("stop", model_id, expected_revision, issued_by, as_json)


@model.command()
def delete(
    model_id: ModelId,
    expected_revision: ExpectedRevision = None,
    issued_by: IssuedBy = None,
    as_json: Json = False,
) -> None:
    """Delete a model that is not live. Leads it qualified stay so, also for a new model of the same id."""
    _move("delete", model_id, expected_revision, issued_by, as_json)


def _move(command: Move, model_id: str, expected_revision: int | None, issued_by: str | None, as_json: bool) -> None:
    client = open_session(issued_by=issued_by).commands()
    report(lambda: client.move(command, model_id, expected_revision=expected_revision), as_json=as_json)
