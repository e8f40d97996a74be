"""`scoring-model`: announces the status of a scoring model whose engine does not do so itself."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Literal

import typer

from lead_qualifier.cli.options import Json, command_group
from lead_qualifier.cli.screen import busy, say, show_json
from lead_qualifier.cli.session import open_session
from lead_qualifier.client.commands import unanswered
from lead_qualifier.client.scoring_models import announce

scoring_model = command_group("Set which scoring models are live. Only their scores count.")


class Status(StrEnum):
    """The status of a scoring model."""

    LIVE = "live"
    DRAFT = "draft"
    STOPPED = "stopped"


@scoring_model.command("set")
def set_status(
    scoring_model_id: Annotated[str, typer.Argument(metavar="ID", help="The scoring model's id.")],
    status: Annotated[Status, typer.Option(metavar="live|draft|stopped", help="The new status.")],
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="The display name. Default: unchanged.")] = None,
    maximum: Annotated[
        str | None,
        typer.Option(
            metavar="N|none",
            help="The highest score it can give; thresholds above it are refused. Default: unchanged.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Announce the status of a scoring model.

    The command does what the model's scoring engine would do, and waits until a worker confirms it. The exit code is 4
    if no worker confirms in time; the announcement takes effect as soon as a worker runs.

    A qualification model can be published only when all scoring models that it names are live. If one of them stops
    being live later, the model is degraded: criteria on that scoring model count as not met.
    """
    highest = _highest(maximum)
    session = open_session()
    with busy("waiting for a worker to confirm"):
        announced = announce(
            session.connection,
            topic_prefix=session.prefix,
            scoring_model_id=scoring_model_id,
            status=status.value,
            name=name,
            maximum=highest,
            time_tolerance=session.settings.time_tolerance,
            timeout=session.settings.command_timeout,
        )
    if as_json:
        show_json({"event": announced.event, "confirmed": announced.entry is not None})
    if announced.entry is None:
        raise unanswered(session.settings.command_timeout)
    if not as_json:
        say(f"scoring model {scoring_model_id} is {status}")


def _highest(text: str | None) -> float | Literal["none"] | None:
    if text is None:
        return None
    if text == "none":
        return "none"
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise typer.BadParameter(
            f"{text} is not a finite number: use a number such as 100, or none", param_hint="--maximum"
        )
    return number
