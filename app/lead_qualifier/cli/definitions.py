"""The commands that every kind of downstream definition has: its life from a file to live and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.options import ExpectedRevision, IssuedBy, Json
from lead_qualifier.cli.outcomes import report
from lead_qualifier.cli.screen import columns, moment, say, show_json, yaml_lines
from lead_qualifier.cli.session import Session, open_session, user_at_host
from lead_qualifier.client.definitions import DefinitionClient, Standing, read_definitions
from lead_qualifier.definitions.kind import Kind
from lead_qualifier.messages.model_file import content_of, parse_definition

DefinitionId = Annotated[str, typer.Argument(metavar="ID", help="The definition's id.")]


def definition_commands(kind: Kind, *, plural: str, help_text: str) -> typer.Typer:
    """apply, list, show, history, publish, stop and delete for one kind of definition."""
    program = typer.Typer(no_args_is_help=True, help=help_text)

    def command(name: str | None, about: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
        def register(function: Callable[..., None]) -> Callable[..., None]:
            function.__doc__ = about
            return program.command(name)(function)

        return register

    def client(issued_by: str | None) -> DefinitionClient:
        session = open_session(issued_by=issued_by)
        return DefinitionClient(
            kind.name,
            session.connection,
            topic_prefix=session.prefix,
            issued_by=session.settings.issued_by or user_at_host(),
            timeout=session.settings.command_timeout,
        )

    def standing(session: Session) -> list[Standing]:
        return read_definitions(session.connection, kind.name, topic_prefix=session.prefix)

    def find(definition_id: str) -> Standing:
        held = standing(open_session())
        for one in held:
            if one.id == definition_id and one.status != "deleted":
                return one
        known = ", ".join(one.id for one in held if one.status != "deleted") or "none"
        raise Refused(f"there is no {kind.name} {definition_id}; known: {known}")

    def move(
        command: Literal["publish", "stop", "delete"],
        definition_id: str,
        expected_revision: int | None,
        issued_by: str | None,
        as_json: bool,
        **options: Any,
    ) -> None:
        asking = client(issued_by)
        report(
            lambda: asking.move(command, definition_id, expected_revision=expected_revision, **options),
            as_json=as_json,
        )

    @command(None, f"Create {kind.one} from a file, or replace its draft. It runs once published.")
    def apply(
        file: Annotated[
            Path,
            typer.Argument(
                metavar="FILE", help="The definition in YAML or JSON; - is standard input.", show_default=False
            ),
        ],
        draft: Annotated[bool, typer.Option("--draft", help="Keep it as a draft next to the live version.")] = False,
        expected_revision: ExpectedRevision = None,
        issued_by: IssuedBy = None,
        as_json: Json = False,
    ) -> None:
        definition = parse_definition(content_of(file), str(file), kind.problems_of)
        asking = client(issued_by)
        report(lambda: asking.apply(definition, beside=draft, expected_revision=expected_revision), as_json=as_json)

    @command("list", f"List {plural} with status and version.")
    def list_all(as_json: Json = False) -> None:
        held = [one for one in standing(open_session()) if one.status != "deleted"]
        if as_json:
            show_json([_as_json(one) for one in held])
        elif held:
            rows = [
                (one.id, one.status, str(one.version or "-"), "yes" if one.draft else "", str(one.revision))
                for one in held
            ]
            columns(("id", "status", "version", "draft", "revision"), rows, right=("version", "revision"))
        else:
            say(f"no {plural} yet: write one and apply it (lead-qualifier {kind.name} apply FILE)")

    @command(None, f"Show {kind.one}: status, version and definition.")
    def show(
        definition_id: DefinitionId,
        as_file: Annotated[
            bool, typer.Option("--file", help="Print only the definition, as a file to edit and apply.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        one = find(definition_id)
        if as_json:
            show_json(_as_json(one))
            return
        if not as_file:
            say(f"{one.id}: {one.status}" + (f", version {one.version}" if one.version else ""))
            if one.draft and one.status == "live":
                say("it has a draft, which does not run (publish --replace puts it live)")
            say("")
        for line in yaml_lines(one.definition or {}, width=100):
            say(line)

    @command(None, f"List the published versions of {kind.one}: when, and by whom.")
    def history(definition_id: DefinitionId, as_json: Json = False) -> None:
        one = find(definition_id)
        if as_json:
            show_json([_version_as_json(version) for version in one.versions])
        elif one.versions:
            columns(
                ("version", "published", "by"),
                [(str(v.number), moment(v.at), v.by) for v in one.versions],
                right=("version",),
            )
        else:
            say(f"{one.id} was never published")

    @command(None, f"Publish {kind.one} as its next version, so that it runs.")
    def publish(
        definition_id: DefinitionId,
        replace: Annotated[
            bool, typer.Option("--replace", help="Replace the live version by its draft, in one step.")
        ] = False,
        expected_revision: ExpectedRevision = None,
        issued_by: IssuedBy = None,
        as_json: Json = False,
    ) -> None:
        move("publish", definition_id, expected_revision, issued_by, as_json, replacing=replace)

    @command(None, f"Stop a live {kind.name}.")
    def stop(
        definition_id: DefinitionId,
        expected_revision: ExpectedRevision = None,
        issued_by: IssuedBy = None,
        as_json: Json = False,
    ) -> None:
        move("stop", definition_id, expected_revision, issued_by, as_json)

    @command(None, f"Delete {kind.one} that is not live.")
    def delete(
        definition_id: DefinitionId,
        expected_revision: ExpectedRevision = None,
        issued_by: IssuedBy = None,
        as_json: Json = False,
    ) -> None:
        move("delete", definition_id, expected_revision, issued_by, as_json)

    return program


def _as_json(one: Standing) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": one.id, "status": one.status, "revision": one.revision}
    if one.version:
        shown["version"] = one.version
    if one.definition is not None:
        shown["definition"] = one.definition
    if one.draft is not None and one.status == "live":
        shown["draft"] = one.draft
    return shown


def _version_as_json(version: Any) -> dict[str, Any]:
    shown = {"version": version.number, "published_at": version.at, "published_by": version.by}
    return shown | ({"definition": version.definition} if version.definition is not None else {})
