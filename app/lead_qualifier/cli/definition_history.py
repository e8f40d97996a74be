"""`history` of every kind of definition: its versions, and who was behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.screen import columns, moment, say, show_json
from lead_qualifier.cli.session import open_session
from lead_qualifier.client.definition_history import History, Step, Version, read_history


def look_up_history(kind: str, definition_id: str) -> History:
    """The history of a definition, even of a deleted one. Raises Refused if the audit trail does not know it."""
    session = open_session()
    found = read_history(session.connection, kind, definition_id, topic_prefix=session.prefix)
    if not found.known:
        raise Refused(
            f"the audit trail has no {kind} {definition_id} (lead-qualifier {kind} list shows the known ones)"
        )
    return found


def show_history(found: History, as_json: bool) -> None:
    """Show the versions of a definition, as text or as JSON."""
    if as_json:
        show_json([version_as_json(one) for one in found.versions])
    else:
        table(found)


def table(found: History, title: str = "", more: Callable[[Version], str] | None = None) -> None:
    """Show the versions of a definition in a table, with `more` of each in a last column."""
    if not found.versions:
        say(f"{found.definition_id} was never published")
        return
    titles = ("version", "published", "by", "written by", "until", *([title] if more else []))
    rows = ((*_row(one), *([more(one)] if more else [])) for one in found.versions)
    columns(titles, rows, right=("version",))


def _row(version: Version) -> tuple[str, ...]:
    ended = version.ended
    return (
        str(version.number),
        moment(version.published.at),
        version.published.by,
        "-" if version.drafted is None else version.drafted.by,
        "runs" if ended is None else f"{moment(ended.at)}, {ended.how} by {ended.by}",
    )


def version_as_json(version: Version) -> dict[str, Any]:
    """A version for programs."""
    shown: dict[str, Any] = {
        "version": version.number,
        **_step("published", version.published),
        "command_id": version.command_id,
        "revision": version.revision,
    }
    if version.drafted is not None:
        shown |= _step("applied", version.drafted)
    if version.ended is not None:
        shown |= {**_step("ended", version.ended), "ended": version.ended.how}
    if version.definition is not None:
        shown["definition"] = version.definition
    return shown


def _step(name: str, step: Step) -> dict[str, Any]:
    return {f"{name}_at": step.at, f"{name}_by": step.by}
