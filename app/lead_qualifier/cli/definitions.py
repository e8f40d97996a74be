"""The commands that every kind of definition has: its life from a file to live and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from lead_qualifier.cli.definition_history import look_up_history, show_history
from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.options import (
    AsFile,
    DefinitionId,
    ExpectedRevision,
    IssuedBy,
    Json,
    command_group,
)
from lead_qualifier.cli.rollout import apply_all, files_in, read_all, show_checked
from lead_qualifier.cli.screen import columns, say, show_json
from lead_qualifier.cli.session import open_session, report
from lead_qualifier.client.commands import Action
from lead_qualifier.client.definition_history import History
from lead_qualifier.client.definitions import read_definitions
from lead_qualifier.client.rollout import Plan
from lead_qualifier.definitions.entries import Entry
from lead_qualifier.definitions.kind import Kind
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.definition_file import read_definition_file
from lead_qualifier.messages.definition_writing import yaml_lines
from lead_qualifier.messages.topics import with_article

SEVERAL_FILES = """Several files, or a folder, are checked before anything is sent. Then they are applied in the given
order, in a folder by name, without its hidden files and sub-folders. If one is refused, the others go on, and the exit
code is 1. Definitions that already run as in their file are left alone.
"""
"""For the help of `apply`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionCommands:
    """What is a kind's own in its commands. `name`: the kind, and the word of the command line. `about`: the help.

    `read`: the definition in a file, as people write it; raises BadDefinitionFile. `show_history`: shows the published
    versions, the second argument says whether as JSON. `about_each`: the help of single commands, where there is more
    to say than of every kind.
    """

    name: str
    plural: str
    about: str
    read: Callable[[Path], Mapping[str, Any]]
    show_history: Callable[[History, bool], None] = show_history
    about_each: Mapping[str, str] = field(default_factory=dict)


def downstream_commands(kind: Kind, *, plural: str, about: str) -> typer.Typer:
    """All commands of one kind of downstream definition."""

    def read(file: Path) -> Mapping[str, Any]:
        content: dict[str, Any] = read_definition_file(file, kind.problems_of)
        return content

    own = DefinitionCommands(name=kind.name, plural=plural, about=about, read=read)
    program = definition_commands(own)
    _add_views(program, own)
    return program


def definition_commands(own: DefinitionCommands) -> typer.Typer:
    """apply, publish, stop, delete and history for one kind of definition."""
    program = command_group(own.about)
    one = with_article(own.name)

    def move(  # noqa: PLR0917  as the options of the commands follow each other
        action: Action,
        definition_id: str,
        expected_revision: int | None,
        issued_by: str | None,
        as_json: bool,
        replace: bool = False,
    ) -> None:
        client = open_session(issued_by=issued_by).commands()
        report(
            lambda: client.move(own.name, action, definition_id, replace=replace, expected_revision=expected_revision),
            as_json=as_json,
        )

    @_command(
        program,
        own,
        "apply",
        f"Create {one} from a file, or replace its draft.\n\nIt runs once published.\n\n{SEVERAL_FILES}",
    )
    def apply(
        files: Annotated[
            list[Path],
            typer.Argument(
                metavar="FILE",
                help="Definitions in YAML or JSON, or folders of them; - is standard input.",
                show_default=False,
            ),
        ],
        *,
        draft: Annotated[bool, typer.Option("--draft", help="Keep it as a draft next to the live version.")] = False,
        publish: Annotated[bool, typer.Option("--publish", help="Publish it, unless it runs already.")] = False,
        replace: Annotated[
            bool, typer.Option("--replace", help="With --publish: also in place of a live version that differs.")
        ] = False,
        check: Annotated[bool, typer.Option("--check", help="Only check the files; needs no broker.")] = False,
        expected_revision: ExpectedRevision = None,
        issued_by: IssuedBy = None,
        as_json: Json = False,
    ) -> None:
        if publish and draft:
            raise typer.BadParameter("--draft keeps a draft that does not run: leave it out with --publish")
        if replace and not publish:
            raise typer.BadParameter("--replace says how to publish: add --publish")
        several = publish or check or len(files) > 1 or files[0].is_dir()
        if several and expected_revision is not None:
            raise typer.BadParameter("--expected-revision is for one file, without --publish and --check")
        if several:
            definitions = read_all(files_in(files), own.read)
            if check:
                show_checked(definitions, as_json=as_json)
            else:
                plan = Plan(publish=publish, replace=replace, draft=draft)
                apply_all(own.name, definitions, plan, issued_by=issued_by, as_json=as_json)
            return
        definition = own.read(files[0])
        client = open_session(issued_by=issued_by).commands()
        report(
            lambda: client.apply(own.name, definition, draft=draft, expected_revision=expected_revision),
            as_json=as_json,
        )

    @_command(program, own, "publish", f"Publish {one} as its next version, so that it runs.")
    def publish(
        definition_id: DefinitionId,
        replace: Annotated[
            bool, typer.Option("--replace", help="Replace the live version by its draft, in one step.")
        ] = False,
        expected_revision: ExpectedRevision = None,
        issued_by: IssuedBy = None,
        as_json: Json = False,
    ) -> None:
        move("publish", definition_id, expected_revision, issued_by, as_json, replace=replace)

    def add(action: Action, about: str) -> None:
        @_command(program, own, action, about)
        def stop_or_delete(
            definition_id: DefinitionId,
            expected_revision: ExpectedRevision = None,
            issued_by: IssuedBy = None,
            as_json: Json = False,
        ) -> None:
            move(action, definition_id, expected_revision, issued_by, as_json)

    add("stop", f"Stop a live {own.name}.")
    add("delete", f"Delete {one} that is not live.")

    @_command(
        program,
        own,
        "history",
        f"List the published versions of {one}.\n\nFor each: when and by whom it was published, who wrote it, and how "
        "long it ran.",
    )
    def history(definition_id: DefinitionId, as_json: Json = False) -> None:
        own.show_history(look_up_history(own.name, definition_id), as_json)

    return program


