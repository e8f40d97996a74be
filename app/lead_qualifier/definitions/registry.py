"""All that is stored about what commands change, as one command finds it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from msgspec.structs import replace
from typing_extensions import override

from lead_qualifier.definitions.command_handler import CommandHandler, Wording
from lead_qualifier.definitions.commands import CommandResult, DefinitionCommand, Keyed
from lead_qualifier.definitions.entries import Entry
from lead_qualifier.definitions.kind import Kind
from lead_qualifier.definitions.lifecycle import Lifecycle
from lead_qualifier.definitions.processed_commands import ProcessedCommand

R = TypeVar("R", bound=Keyed)

_REVISION = re.compile(rb'"(?:published_)?revision":\s*(\d{1,15})(?!\d)')


class Registry(ABC, Generic[R]):
    """Records by key, and the highest revision used so far. Immutable: `after` returns the next registry."""

    def __init__(
        self,
        records: Mapping[str, R] | None = None,
        unreadable: Mapping[str, str] | None = None,
        given: int = 0,
    ) -> None:
        """`unreadable`: keys under which something is stored that cannot be read, and why. Commands on what it is about
        are refused, since its versions are not known. `given`: a revision that was given, whatever the records say.
        """
        self.records: Mapping[str, R] = dict(records or {})
        self.unreadable = unreadable or {}
        self.revision = max(given, max(map(self.revision_in, self.records.values()), default=0))

    @abstractmethod
    def revision_in(self, record: R) -> int:
        """The highest revision that a record names."""

    def after(self, result: CommandResult[Any]) -> Self:
        """The registry with what a result stores."""
        records = {**self.records, **{one.key: one for one in result.stored}}
        return type(self)(records, self.unreadable, self.revision)


class DefinitionRegistry(Registry[Entry]):
    """Definitions of one kind as people write them, by id, each with the processed commands on it."""

    @override
    def revision_in(self, record: Entry) -> int:
        """The revision of the entry."""
        return record.revision

    def handle(
        self, command: DefinitionCommand, kind: Kind, wording: Wording, fits: Callable[[Entry], bool]
    ) -> CommandResult[Entry]:
        """The result of a command. `fits`: whether an entry can be stored."""
        handler = CommandHandler(codes=kind.codes, wording=wording, fits=fits)
        lifecycle = Lifecycle(kind, self.records, self.revision)
        return handler.handle(command, _Stored(self, kind, command.id), lambda: lifecycle.decide(command))


@dataclass(frozen=True, slots=True)
class _Stored:
    """One entry, which holds the memory too."""

    registry: DefinitionRegistry
    kind: Kind
    id: str

    def entry(self) -> Entry | None:
        return self.registry.records.get(self.id)

    def processed(self) -> tuple[ProcessedCommand, ...]:
        entry = self.entry()
        return () if entry is None else entry.answers

    def unreadable(self) -> tuple[str, str] | None:
        reason = self.registry.unreadable.get(self.id)
        return None if reason is None else (self.id, reason)

    def records(self, changed: Entry | None, processed: tuple[ProcessedCommand, ...]) -> tuple[Entry, ...]:
        # What is refused although nothing of that id is known is remembered, too: finding out why costs the more.
        return (replace(changed or self.entry() or self.kind.new(self.id), answers=processed),)


def highest_revision_in(values: Iterable[bytes | None]) -> int:
    """The highest revision named in stored records that cannot be read, 0 if there is none: it is not given again."""
    return max((int(found) for value in values for found in _REVISION.findall(value or b"")), default=0)
