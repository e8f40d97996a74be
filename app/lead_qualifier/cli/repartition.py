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
from lead_qualifier.maintenance.repartition import Copied, Plan, Repartition
from lead_qualifier.messages.topics import (
    FEATURE_COMMANDS,
    LEAD_CHANGED,
    LEAD_QUALIFIED,
    LEAD_SCORE_CHANGED,
    LEAD_STATE,
)
from lead_qualifier.settings import load_settings

_TOLD_SECONDS = 5.0


def repartition(
    partitions: Annotated[
        int,
        typer.Option("--partitions", min=1, max=1024, metavar="N", help="How many partitions there are to be."),
    ],
    to_prefix: Annotated[
        str | None,
        typer.Option(
            "--to-prefix",
            metavar="PREFIX",
            help="What stands before the names of the new topics. Default: the prefix of now and pN., as in acme.p6.",
        ),
    ] = None,
    history: Annotated[
        bool,
        typer.Option(
            "--history",
            help="Copy what was decided about leads and is kept, too, and the dead letters not sent back yet.",
        ),
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Change the number of partitions: copy all that is held to a second set of topics. All workers and downstream
    services must be stopped.

    The number decides which partition a lead is in, so topics cannot grow in place. This creates the topics anew under
    another prefix, copies leads, models, definitions, commands' answers and the audit trails to where they belong,
    compares count and checksum, and then commits all of it at once. The topics of now are only read: they are the way
    back. As long as something is still to be decided it refuses, so that the inputs need no copy. Afterwards workers
    and services go on with the LEAD_QUALIFIER_TOPIC_PREFIX and LEAD_QUALIFIER_PARTITIONS that it names; nobody
    qualifies twice, and what waits goes on waiting for the same moment.
    """
    session = open_session()
    prefix = session.prefix
    new = _next_prefix(prefix, partitions) if to_prefix is None else to_prefix
    load_settings(topic_prefix=new, partitions=partitions)  # as the workers will have them
    if new == prefix:
        raise typer.BadParameter("is the prefix of now; the topics of now stay as they are", param_hint="--to-prefix")
    work = Repartition(
        session.connection,
        group_id=session.settings.application_id,
        topic_prefix=prefix,
        state_prefix=session.settings.state_prefix,
        to_prefix=new,
        partitions=partitions,
        time_tolerance=session.settings.time_tolerance,
    )
    with busy("seeing that nobody works and all is decided"):
        plan = work.plan()
    if not as_json:
        for line in _steps(prefix, new, plan, partitions, history=history):
            note(line)
    if not yes and (as_json or not agreed(f"Copy from {prefix}* to {new}*?", err=True)):
        raise Refused("nothing was copied" + (" (--json asks nothing: it needs --yes)" if as_json else ""))
    with progress("copying", lines_every=_TOLD_SECONDS) as told:
        copied = work.copy(plan, history=history, told=told)
    for topic, count in copied.strays.items():
        warn(
            f"{count:,} records of {topic} stand in a partition that is not their key's; nobody decided by them, and "
            "they were not copied"
        )
    if copied.letters_left:
        note(f"{copied.letters_left:,} dead letters stay where they are: they were, or may have been, sent back")
    if session.settings.state_prefix is not None:
        note("what is held is among the new topics: workers go on without LEAD_QUALIFIER_STATE_PREFIX")
    if as_json:
        show_json(_as_json(copied, new, partitions))
    else:
        _tell(copied, new, plan.before, partitions)


def _next_prefix(prefix: str, partitions: int) -> str:
    return f"{re.sub(r'p[0-9]+[.]$', '', prefix)}p{partitions}."


def _steps(old: str, new: str, plan: Plan, after: int, *, history: bool) -> Iterator[str]:
    whole = ", ".join(group.command for group in plan.groups)
    yield f"{plan.before} partitions become {after}: topics {old}* stay as they are, {new}* are created and filled."
    yield "Before: what writes to"
    yield f"  {', '.join(topic.full_name(old) for topic in (LEAD_SCORE_CHANGED, LEAD_CHANGED, FEATURE_COMMANDS))} ..."
    yield f"  is stopped, and nobody works ({whole}): no process was found, and all that is there is decided."
    yield "After:"
    yield f"  1. start these with LEAD_QUALIFIER_TOPIC_PREFIX={new} LEAD_QUALIFIER_PARTITIONS={after}"
    yield f"  2. let scoring engines and the CRM write to {LEAD_SCORE_CHANGED.full_name(new)}, ..."
    yield f"  3. let readers of {LEAD_QUALIFIED.full_name(old)} go over to {LEAD_QUALIFIED.full_name(new)}, sinks too"
    if history:
        yield "     (they find what is copied there once more, each event with the id it had)"
    yield f"  Way back, as long as nothing was decided there: the settings of now, and writers back to {old}*."
    yield "Not copied: inputs, since they are decided (a reader of old lead-changed finds them in the old topic)."


def _tell(copied: Copied, new: str, before: int, after: int) -> None:
    leads = copied.tallies[LEAD_STATE]
    say(f"{leads.count:,} leads from {before} to {after} partitions, the same before and after:")
    say(f"  checksum {leads.checksum}")
    for topic, tally in copied.tallies.items():
        if topic is not LEAD_STATE:
            say(f"{tally.count:,} records of {topic.name}")
    say(f"now start all with LEAD_QUALIFIER_TOPIC_PREFIX={new} LEAD_QUALIFIER_PARTITIONS={after}")


def _as_json(copied: Copied, new: str, after: int) -> dict[str, object]:
    return {
        "topic_prefix": new,
        "partitions": after,
        "copied": {topic.name: {"records": t.count, "checksum": t.checksum} for topic, t in copied.tallies.items()},
        "strays": sum(copied.strays.values()),
        "dead_letters_left": copied.letters_left,
    }
