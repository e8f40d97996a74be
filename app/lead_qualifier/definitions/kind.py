"""A kind of definition that is stored as people write it: its form, and what is wrong with one beyond its form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from typing_extensions import override

from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.commands import DefinitionCommand
from lead_qualifier.definitions.entries import Entry
from lead_qualifier.definitions.lifecycle import DefinitionKind, InvalidDefinition, fault
from lead_qualifier.messages.definition_form import Path, Problem, form_problems
from lead_qualifier.messages.reasons import path
from lead_qualifier.messages.topics import with_article
from lead_qualifier.qualification.finding import Finding

Definition = Mapping[str, Any]
Others = Mapping[str, Definition]
"""The other definitions of the kind, by id, as they stand: what runs if one is live, else its draft."""


def _no_problems(_definition: Definition, _others: Others) -> Iterator[Problem]:
    return iter(())


def _no_warnings(_definition: Definition) -> Iterator[Problem]:
    return iter(())


def _never_too_late(_definition: Definition, _now: datetime) -> Iterator[Problem]:
    return iter(())


@dataclass(frozen=True)
class Kind(DefinitionKind[Entry, dict[str, Any]]):
    """One kind of definition.

    `document`: the TypedDict of its file, with at least an `id`. `problems`: what is wrong with a definition of that
    form; they refuse an apply. `conflicts`: what keeps it from running next to those that are live; they refuse a
    publish. `too_late`: what keeps it from being published at that time. `warnings`: what to know although it may be
    applied and published.
    """

    name: str
    document: Any
    problems: Callable[[Definition, Others], Iterator[Problem]] = field(default=_no_problems)
    conflicts: Callable[[Definition, Others], Iterator[Problem]] = field(default=_no_problems)
    too_late: Callable[[Definition, datetime], Iterator[Problem]] = field(default=_never_too_late)
    warnings: Callable[[Definition], Iterator[Problem]] = field(default=_no_warnings)

    @property
    def one(self) -> str:
        """Its name with the article: `an assignment`."""
        return with_article(self.name)

    def problems_of(self, definition: object, others: Others | None = None) -> list[Problem]:
        """Everything that is wrong with it: where, and how to correct it. Empty if it may be applied.

        Without `others` nothing is said of what it refers to.
        """
        if problems := form_problems(self.document, definition):
            return list(problems)
        assert isinstance(definition, Mapping)
        found = list(self.problems(definition, others or {}))
        if others is None:
            found = [one for one in found if not isinstance(one, Unresolved)]
        return found

    @override
    def read(self, definition: object, entries: Mapping[str, Entry]) -> dict[str, Any]:
        """The definition itself, if it has no fault."""
        own_id = definition.get("id") if isinstance(definition, Mapping) else None
        if problems := self.problems_of(definition, others_than(own_id, entries)):
            raise InvalidDefinition(_faults(problems))
        assert isinstance(definition, dict)
        return definition

    @override
    def id_of(self, definition: dict[str, Any]) -> str:
        """The id that a definition says it has."""
        return str(definition["id"])

    @override
    def written(self, definition: dict[str, Any]) -> Mapping[str, Any]:
        """It is stored as people write it."""
        return definition

    @override
    def new(self, definition_id: str) -> Entry:
        """The entry of a definition that nobody has applied yet."""
        return Entry(id=definition_id, revision=0, status="deleted")

    @override
    def refuses_publish(
        self, definition: dict[str, Any], command: DefinitionCommand, entries: Mapping[str, Entry]
    ) -> tuple[Code, Finding] | None:
        """Why it cannot be published now: new problems, conflicts with live definitions, a time that has passed."""
        problems = [
            *self.problems_of(definition, others_than(command.id, entries)),
            *self.conflicts(definition, others_than(command.id, entries, live=True)),
            *self.too_late(definition, command.issued_at),
        ]
        if not problems:
            return None
        return Code.INVALID, Finding("invalid_definition", faults=_faults(problems))

    @override
    def warnings_of(self, definition: dict[str, Any]) -> tuple[Finding, ...]:
        """What to know although it may be applied and published."""
        return _faults(self.warnings(definition))


class Unresolved(tuple[Path, Finding]):
    """A reference that could not be resolved here, but may exist elsewhere. Make it from a Problem."""

    __slots__ = ()


def _faults(problems: Iterable[Problem]) -> tuple[Finding, ...]:
    return tuple(fault(path(where), message) for where, message in problems)


def others_than(definition_id: object, entries: Mapping[str, Entry], *, live: bool = False) -> dict[str, Definition]:
    """The other definitions by id, as they stand; with `live` only those that run."""
    return {
        entry.id: entry.definition
        for entry in entries.values()
        if entry.id != definition_id and entry.definition is not None and (not live or entry.status == "live")
    }
