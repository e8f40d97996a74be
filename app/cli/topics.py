"""`topics`: creates and checks the topics, and repairs positions that no longer fit them."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table

from app.cli.exit_codes import ExitCode
from app.cli.options import Json
from app.cli.screen import fail, out, say, show_json
from app.cli.session import Session, open_session
from app.topic_setup import Finding, TopicSetup, TopicsUnfit

topics = typer.Typer(no_args_is_help=True, help="Create, check and repair the topics.")


@topics.command()
def create() -> None:
    """Create the topics that are missing, then check all of them. (A worker does the same when it starts.)"""
    setup = _setup(open_session())
    created = setup.create_missing(lambda name: say(f"created {name}"))
    setup.check()
    if not created:
        say("all topics exist and fit")


@topics.command()
def check(as_json: Json = False) -> None:
    """Compare the topics on the broker with what the workers need. Exit code 1 if one is missing or does not fit."""
    found = _setup(open_session()).find()
    if as_json:
        show_json([_as_json(one) for one in found])
    else:
        out.print(_table(found))
    unfit = [one for one in found if one.problem is not None]
    if unfit:
        fail(str(TopicsUnfit(unfit)))
        raise typer.Exit(ExitCode.REFUSED)


def _setup(session: Session) -> TopicSetup:
    settings = session.settings
    return TopicSetup(
        session.connection,
        prefix=settings.topic_prefix,
        partitions=settings.partitions,
        replication_factor=settings.replication_factor,
    )


def _table(found: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("topic", "partitions", "cleanup", "fits"):
        table.add_column(title, justify="right" if title == "partitions" else "left")
    for one in found:
        count = "missing" if one.partitions is None else str(one.partitions)
        table.add_row(one.name, count, one.topic.cleanup.value, "yes" if one.problem is None else "no")
    return table


def _as_json(one: Finding) -> dict[str, Any]:
    found = {
        "topic": one.name,
        "partitions": one.partitions,
        "max_message_bytes": one.max_message_bytes,
        "cleanup": one.topic.cleanup.value,
        "purpose": one.topic.purpose,
        "fits": one.problem is None,
        "problem": one.problem,
    }
    return {name: value for name, value in found.items() if value is not None}
