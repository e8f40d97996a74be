"""The life of a definition, whatever its kind: which command is accepted, what it changes, and what there is to say."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.commands import Command, Decision, DefinitionCommand, Entry
from lead_qualifier.definitions.entries import DefinitionEntry
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.utc import in_utc

E = TypeVar("E", bound=DefinitionEntry[Any])
D = TypeVar("D")


class InvalidDefinition(Exception):
    """What was applied is not a valid definition of its kind; `faults` says why."""

    def __init__(self, faults: tuple[Finding, ...]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def fault(field: str, message: Finding) -> Finding:
    """What is wrong in a definition, and where: `field` is a path such as `criteria.0.threshold`, or empty."""
    return Finding("fault", field=field, message=message)


class DefinitionKind(ABC, Generic[E, D]):
    """What a kind of definition brings: its form, its checks, and what is its own in each step of the life.

    `name` is the word of the command line. `codes`: the kind's own words on its topics, where they differ from those
    of the code.
    """

    name: str
    codes: Mapping[Code, str] = {}

    @abstractmethod
    def read(self, definition: object, entries: Mapping[str, E]) -> D:
        """The definition as it is stored. Raises InvalidDefinition with every fault."""

    @abstractmethod
    def id_of(self, definition: D) -> str:
        """The id that a definition says it has."""

    @abstractmethod
    def written(self, definition: D) -> Mapping[str, Any]:
        """A stored definition as people write it."""

    @abstractmethod
    def new(self, definition_id: str) -> E:
        """The entry of a definition that nobody has applied yet."""

    def refuses_apply(self, definition: D) -> tuple[Code, Finding] | None:
        """Why a definition is not even kept as a draft, beyond its form."""
        return None

    def refuses_publish(
        self, definition: D, command: DefinitionCommand, entries: Mapping[str, E]
    ) -> tuple[Code, Finding] | None:
        """Why a definition cannot run now."""
        return None

    def warnings_of(self, definition: D) -> tuple[Finding, ...]:
        """What to know although a definition is kept or published."""
        return ()

    def published(self, entry: E, command: DefinitionCommand) -> E:
        """The entry, just published, with what the kind keeps of that."""
        return entry

    def settled(self, entry: E) -> E:
        """The changed entry, with what the kind derives from its status and its draft."""
        return entry

    def draft_saved(self, entry: E) -> Finding:
        """What to say about a saved draft."""
        if entry.status != "live":
            return Finding("draft_saved", kind=self.name, id=entry.id)
        return Finding("draft_saved_while_live", kind=self.name, id=entry.id, version=entry.version)

    def decide(self, command: DefinitionCommand, entry: E) -> Decision[E]:
        """A command that is the kind's own. Never called for kinds whose commands have no such action."""
        raise NotImplementedError(command.action)


