"""Definitions of downstream services: listed, shown, checked, and changed by commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from lead_qualifier.client.commands import Action, CommandClient, Outcome
from lead_qualifier.client.definition_history import Version, history_in
from lead_qualifier.console.api.command_forms import CommandOutcome
from lead_qualifier.console.api.commands import Commands
from lead_qualifier.console.api.decided_commands import DecidedCommands
from lead_qualifier.console.api.definition_forms import (
    DefinitionDetails,
    DefinitionHistory,
    DefinitionList,
    DefinitionSummary,
    DefinitionVersion,
)
from lead_qualifier.console.api.definition_kinds import kind_of
from lead_qualifier.console.api.definition_text import read_definition
from lead_qualifier.console.api.forms import sentence
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.read_model.assignment_reader import AssignmentReader
from lead_qualifier.console.read_model.audit_trail import TrailReader
from lead_qualifier.console.read_model.definition_entries import DefinitionReader
from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.commands import Action as DefinitionAction
from lead_qualifier.definitions.commands import Decision, DefinitionCommand
from lead_qualifier.definitions.entries import Entry
from lead_qualifier.definitions.kind import Kind, others_than
from lead_qualifier.definitions.lifecycle import Lifecycle
from lead_qualifier.messages.definition_file import parse_definition
from lead_qualifier.messages.definition_form import Problem
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.sentences import Wording


class DefinitionNotFound(ApiError):
    """There is no definition of the kind with this id."""

    status = HTTPStatus.NOT_FOUND
    code = Code.UNKNOWN.value

    def __init__(self, told: str) -> None:
        super().__init__(told)
        self.told = told


class Definitions:
    """What API and pages ask about definitions, and order. `kind` is always the word of the command line."""

    def __init__(
        self, reader: DefinitionReader, assignments: AssignmentReader, trails: TrailReader, commands: Commands
    ) -> None:
        self._reader = reader
        self._assignments = assignments
        self._trails = trails
        self._commands = DecidedCommands(commands)

    # -- reading

    def all(self, kind: str) -> DefinitionList:
        """All of a kind, by id, without deleted ones."""
        held = (entry for entry in self._reader.all(kind) if entry.definition is not None)
        return DefinitionList(definitions=[DefinitionSummary(**_summary(entry)) for entry in held])

    def show(self, kind: str, definition_id: str, wording: Wording) -> DefinitionDetails:
        """One of them. Raises DefinitionNotFound."""
        entry = self._reader.one(kind, definition_id)
        if entry is None or entry.definition is None:
            raise _unknown(kind, definition_id, wording)
        return DefinitionDetails(
            **_summary(entry),
            definition=entry.definition,
            draft=entry.draft if entry.status == "live" else None,
            published_at=entry.published_at,
            published_by=entry.published_by,
            warnings=[sentence(one, wording) for one in self._kind(kind).warnings_of(entry.draft or entry.definition)],
        )

    def history(self, kind: str, definition_id: str, wording: Wording) -> DefinitionHistory:
        """Its published versions, also of a deleted one. Raises DefinitionNotFound."""
        newest_first = self._trails.newest(kind=kind, subject=definition_id)
        found = history_in((one.value for one in reversed(newest_first)), kind, definition_id)
        if not found.known and self._reader.one(kind, definition_id) is None:
            raise _unknown(kind, definition_id, wording)
        return DefinitionHistory(id=definition_id, versions=[_version(one) for one in reversed(found.versions)])

    def check(
        self, kind: str, text: str | bytes, wording: Wording, *, definition_id: str | None = None
    ) -> dict[str, Any]:
        """The definition in a text. `definition_id`: the id that it must have; None: any.

        Raises BadDefinition with every problem.
        """
        form, entries = self._kind(kind), self._entries(kind)

        def problems_of(definition: Any) -> list[Problem]:
            own_id = definition.get("id") if isinstance(definition, Mapping) else None
            found = form.problems_of(definition, others_than(own_id, entries))
            if not found and definition_id is not None and own_id != definition_id:
                return [(("id",), Finding("id_differs", id=definition_id))]
            return found

        def parse(content: bytes | str, source: str) -> dict[str, Any]:
            definition: dict[str, Any] = parse_definition(content, source, problems_of)
            return definition

        return read_definition(parse, text, wording, code=Code.INVALID.value)

    # -- commands

    def apply(
        self, kind: str, order: Order, text: str | bytes, *, definition_id: str | None = None, draft: bool = False
    ) -> CommandOutcome:
        """Create a definition, or replace its draft. `draft`: also while it is live.

        `definition_id`: the id that the text must have; None: any. Raises BadDefinition, CommandRefused, and
        what Commands.run raises.
        """
        definition = self.check(kind, text, order.wording, definition_id=definition_id)

        def send(client: CommandClient) -> Outcome:
            return client.apply(kind, definition, draft=draft, expected_revision=order.expected_revision)

        command = _command(order, "apply", str(definition["id"]), definition=definition, draft=draft)
        return self._carry_out(kind, order, command, send)

    def move(
        self, kind: str, order: Order, action: Action, definition_id: str, *, replace: bool = False
    ) -> CommandOutcome:
        """Publish, stop or delete a definition; `replace`: publish the draft of a live one in its place.

        Raises CommandRefused, and what Commands.run raises.
        """

        def send(client: CommandClient) -> Outcome:
            expected = order.expected_revision
            return client.move(kind, action, definition_id, replace=replace, expected_revision=expected)

        return self._carry_out(kind, order, _command(order, action, definition_id, replace=replace), send)

    def _carry_out(
        self, kind: str, order: Order, command: DefinitionCommand, send: Callable[[CommandClient], Outcome]
    ) -> CommandOutcome:
        return self._commands.run(
            order,
            command.id,
            send,
            foresee=lambda: self._decide(kind, command),
            revision=lambda: self._revision_of(kind, command.id),
        )

    def _decide(self, kind: str, command: DefinitionCommand) -> Decision[Entry]:
        """What would become of a command by what is projected."""
        entries = self._entries(kind)
        revision = max((one.revision for one in entries.values()), default=0)
        return Lifecycle(self._kind(kind), entries, revision).decide(command)

    def _revision_of(self, kind: str, definition_id: str) -> int:
        held = self._reader.one(kind, definition_id)
        return 0 if held is None else held.revision

    # -- what both need

    def _kind(self, kind: str) -> Kind:
        return kind_of(kind, self._assignments)

    def _entries(self, kind: str) -> dict[str, Entry]:
        return {entry.id: entry for entry in self._reader.all(kind)}


def _summary(entry: Entry) -> dict[str, Any]:
    name = (entry.definition or {}).get("name")
    return {
        "id": entry.id,
        "name": name,
        "status": entry.status,
        "version": entry.version,
        "has_draft": entry.status == "live" and entry.draft is not None,
        "revision": entry.revision,
        "changed_at": entry.changed_at,
        "changed_by": entry.changed_by,
    }


def _version(version: Version) -> DefinitionVersion:
    drafted, ended = version.drafted, version.ended
    return DefinitionVersion(
        version=version.number,
        published_at=version.published.at,
        published_by=version.published.by,
        applied_at=None if drafted is None else drafted.at,
        applied_by=None if drafted is None else drafted.by,
        ended_at=None if ended is None else ended.at,
        ended_by=None if ended is None else ended.by,
        ended=None if ended is None else ended.how,
        definition=None if version.definition is None else dict(version.definition),
    )


def _command(order: Order, action: DefinitionAction, definition_id: str, **more: Any) -> DefinitionCommand:
    """The command as the service gets it, for what the console itself says about it."""
    return DefinitionCommand(
        id=definition_id,
        action=action,
        command_id="",
        issued_by=order.issued_by,
        issued_at=datetime.now(UTC),
        expected_revision=order.expected_revision,
        **more,
    )


def _unknown(kind: str, definition_id: str, wording: Wording) -> DefinitionNotFound:
    return DefinitionNotFound(wording.sentence(Finding("unknown_definition", kind=kind, id=definition_id)))
