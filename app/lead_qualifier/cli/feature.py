"""`feature`: turns lead management on and off."""

from __future__ import annotations

from typing import Annotated

import typer

from lead_qualifier.cli.options import IssuedBy, Json, command_group
from lead_qualifier.cli.session import open_session, report

feature = command_group("Turn lead management on or off. While it is off, nothing qualifies.")
Feature = Annotated[str, typer.Argument(metavar="FEATURE", help="The feature: lead-management.")]


@feature.command()
def enable(name: Feature, issued_by: IssuedBy = None, as_json: Json = False) -> None:
    """Turn a feature on.

    While lead management is on, published models qualify leads.
    """
    _switch(name, True, issued_by, as_json)


@feature.command()
def disable(name: Feature, issued_by: IssuedBy = None, as_json: Json = False) -> None:
    """Turn a feature off.

    Scores and lead changes are still recorded, so that it can be turned on again at any time.
    """
    _switch(name, False, issued_by, as_json)


def _switch(name: str, on: bool, issued_by: str | None, as_json: bool) -> None:
    client = open_session(issued_by=issued_by).commands()
    report(lambda: client.switch_feature(name, on=on), as_json=as_json)
