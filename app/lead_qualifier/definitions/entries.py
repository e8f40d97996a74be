"""What is kept about a definition through its life: one record each, as stored and as every worker follows it."""

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from lead_qualifier.definitions.processed_commands import ProcessedCommand
from lead_qualifier.qualification.utc import Moment

Status = Literal["draft", "live", "stopped", "deleted"]
D = TypeVar("D")
"""A definition as it is stored."""


class DefinitionEntry(Struct, Generic[D], frozen=True, kw_only=True, omit_defaults=True):
    """A definition of any kind. It is kept when deleted, so that its versions go on rising; one that never was, of
    which an apply was refused, is deleted too, at revision 0.

    `version` is the newest published one (0: none) and `published` its content; `draft` is what the next publish
    takes, absent if that would be `published` again. A live one may hold a draft too, beside what runs. `revision`:
    that of its last change, in one order over everything that the topic holds.
    """

    id: str
    revision: int
    status: Status
    version: int = 0
    draft: D | None = None
    published: D | None = None
    published_revision: int = 0
    published_at: Moment | None = None
    published_by: str | None = None
    changed_at: Moment | None = None
    changed_by: str | None = None

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
    """A definition of a downstream service, as people write it. `answers`: the processed commands on it, which the
    workers do not need.
    """

    answers: tuple[ProcessedCommand, ...] = ()


encode_entry = msgspec.json.Encoder().encode
decode_entry = msgspec.json.Decoder(Entry).decode


def encode_for_workers(entry: Entry) -> bytes:
    """The entry as it is shown to the workers."""
    return encode_entry(replace(entry, answers=()))


def entries_of(stored: Mapping[bytes, bytes]) -> list[Entry]:
    """The entries that are stored, decoded; the engine reports those that cannot be read."""
    found = []
    for value in list(stored.values()):
        try:
            found.append(decode_entry(value))
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue
    return found


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