class Lifecycle(Generic[E, D]):
    """Decides commands on definitions of one kind, and changes nothing itself."""

    def __init__(self, kind: DefinitionKind[E, D], entries: Mapping[str, E], revision: int) -> None:
        """`entries`: all of the kind, by id. `revision`: the highest that was given; a change takes the next."""
        self._kind = kind
        self._entries = entries
        self._revision = revision

    def decide(self, command: DefinitionCommand) -> Decision[E]:
        """Decide one command."""
        entry = self._entries.get(command.id)
        if command.action == "apply":
            return stale(command, entry) or self._apply(command, entry)
        if entry is None or entry.status == "deleted":
            unknown = Finding("unknown_definition", kind=self._kind.name, id=command.id)
            return Decision(code=Code.UNKNOWN, finding=unknown)
        if refusal := stale(command, entry):
            return refusal
        match command.action:
            case "publish":
                decision = self._publish(command, entry)
            case "stop":
                decision = self._stop(entry)
            case "delete":
                decision = self._delete(entry)
            case _:
                decision = self._kind.decide(command, entry)
        return self._changed(command, decision)

    def _apply(self, command: DefinitionCommand, entry: E | None) -> Decision[E]:
        kind, name = self._kind, command.id
        try:
            definition = self._read(command)
        except InvalidDefinition as error:
            return Decision(code=Code.INVALID, finding=Finding("invalid_definition", faults=error.faults))
        entry = entry or kind.new(name)
        live = entry.status == "live"
        if live and not command.draft:
            return Decision(code=Code.LIVE, finding=Finding("live_refuses_apply", kind=kind.name, id=name))
        if refusal := kind.refuses_apply(definition):
            return Decision(code=refusal[0], finding=refusal[1])
        warnings = kind.warnings_of(definition)
        if definition == (entry.draft or entry.published):
            unchanged = Finding(
                "live_version_unchanged" if live and entry.draft is None else "draft_unchanged", id=name
            )
            return Decision(code=Code.UNCHANGED, finding=unchanged, warnings=warnings)
        if live and definition == entry.published:
            changed = replace(entry, draft=None)
            finding = Finding("draft_dropped", id=name, version=entry.version)
        else:
            changed = replace(entry, draft=definition, status="draft" if entry.status == "deleted" else entry.status)
            finding = kind.draft_saved(changed)
        return self._changed(
            command,
            Decision(
                code=Code.APPLIED,
                finding=finding,
                warnings=warnings,
                entry=changed,
                definition=kind.written(definition),
            ),
        )

    def _read(self, command: DefinitionCommand) -> D:
        definition = self._kind.read(command.definition, self._entries)
        if self._kind.id_of(definition) != command.id:
            raise InvalidDefinition((fault("id", Finding("id_differs", id=command.id)),))
        return definition

    def _publish(self, command: DefinitionCommand, entry: E) -> Decision[E]:
        kind, name, version = self._kind, entry.id, entry.version
        if entry.status == "live" and not command.replace:
            already = Finding(
                "already_live" if entry.draft is None else "already_live_with_draft",
                kind=kind.name,
                id=name,
                version=version,
            )
            return Decision(code=Code.LIVE, finding=already)
        if entry.status != "live" and command.replace:
            return Decision(code=Code.NOT_LIVE, finding=Finding("nothing_to_replace", kind=kind.name, id=name))
        if entry.draft is None and command.replace:
            return Decision(code=Code.NO_DRAFT, finding=Finding("no_draft", kind=kind.name, id=name, version=version))
        definition = entry.draft or entry.published
        assert definition is not None
        if refusal := kind.refuses_publish(definition, command, self._entries):
            return Decision(code=refusal[0], finding=refusal[1])
        published = replace(
            entry,
            status="live",
            version=version + 1,
            draft=None,
            published=definition,
            published_revision=self._revision + 1,
            published_at=in_utc(command.issued_at),
            published_by=command.issued_by,
        )
        finding = Finding("published", id=name, version=published.version)
        if command.replace:
            finding = Finding("replaced", id=name, version=published.version, before=version)
        return Decision(
            code=Code.PUBLISHED,
            finding=finding,
            warnings=kind.warnings_of(definition),
            entry=kind.published(published, command),
            definition=kind.written(definition),
        )

    def _stop(self, entry: E) -> Decision[E]:
        if entry.status != "live":
            return Decision(code=Code.NOT_LIVE, finding=Finding("nothing_to_stop", kind=self._kind.name, id=entry.id))
        stopped = Finding("stopped" if entry.draft is None else "stopped_with_draft", id=entry.id)
        return Decision(code=Code.STOPPED, finding=stopped, entry=replace(entry, status="stopped"))

    def _delete(self, entry: E) -> Decision[E]:
        if entry.status == "live":
            return Decision(code=Code.LIVE, finding=Finding("live_refuses_delete", kind=self._kind.name, id=entry.id))
        deleted = replace(entry, status="deleted", draft=None, published=None)
        return Decision(code=Code.DELETED, finding=Finding("deleted", id=entry.id), entry=deleted)

    def _changed(self, command: DefinitionCommand, decision: Decision[E]) -> Decision[E]:
        """The decision, with the entry at the next revision if it is changed."""
        if decision.entry is None:
            return decision
        entry = replace(
            self._kind.settled(decision.entry),
            revision=self._revision + 1,
            changed_at=in_utc(command.issued_at),
            changed_by=command.issued_by,
        )
        return dataclasses.replace(decision, entry=entry)


def stale(command: Command, entry: Entry | DefinitionEntry[Any] | None) -> Decision[Any] | None:
    """The refusal of a command that was meant for another revision."""
    held = 0 if entry is None else entry.revision
    accepted = {None, held}
    if isinstance(entry, DefinitionEntry) and entry.status == "deleted":
        accepted.add(0)  # `list` does not show it
    if command.expected_revision in accepted:
        return None
    assert command.expected_revision is not None
    finding = Finding("stale_revision", id=command.id, held=held, expected=command.expected_revision)
    return Decision(code=Code.STALE_REVISION, finding=finding)
