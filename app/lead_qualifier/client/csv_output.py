"""Writes a table as CSV (RFC 4180) for spreadsheets, which must take no text for a formula."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lead_qualifier.wording.printable import printable

#: What a spreadsheet evaluates if a cell starts with it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
#: The same after a semicolon, which separates cells where the comma is the decimal sign.
_FORMULA_LATER = re.compile(r'(;[\s"]*)(?=[=+\-@])')
STANDARD_OUTPUT = Path("-")

Cell = str | int | float | None


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> str:
    """The rows under a heading. A row may lack columns. An apostrophe comes before a text that would be a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(map(_cell, columns))
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return text.getvalue()


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> None:
    """Write the rows, in UTF-8. A file starts with a byte order mark, without which Excel misreads what is not ASCII.

    Raises OSError.
    """
    text = csv_text(columns, rows)
    if file == STANDARD_OUTPUT:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    else:
        file.write_bytes(text.encode("utf-8-sig"))


def _cell(value: Cell) -> Cell:
    if not isinstance(value, str):
        return value
    text = f"'{value}" if value.startswith(_FORMULA) else value
    return printable(_FORMULA_LATER.sub(r"\1'", text))