def _add_views(program: typer.Typer, own: DefinitionCommands) -> None:
    """List and show of a downstream definition; a qualification model has more to show."""
    one = with_article(own.name)

    def read_all() -> list[Entry]:
        session = open_session()
        return read_definitions(TopicReader(session.connection), own.name, topic_prefix=session.prefix)

    @_command(program, own, "list", f"List {own.plural} with status and version.")
    def list_all(as_json: Json = False) -> None:
        entries = read_all()
        if as_json:
            show_json([_as_json(entry) for entry in entries])
        elif entries:
            columns(("id", "status", "version", "draft", "revision"), map(_row, entries), right=("version", "revision"))
        else:
            say(f"no {own.plural} yet: write one and apply it (lead-qualifier {own.name} apply FILE)")

    @_command(program, own, "show", f"Show {one}: status, version and definition.")
    def show(definition_id: DefinitionId, as_file: AsFile = False, as_json: Json = False) -> None:
        entries = {entry.id: entry for entry in read_all()}
        if (entry := entries.get(definition_id)) is None or entry.definition is None:
            known = ", ".join(entries) or "none"
            raise Refused(f"there is no {own.name} {definition_id}; known: {known}")
        if as_json:
            show_json(_as_json(entry))
            return
        if not as_file:
            say(f"{entry.id}: {entry.status}" + (f", version {entry.version}" if entry.version else ""))
            if entry.draft and entry.status == "live":
                say("it has a draft, which does not run (publish --replace puts it live)")
            say("")
        for line in yaml_lines(entry.definition, width=100):
            say(line)


def _command(
    program: typer.Typer, own: DefinitionCommands, name: str, about: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds a command to the program, with its help."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        function.__doc__ = own.about_each.get(name, about)
        return program.command(name)(function)

    return register


def _row(entry: Entry) -> tuple[str, ...]:
    return entry.id, entry.status, str(entry.version or "-"), "yes" if entry.draft else "", str(entry.revision)


def _as_json(entry: Entry) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": entry.id, "status": entry.status, "revision": entry.revision}
    if entry.version:
        shown["version"] = entry.version
    if entry.definition is not None:
        shown["definition"] = entry.definition
    if entry.draft is not None and entry.status == "live":
        shown["draft"] = entry.draft
    return shown
