"""`rebuild`: rebuilds the state from the input topics, under another application id, next to the current one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from lead_qualifier.cli.options import Json
from lead_qualifier.cli.screen import columns, moment, note, progress, say, show_json, warn
from lead_qualifier.cli.session import Session, open_session
from lead_qualifier.maintenance.rebuild.comparison import Difference, Part
from lead_qualifier.maintenance.rebuild.rebuild import Rebuild, Rebuilt
from lead_qualifier.qualification.utc import from_milliseconds, to_milliseconds
from lead_qualifier.settings import load_settings

_EARLIEST = "earliest"
_MEANINGS = {
    Part.ONLY_LIVE: "held only by the workers",
    Part.ONLY_REBUILT: "held only by the rebuild",
    Part.SCORES: "scores",
    Part.MARKS: "marks (by which version it qualified, how often, and why)",
    Part.FLAGS: "status, status reason or sales ready",
    Part.HOLDS: "holds",
    Part.OTHER: "other data from the CRM",
    Part.UNREADABLE: "unreadable in the workers' state",
}


def rebuild(
    since: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="TIME|earliest",
            help="Include scores from this time on (2026-11-23T09:30:00Z), or all that are retained.",
        ),
    ],
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="The application id for the rebuilt state.")],
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="N", help="How many differences to list.")] = 20,
    as_json: Json = False,
) -> None:
    """Rebuild all leads from the input topics, and compare.

    The workers' state is left as it is; the command lists how the two differ.

    Scores and lead changes are processed again in the order of their record times, by the workers' own rules, with the
    models, scoring models and feature switch that the audit trail shows for each time. The same topics always give the
    same state and the same event ids. Nothing is emitted. The new state goes to topics of its own; the workers' state
    is only read, so they can keep running. To switch to the new state, stop the workers, rebuild once more, and start
    them with the settings that the command prints. The exit code is 0 with or without differences: `--json` counts
    them.
    """
    session = open_session()
    settings = load_settings(application_id=name)  # as the workers will have it
    load_settings(state_prefix=f"{session.prefix}{settings.application_id}.")
    work = Rebuild(
        connection=session.connection,
        topic_prefix=session.prefix,
        state_prefix=session.state_prefix,
        group_id=session.settings.application_id,
        name=name,
        since_ms=_milliseconds(since),
        unknown_leads=session.settings.unknown_leads.value,
        time_tolerance=session.settings.time_tolerance,
    )
    with progress("reading the audit trail") as report:
        rebuilt = work.run(limit=limit, progress=report)
    if as_json:
        show_json(_as_json(rebuilt, name, work.to_prefix))
    else:
        _tell(rebuilt, since, name, work.to_prefix, session)
    if rebuilt.unprocessed:
        note(f"{rebuilt.unprocessed:,} records are not processed by the workers yet (lead-qualifier worker)")


def _milliseconds(since: str) -> int | None:
    if since == _EARLIEST:
        return None
    try:
        at = datetime.fromisoformat(since)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise typer.BadParameter(
            f"{since} is neither earliest nor a time with a zone, such as 2026-11-23T09:30:00Z", param_hint="--from"
        )
    return max(0, to_milliseconds(at))


def _tell(rebuilt: Rebuilt, since: str, name: str, state_prefix: str, session: Session) -> None:
    say(f"{rebuilt.records:,} records processed again, across {rebuilt.changes:,} changes of the rules")
    for topic, at in sorted(rebuilt.oldest.items()):
        say(f"  {topic} from {moment(from_milliseconds(at))}")
    if rebuilt.rejected:
        say(f"  {rebuilt.rejected:,} of them are invalid: dead letters")
    say(f"{rebuilt.leads.count:,} leads, checksum {rebuilt.leads.hex}")
    of = rebuilt.qualifications
    say(f"{of.rebuilt:,} qualifications, checksum of their event ids {of.checksum}")
    say(
        f"  {of.live - of.only_live:,} are on lead-qualified, {of.only_rebuilt:,} are not; "
        f"{of.only_live:,} are only there"
    )
    say("")
    compared = rebuilt.compared
    say(f"{compared.equal:,} of {compared.live:,} leads that the workers hold are identical")
    if compared.ahead:
        say(f"{compared.ahead:,} leads are not compared, because the workers had not processed all records about them")
    if compared.counts:
        columns(
            ("leads", "differ in"),
            ((f"{count:,}", _MEANINGS[part]) for part, count in sorted(compared.counts.items())),
            right=("leads",),
        )
        say("")
        for one in compared.differences:
            for line in _difference(one):
                say(line)
        rest = sum(compared.counts.values()) - len(compared.differences)
        if rest:
            note(f"{rest:,} more; --limit shows more")
    say("")
    if rebuilt.workers_run:
        warn(
            f"workers of {session.settings.application_id} are running: before you switch, stop them and rebuild again"
        )
    say("to switch to this state, start the workers with")
    say(f"  LEAD_QUALIFIER_APPLICATION_ID={name} LEAD_QUALIFIER_STATE_PREFIX={state_prefix}")


def _difference(one: Difference) -> Iterator[str]:
    yield f"  {one.lead_id}: {one.part}"
    if one.live is not None:
        yield f"    live    {_short(one.live)}"
    if one.rebuilt is not None:
        yield f"    rebuilt {_short(one.rebuilt)}"


def _short(content: Any) -> str:
    text = str(content)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _as_json(rebuilt: Rebuilt, name: str, state_prefix: str) -> dict[str, Any]:
    compared, of = rebuilt.compared, rebuilt.qualifications
    return {
        "application_id": name,
        "state_prefix": state_prefix,
        "records": rebuilt.records,
        "rejected": rebuilt.rejected,
        "rules_changes": rebuilt.changes,
        "oldest": {topic: from_milliseconds(at).isoformat() for topic, at in sorted(rebuilt.oldest.items())},
        "leads": {"count": rebuilt.leads.count, "checksum": rebuilt.leads.hex},
        "qualifications": {
            "count": of.rebuilt,
            "checksum": of.checksum,
            "live": of.live,
            "only_live": of.only_live,
            "only_rebuilt": of.only_rebuilt,
        },
        "compared": {
            "live": compared.live,
            "equal": compared.equal,
            "ahead": compared.ahead,
            "differences": {part.value: count for part, count in compared.counts.items()},
        },
        "differences": [
            {
                "lead_id": one.lead_id,
                "part": one.part.value,
                **{side: held for side, held in (("live", one.live), ("rebuilt", one.rebuilt)) if held is not None},
            }
            for one in compared.differences
        ],
        "undecided_records": rebuilt.unprocessed,
        "workers_run": rebuilt.workers_run,
    }
