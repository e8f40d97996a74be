"""What is kept about a definition through its life: one record each, as stored and as every worker follows it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from lead_qualifier.definitions import commands
from lead_qualifier.definitions.processed_commands import ProcessedCommand
from lead_qualifier.qualification.utc import Moment

Status = Literal["draft", "live", "stopped", "deleted"]
C = TypeVar("C", bound=commands.Entry)
T = TypeVar("T")
D = TypeVar("D")
"""A definition as it is stored."""


class DefinitionEntry(Struct, Generic[D], frozen=True, kw_only=True, omit_defaults=True):
    """The current state of a definition. A deleted one is kept, so that its versions keep rising.

    A definition whose only apply was refused counts as deleted, too, at revision 0.
    """

    id: str
    """The definition's id."""
    revision: int
    """Revision of the last change. Revisions are numbered across everything that the topic holds."""
    status: Status
    """Only a live definition is acted on."""
    version: int = 0
    """The newest published version."""
    draft: D | None = None
    """What the next publish makes live. Absent: `published` again. A live definition may have a draft too."""
    published: D | None = None
    """The content of `version`: what runs while the definition is live."""
    published_revision: int = 0
    """The revision that published `version`."""
    published_at: Moment | None = None
    """`issued_at` of the command that published it."""
    published_by: str | None = None
    """Who issued that command."""
    changed_at: Moment | None = None
    """`issued_at` of the command that made the last change."""
    changed_by: str | None = None
    """Who issued that command."""

    @property
    def key(self) -> str:
        """The key it is stored under."""
        return self.id

    @property
    def definition(self) -> D | None:
        """What runs if it is live, else what the next publish lets run; None once deleted."""
        if self.status == "deleted":
            return None
        return self.published if self.status == "live" else self.draft or self.published


class Entry(DefinitionEntry[dict[str, Any]], frozen=True, kw_only=True, omit_defaults=True):
    """The current state of a definition. A deleted one is kept, so that its versions keep rising."""

    answers: tuple[ProcessedCommand, ...] = ()
    """The last commands and their outcomes, oldest first. Only the command processor needs them."""


encode_entry = msgspec.json.Encoder().encode
decode_entry = msgspec.json.Decoder(Entry).decode


def encode_for_workers(entry: Entry) -> bytes:
    """The entry as it is shown to the workers."""
    return encode_entry(replace(entry, answers=()))


def entries_of(stored: Mapping[bytes, bytes]) -> list[Entry]:
    """The entries that are stored, decoded; the engine reports those that cannot be read."""
    return list(readable(stored, decode_entry))


def readable(stored: Mapping[bytes, bytes], decode: Callable[[bytes], T]) -> Iterator[T]:
    """What is stored, decoded, without what cannot be read."""
    for value in list(stored.values()):
        with suppress(msgspec.DecodeError, ValueError, RecursionError):
            yield decode(value)


def newest_by_key(entries: Iterable[C]) -> dict[str, C]:
    """By key the entry with the highest revision, in whatever order they were written: a command processor that was
    frozen may have written late.
    """
    newest: dict[str, C] = {}
    for entry in entries:
        if entry.key not in newest or newest[entry.key].revision <= entry.revision:
            newest[entry.key] = entry
    return newest


class Published(Struct, frozen=True):
    """A version that runs."""

    id: str
    version: int
    definition: dict[str, Any]
    published_at: Moment | None
    published_revision: int


class Definitions(Struct, frozen=True):
    """All that a worker decides by: every live definition, by id."""

    revision: int
    live: dict[str, Published]


def definitions_from(entries: Mapping[str, Entry]) -> Definitions:
    """The snapshot that a worker decides by."""
    return Definitions(
        max((entry.revision for entry in entries.values()), default=0),
        {
            entry.id: Published(entry.id, entry.version, entry.published, entry.published_at, entry.published_revision)
            for entry in sorted(entries.values(), key=lambda one: one.id)
            if entry.status == "live" and entry.published is not None
        },
    )
