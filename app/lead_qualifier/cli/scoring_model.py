"""`scoring-model`: says that a scoring model is live or not, where its engine does not say so itself."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Literal

import typer

from lead_qualifier.cli.options import Json
from lead_qualifier.cli.screen import busy, say, show_json
from lead_qualifier.cli.session import open_session
from lead_qualifier.client.commands import nobody_answered
from lead_qualifier.client.scoring_models import announce

scoring_model = typer.Typer(no_args_is_help=True, help="Say which scoring models are live; only their scores count.")


class Status(StrEnum):
    """What a scoring model can be."""

    LIVE = "live"
    DRAFT = "draft"
    STOPPED = "stopped"


@scoring_model.callback()
def _scoring_model() -> None:
    """Has one command today; the name of the group stays."""


@scoring_model.command("set")
def set_status(
    scoring_model_id: Annotated[str, typer.Argument(metavar="ID", help="The scoring model's id.")],
    status: Annotated[Status, typer.Option(help="What it is from now on.")],
    name: Annotated[str | None, typer.Option(help="What people call it. Without it, it keeps the name it has.")] = None,
    maximum: Annotated[
        str | None,
        typer.Option(
            metavar="N|none",
            help="The highest score it gives: thresholds above it are refused. Without it, it keeps the one it has.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Announce a scoring model's status, as its scoring engine would, and see that a worker knows it.

    Exit code 4 if none does in time: what was sent counts as soon as one runs.

    A model can be published only when all scoring models it names are live. One that stops being live leaves the
    models that name it degraded: its scores count as not met.
    """
    highest = _highest(maximum)
    session = open_session()
    with busy("waiting for a worker to know it"):
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
        raise nobody_answered(session.settings.command_timeout)
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
        raise typer.BadParameter(f"{text} is no finite number: write one such as 100, or none", param_hint="--maximum")
    return number
