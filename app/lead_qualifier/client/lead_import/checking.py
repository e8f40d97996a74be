"""Reads a whole export without sending anything: what it would send, and every row that is wrong."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from lead_qualifier.client.lead_import.cells import BadCell
from lead_qualifier.client.lead_import.csv_file import BadRow, Export
from lead_qualifier.client.lead_import.row_encoder import Messages, RowEncoder

_SAMPLE = 3
_KEPT = 1000
_REPORT_ROWS = 2000

Moved = Callable[[int, int], None]
"""Gets the line that was reached, and how many rows were read."""


@dataclass(slots=True)
class Checked:
    """What a whole export is. Only the first bad rows are kept; `bad_rows` counts all."""

    rows: int = 0
    leads: int = 0
    scores: Counter[str] = field(default_factory=Counter)
    bad_rows: int = 0
    bad: list[BadRow] = field(default_factory=list)
    sample: list[bytes] = field(default_factory=list)
    by_column: Counter[str] = field(default_factory=Counter)
    """How many problems each column has."""


class Rejects:
    """Writes the rows that are not sent, each with its line and its problems, to be corrected and imported."""

    def __init__(self, export: Export, file: TextIO) -> None:
        self._writer = csv.writer(file, delimiter=export.separator)
        self._width = len(export.titles)
        self._writer.writerow((*export.titles, "import_line", "import_problem"))

    def write(self, problems: list[BadRow]) -> None:
        """Write one row, which has these problems. A row with too few or too many cells is written unchanged."""
        first = problems[0]
        if len(first.cells) == self._width:
            self._writer.writerow((*first.cells, first.line, "; ".join(one.problem for one in problems)))
        elif first.cells:
            self._writer.writerow(first.cells)


@contextmanager
def rejects_to(export: Export, path: Path | None) -> Iterator[Rejects | None]:
    """Where rejected rows go, if anywhere. Raises OSError."""
    if path is None:
        yield None
        return
    encoding = "utf-8" if export.encoding == "utf-8-sig" else export.encoding
    with path.open("w", encoding=encoding, errors="surrogateescape", newline="") as file:
        yield Rejects(export, file)


class Rows:
    """The rows of an export as messages. Bad rows have none: they are counted, kept and written to the rejects."""

    def __init__(
        self, export: Export, encoder: RowEncoder, *, rejects: Rejects | None = None, from_line: int = 0
    ) -> None:
        self.export = export
        self.encoder = encoder
        self._rejects = rejects
        self._from_line = from_line
        self.checked = Checked()

    def messages(self) -> Iterator[tuple[int, Messages]]:
        """The messages of each good row with its line. Raises UnreadableExport."""
        encode, checked, from_line = self.encoder.encode, self.checked, self._from_line
        for row in self.export.rows():
            if isinstance(row, BadRow):
                if row.line >= from_line:
                    self._reject([row])
                continue
            line, cells = row
            if line < from_line:
                continue
            try:
                messages = encode(cells)
            except BadCell:
                self._reject(list(self.encoder.problems(line, cells)))
                continue
            checked.rows += 1
            yield line, messages

    def _reject(self, problems: list[BadRow]) -> None:
        checked = self.checked
        checked.rows += 1
        checked.bad_rows += 1
        checked.by_column.update(one.column for one in problems)
        checked.bad += problems[: max(0, _KEPT - len(checked.bad))]
        if self._rejects is not None:
            self._rejects.write(problems)


def check(rows: Rows, moved: Moved) -> Checked:
    """Read all rows. Raises UnreadableExport."""
    checked = rows.checked
    models = rows.encoder.scoring_models
    for line, messages in rows.messages():
        if messages.change is not None:
            checked.leads += 1
        for model, score in zip(models, messages.scores, strict=True):
            checked.scores[model] += score is not None
        if len(checked.sample) < _SAMPLE:
            checked.sample += [one for one in (messages.change, *messages.scores) if one is not None][
                : _SAMPLE - len(checked.sample)
            ]
        if not checked.rows % _REPORT_ROWS:
            moved(line, checked.rows)
    return checked
