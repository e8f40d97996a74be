"""`model diff`: what differs between two versions of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lead_qualifier.cli.definition_history import look_up_history
from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.options import Json, ModelId
from lead_qualifier.cli.screen import say, show_json
from lead_qualifier.client.definition_changes import changed_lines, changes
from lead_qualifier.client.definition_history import History
from lead_qualifier.client.definitions import QUALIFICATION_MODEL


def diff(
    model_id: ModelId,
    v1: Annotated[int, typer.Argument(min=1, metavar="V1", help="A version, as `model history` lists them.")],
    v2: Annotated[int, typer.Argument(min=1, metavar="V2", help="The version to compare it to.")],
    as_json: Json = False,
) -> None:
    """Show the differences between two versions of a model.

    They are shown as lines of the two files. With `--json`, field by field; criteria are matched by scoring model.
    """
    found = look_up_history(QUALIFICATION_MODEL, model_id)
    before, after = _definition(found, v1), _definition(found, v2)
    if as_json:
        differing = [one.as_json() for one in changes(before, after)]
        show_json({"qualification_model_id": model_id, "from": v1, "to": v2, "changes": differing})
        return
    names = {"before_name": f"{model_id} version {v1}", "after_name": f"{model_id} version {v2}"}
    for line in changed_lines(before, after, **names) or [f"versions {v1} and {v2} of {model_id} are the same"]:
        say(line)


def _definition(found: History, number: int) -> Mapping[str, Any]:
    version = found.version(number)
    if version is None:
        there = ", ".join(str(one.number) for one in found.versions) or "none"
        raise Refused(f"{found.definition_id} has no version {number}; known: {there} (lead-qualifier model history)")
    if version.definition is None:
        raise Refused(
            f"the audit trail does not hold the definition of {found.definition_id} version {number}: an older release"
            " published it without its definition, or it is too large for a record"
        )
    return version.definition
