"""`apply` of several files or folders: all are checked first, then applied one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from lead_qualifier.cli.exit_codes import ExitCode, Refused
from lead_qualifier.cli.screen import busy, fail, say, show_json, warn
from lead_qualifier.cli.session import open_session
from lead_qualifier.client.rollout import Plan, RolledOut, live_definitions, roll_out
from lead_qualifier.messages.errors import BadDefinitionFile

_KINDS_OF_FILE = frozenset({".yaml", ".yml", ".json"})

Read = Callable[[Path], Mapping[str, Any]]


def files_in(paths: Sequence[Path]) -> list[Path]:
    """The files in the given order, those of a folder by name, each once.

    A folder's hidden files, which belong to editors and other programs, and its sub-folders are left out. Raises
    Refused.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(one for one in path.iterdir() if _is_definition(one))
        if not inside:
            raise Refused(f"{path} has no definitions: a folder's files end with .yaml, .yml or .json")
        found += inside
    return list(dict.fromkeys(found))


def _is_definition(path: Path) -> bool:
    return path.suffix.lower() in _KINDS_OF_FILE and not path.name.startswith(".") and path.is_file()


def read_all(files: Sequence[Path], read: Read) -> dict[Path, Mapping[str, Any]]:
    """The definitions by file. Reports the problems of all files and exits with code 1 if there are any."""
    definitions: dict[Path, Mapping[str, Any]] = {}
    problems: list[str] = []
    first: dict[str, Path] = {}
    for file in files:
        try:
            definition = read(file)
        except BadDefinitionFile as bad:
            problems += bad.lines
            continue
        name = str(definition["id"])
        if name in first:
            problems.append(f"{file}: id: {name} is also the id in {first[name]}: each file needs its own")
        first.setdefault(name, file)
        definitions[file] = definition
    if problems:
        fail(*problems)
        raise typer.Exit(ExitCode.REFUSED)
    return definitions


def show_checked(definitions: Mapping[Path, Mapping[str, Any]], *, as_json: bool) -> None:
    """Say which files are valid: all of these."""
    if as_json:
        show_json([{"file": str(file), "id": one["id"], "result": "valid"} for file, one in definitions.items()])
        return
    for file, one in definitions.items():
        say(f"{file}: {one['id']} is valid")


def apply_all(
    kind: str, definitions: Mapping[Path, Mapping[str, Any]], plan: Plan, *, issued_by: str | None, as_json: bool
) -> None:
    """Apply each, and publish it if that is the plan. If any is refused, the others go on, and the exit code is 1."""
    session = open_session(issued_by=issued_by)
    live = live_definitions(session.connection, kind, topic_prefix=session.prefix)
    results: list[dict[str, Any]] = []
    steps = zip(definitions, roll_out(session.commands(), kind, definitions.values(), live, plan), strict=True)
    try:
        with busy("waiting for a worker's answers"):
            for file, one in steps:
                results.append(_as_json(file, one))
                if not as_json:
                    _show(kind, file, one, plan)
    finally:
        if as_json:
            show_json(results)
    if any(one["result"] == "refused" for one in results):
        raise typer.Exit(ExitCode.REFUSED)


def _show(kind: str, file: Path, one: RolledOut, plan: Plan) -> None:
    for line in dict.fromkeys(line for outcome in one.outcomes for line in outcome.warnings):
        warn(f"{file}: {line}")
    if not one.outcomes:
        say(f"{file}: {one.definition['id']} is live as in the file, and was left alone")
    elif one.accepted:
        say(f"{file}: {one.outcomes[-1].message}")
    else:
        fail(f"{file}: {'; '.join(one.outcomes[-1].lines)}{_hint(kind, one, plan)}")


def _hint(kind: str, one: RolledOut, plan: Plan) -> str:
    """What the answer cannot know: how this command replaces a live version."""
    is_live = one.outcomes[-1].event.get("reason") in {"model_live", "definition_live"}
    if not (is_live and plan.publish and not plan.replace):
        return ""
    return f"; or replace its live version (lead-qualifier {kind} apply --publish --replace)"


def _as_json(file: Path, one: RolledOut) -> dict[str, Any]:
    shown: dict[str, Any] = {"file": str(file), "id": one.definition["id"], "result": _result(one)}
    if one.outcomes:
        shown["message"] = one.outcomes[-1].message
        shown["outcomes"] = [dict(outcome.event) for outcome in one.outcomes]
    return shown


def _result(one: RolledOut) -> str:
    if not one.outcomes:
        return "unchanged"
    if not one.accepted:
        return "refused"
    return "published" if one.outcomes[-1].event.get("command") == "publish" else "applied"
