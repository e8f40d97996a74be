"""Exports and maps, written for a test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lead_qualifier.client.lead_import.checking import Rows
from lead_qualifier.client.lead_import.csv_file import BadRow, opened
from lead_qualifier.client.lead_import.map_form import problems_of
from lead_qualifier.client.lead_import.row_encoder import RowEncoder
from lead_qualifier.messages.definition_file import parse_definition

AS_OF = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
LATEST = datetime(2026, 11, 24, tzinfo=UTC)


def a_map(text: str) -> dict[str, Any]:
    form: dict[str, Any] = parse_definition(text, "map.yaml", problems_of)
    return form


@contextmanager
def rows_of(
    folder: Path, content: str | bytes, map_text: str, *, as_of: datetime | None = AS_OF, **more: Any
) -> Iterator[Rows]:
    file = folder / "leads.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    form = a_map(map_text)
    with opened(file, form.get("file")) as export:
        yield Rows(export, RowEncoder(export, form, as_of=as_of, latest=LATEST, **more))


def imported(folder: Path, content: str | bytes, map_text: str, **more: Any) -> tuple[list[Any], list[BadRow]]:
    """By row the messages, the lead's first (None: there is none); and the bad rows."""
    with rows_of(folder, content, map_text, **more) as rows:
        found = [
            [None if value is None else json.loads(value) for value in (messages.change, *messages.scores)]
            for _, messages in rows.messages()
        ]
    return found, rows.checked.bad
