"""What applies the records of some topics to tables; the projection calls it in the transaction of their offsets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from lead_qualifier.kafka.records import Record

T = TypeVar("T")

#: Databases limit the parameters of a statement: SQLite to 32,766.
_MOST_PARAMETERS = 5_000


class Projector(Protocol):
    """Applies the records of its topics."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The full names of its topics."""

    def apply(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Apply records, in order within each partition. Returns whether something was erased for good."""


def in_parts(items: Sequence[T], size: int = _MOST_PARAMETERS) -> Iterator[Sequence[T]]:
    """The items in parts of this size, which one statement can take."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
