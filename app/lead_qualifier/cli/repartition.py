"""`repartition`: another number of partitions, offline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

import typer

from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.options import Json, Yes
from lead_qualifier.cli.screen import agreed, busy, note, progress, say, show_json, warn
from lead_qualifier.cli.session import open_session
from lead_qualifier.maintenance.repartition.copier import Copied
from lead_qualifier.maintenance.repartition.plan import Plan, RepartitionRequest
from lead_qualifier.maintenance.repartition.repartition import Repartition
from lead_qualifier.messages.topics import (
    FEATURE_COMMANDS,
    LEAD_CHANGED,
    LEAD_QUALIFIED,
    LEAD_SCORE_CHANGED,
    LEAD_STATE,
)
from lead_qualifier.settings import load_settings


def repartition(
    partitions: Annotated[
        int,
        typer.Option("--partitions", min=1, max=1024, metavar="N", help="The new number of partitions."),
    ],
    to_prefix: Annotated[
        str | None,
        typer.Option(
            "--to-prefix",
            metavar="PREFIX",
            help="The prefix of the new topics. Default: the current prefix followed by pN., as in acme.p6.",
        ),
    ] = None,
    history: Annotated[
        bool,
        typer.Option(
            "--history",
            help="Also copy the retained events about leads, and the dead letters not sent back yet.",
        ),
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Change the number of partitions, by copying all state.

    Stop all workers and downstream services first.

    The number of partitions determines the partition of each lead, so topics cannot grow in place. This command creates
    the topics under a new prefix, copies leads, models, definitions, answers to commands and the audit trails to the
    right partitions, compares counts and checksums, and commits everything in one transaction. The current topics are
    only read, so you can go back to them. The command refuses while input is unprocessed, so inputs need no copying.
    Afterwards, start workers and services with the LEAD_QUALIFIER_TOPIC_PREFIX and LEAD_QUALIFIER_PARTITIONS that it
    prints. No lead qualifies twice, and everything that waits keeps its due time.
    """
    session = open_session()
    prefix = session.prefix
    new = _next_prefix(prefix, partitions) if to_prefix is None else to_prefix
    load_settings(topic_prefix=new, partitions=partitions)  # as the workers will have them
    if new == prefix:
        raise typer.BadParameter(
            "is the current prefix; choose another, because the current topics stay unchanged", param_hint="--to-prefix"
        )
    work = Repartition(
        RepartitionRequest(
            connection=session.connection,
            application_id=session.settings.application_id,
            topic_prefix=prefix,
            state_prefix=session.state_prefix,
            to_prefix=new,
            partitions=partitions,
            time_tolerance=session.settings.time_tolerance,
        )
    )
    with busy("checking that no process runs and all input is processed"):
        plan = work.plan()
    if not as_json:
        for line in _steps(prefix, new, plan, partitions, history=history):
            note(line)
    if not yes and (as_json or not agreed(f"Copy from {prefix}* to {new}*?", err=True)):
        raise Refused("nothing was copied" + (" (--json asks nothing: it needs --yes)" if as_json else ""))
    with progress("copying") as report:
        copied = work.copy(plan, history=history, progress=report)
    for topic, count in copied.strays.items():
        warn(
            f"{count:,} records of {topic} are in the wrong partition for their key; they were never used and are not "
            "copied"
        )
    if copied.dead_letters_left:
        note(f"{copied.dead_letters_left:,} dead letters are not copied: they were, or may have been, sent back")
    if session.settings.state_prefix is not None:
        note("the state is among the new topics: start the workers without LEAD_QUALIFIER_STATE_PREFIX")
    if as_json:
        show_json(_as_json(copied, new, partitions))
    else:
        _tell(copied, new, plan.before, partitions)


def _next_prefix(prefix: str, partitions: int) -> str:
    return f"{re.sub(r'p[0-9]+[.]$', '', prefix)}p{partitions}."


def _steps(old: str, new: str, plan: Plan, after: int, *, history: bool) -> Iterator[str]:
    whole = ", ".join(group.service.command for group in plan.groups)
    yield f"{plan.before} partitions become {after}: the topics {old}* stay unchanged, {new}* are created and filled."
    yield "Before: stop what writes to"
    yield f"  {', '.join(topic.full_name(old) for topic in (LEAD_SCORE_CHANGED, LEAD_CHANGED, FEATURE_COMMANDS))} ..."
    yield f"  and all processes ({whole}): none was found running, and all input is processed."
    yield "After:"
    yield f"  1. start them with LEAD_QUALIFIER_TOPIC_PREFIX={new} LEAD_QUALIFIER_PARTITIONS={after}"
    yield f"  2. let scoring engines and the CRM write to {LEAD_SCORE_CHANGED.full_name(new)}, ..."
    yield f"  3. point readers of {LEAD_QUALIFIED.full_name(old)} to {LEAD_QUALIFIED.full_name(new)}, and sinks too"
    if history:
        yield "     (they find the copied events there again, each with its original id)"
    yield f"  To go back, before anything is processed there: use the current settings, and writers on {old}* again."
    yield "Not copied: inputs, because they are processed (old lead-changed records stay readable in the old topic)."


def _tell(copied: Copied, new: str, before: int, after: int) -> None:
    leads = copied.checksums[LEAD_STATE]
    say(f"{leads.count:,} leads moved from {before} to {after} partitions, identical before and after:")
    say(f"  checksum {leads.hex}")
    for topic, checksum in copied.checksums.items():
        if topic is not LEAD_STATE:
            say(f"{checksum.count:,} records of {topic.name}")
    say(f"now start all processes with LEAD_QUALIFIER_TOPIC_PREFIX={new} LEAD_QUALIFIER_PARTITIONS={after}")


def _as_json(copied: Copied, new: str, after: int) -> dict[str, object]:
    return {
        "topic_prefix": new,
        "partitions": after,
        "copied": {topic.name: {"records": one.count, "checksum": one.hex} for topic, one in copied.checksums.items()},
        "strays": sum(copied.strays.values()),
        "dead_letters_left": copied.dead_letters_left,
    }
