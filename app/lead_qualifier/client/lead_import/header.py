"""Finds the columns that a map names in the header of an export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from lead_qualifier.client.lead_import.csv_file import UnreadableExport
from lead_qualifier.messages.nearest import Nearest


class Titled(Protocol):
    """What has columns with titles: an export. `name`: as in messages."""

    @property
    def titles(self) -> tuple[str, ...]:
        """The titles, in order."""

    @property
    def name(self) -> str:
        """Its name."""


class Header:
    """Finds columns by their titles."""

    def __init__(self, export: Titled, *, skip: bool) -> None:
        """`skip`: do without columns that the export lacks."""
        self._export = export
        self._skip = skip
        self._found: set[int] = set()
        self._missing: dict[str, str] = {}
        self._required: set[str] = set()
        self._by_title: dict[str, list[int]] = {}
        for index, title in enumerate(export.titles):
            self._by_title.setdefault(title, []).append(index)
        self._folded = {title.casefold(): indexes for title, indexes in reversed(self._by_title.items())}

    def index(self, field: str, titles: str | Sequence[str], *, required: bool = False) -> int | None:
        """The index of a field's column, which has one of the titles; None if the export has no such column.

        Raises UnreadableExport if several columns have the title.
        """
        given = [titles] if isinstance(titles, str) else titles
        for title in given:
            indexes = self._by_title.get(title.strip()) or self._folded.get(title.strip().casefold())
            if indexes is not None:
                if len(indexes) > 1:
                    raise UnreadableExport(
                        f"{self._export.name}: {len(indexes)} columns have the title {title!r}, which the map names "
                        f"for {field}: rename them"
                    )
                self._found.add(indexes[0])
                return indexes[0]
        near = Nearest(self.titles).to(given[0])
        self._missing[field] = f"{' or '.join(map(repr, given))}" + (f" (did you mean {near!r}?)" if near else "")
        if required or not self._skip:
            self._required.add(field)
        return None

    @property
    def titles(self) -> tuple[str, ...]:
        """All titles."""
        return tuple(self._by_title)

    def unused(self, ignored: Iterable[str]) -> list[str]:
        """Titles that no field uses and the map does not ignore."""
        known = {title.strip().casefold() for title in ignored}
        return [
            title
            for index, title in enumerate(self._export.titles)
            if title and index not in self._found and title.casefold() not in known
        ]

    def finish(self) -> list[str]:
        """The fields that are left out because the export has no column for them. Raises UnreadableExport."""
        if self._required:
            lacking = "; ".join(
                f"{field}: {titles}" for field, titles in self._missing.items() if field in self._required
            )
            raise UnreadableExport(
                f"{self._export.name}: the header has no column for {lacking}. Its columns: {', '.join(self.titles)}"
            )
        return list(self._missing)
