"""Reads an export: its encoding, its separator, its header, and its rows with their line numbers."""

from __future__ import annotations

import codecs
import csv
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from lead_qualifier.client.compressed_files import compression_fault
from lead_qualifier.client.errors import ClientError
from lead_qualifier.messages.reasons import wide_encoding

SEPARATORS = {",": ",", ";": ";", "tab": "\t", "|": "|"}
"""By the name in a map."""
WESTERN = "cp1252"
"""The encoding of Excel's plain CSV in Western Europe."""
_LARGEST_CELL = 1024 * 1024
_SAMPLE_BYTES = 256 * 1024
_COPY_BYTES = 1024 * 1024
_WORKBOOK = "save it as CSV first (in Excel: File, Save As, CSV UTF-8), and import that"
#: How files of other kinds begin, and what to say about them.
_OTHER_FILES = {
    b"PK\x03\x04": f"is an Excel workbook (XLSX) or another ZIP archive: {_WORKBOOK}",
    b"\xd0\xcf\x11\xe0": f"is an old Excel workbook (XLS): {_WORKBOOK}",
    b"%PDF": "is a PDF: export the leads as CSV",
    b"{": "looks like JSON: lead-qualifier feed sends scores from JSON lines",
}


class UnreadableExport(ClientError):
    """The file as a whole cannot be imported; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read. `column`: its title; empty: the row as a whole."""

    line: int
    column: str
    reason: str
    cells: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """The reason, after the column's title if there is one."""
        return f"{self.column} {self.reason}" if self.column else self.reason


@dataclass(frozen=True, slots=True)
class Export:
    """An export that can be read more than once. Make it with `opened`."""

    name: str
    """As in messages."""
    given: str
    """As on the command line."""
    path: Path
    modified_at: float | None
    """When the file was written, in seconds since 1970; None for standard input and pipes."""
    encoding: str
    separator: str
    titles: tuple[str, ...]
    separator_detected: bool
    header_line: int

    @property
    def encoding_name(self) -> str:
        """As people call it."""
        return "UTF-8" if self.encoding == "utf-8-sig" else self.encoding

    @property
    def separator_name(self) -> str:
        """As a map calls it."""
        return next((name for name, char in SEPARATORS.items() if char == self.separator), self.separator)

    def rows(self) -> Iterator[tuple[int, list[str]] | BadRow]:
        """Each row with the number of the line that it begins on. Empty rows are left out.

        A row has as many cells as the header. Raises UnreadableExport where the encoding is wrong and nothing can be
        read beyond that place.
        """
        width = len(self.titles)
        with self._text() as text:
            reader = csv.reader(text, delimiter=self.separator, strict=True)
            begins, header_line = 1, self.header_line
            while True:
                try:
                    row = next(reader, None)
                except csv.Error as error:
                    yield BadRow(begins, "", _csv_fault(error))
                    begins = reader.line_num + 1
                    continue
                except UnicodeError:
                    raise self._wrong_encoding(begins) from None
                if row is None:
                    return
                line, begins = begins, reader.line_num + 1
                if len(row) == width:
                    if line > header_line:
                        yield line, row
                elif row and line > header_line:
                    found = f"has {len(row)} cell{'s' * (len(row) > 1)}, and the header has {width}"
                    yield BadRow(line, "", f"{found}: check its quotes and separators", tuple(row))

    @contextmanager
    def _text(self) -> Iterator[TextIOWrapper]:
        # Bytes that the encoding does not have are kept as surrogates: only the rows whose cells need them fail.
        errors = "strict" if self.encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
        with self.path.open("r", encoding=self.encoding, errors=errors, newline="") as text:
            yield text

    def _wrong_encoding(self, line: int) -> UnreadableExport:
        return UnreadableExport(
            f"{self.name}:{line}: is not in {self.encoding_name}: name its encoding in the map, as in file: "
            "{encoding: cp1252} (Excel's CSV in Western Europe)"
        )


@contextmanager
def opened(file: Path, form: Mapping[str, Any] | None = None) -> Iterator[Export]:
    """The export in a file. `form`: `file` of the map; None: the encoding is guessed, too.

    Standard input (`-`) and pipes, which can be read only once, are copied to a temporary file. Raises
    UnreadableExport, OSError.
    """
    is_pipe = str(file) == "-" or file.is_fifo()
    if not is_pipe:
        yield _export(file, str(file), form, written=True)
        return
    with ExitStack() as opening:
        source = sys.stdin.buffer if str(file) == "-" else opening.enter_context(file.open("rb"))
        copy = opening.enter_context(tempfile.NamedTemporaryFile(prefix="lead-import-"))
        while part := source.read(_COPY_BYTES):
            copy.write(part)
        copy.flush()
        yield _export(Path(copy.name), str(file), form, written=False)


def _export(path: Path, given: str, form: Mapping[str, Any] | None, *, written: bool) -> Export:
    """`written`: whether the file's date says when the export was made."""
    name = "standard input" if given == "-" else given
    csv.field_size_limit(_LARGEST_CELL)
    with path.open("rb") as file:
        beginning = file.read(_SAMPLE_BYTES)
    other = next((what for start, what in _OTHER_FILES.items() if beginning.startswith(start)), None)
    if (fault := other or compression_fault(beginning, "import")) is not None:
        raise UnreadableExport(f"{name} {fault}")
    encoding = _guessed_encoding(beginning) if form is None else _encoding(beginning, form.get("encoding"))
    export = Export(
        name=name,
        given=given,
        path=path,
        modified_at=path.stat().st_mtime if written else None,
        encoding=encoding,
        separator=",",
        titles=(),
        separator_detected=False,
        header_line=1,
    )
    return _with_header(export, SEPARATORS.get((form or {}).get("separator", "")))


def _encoding(beginning: bytes, named: str | None) -> str:
    if named is not None:
        canonical = codecs.lookup(named).name
        return "utf-8-sig" if canonical == "utf-8" else canonical
    if beginning.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if wide_encoding(beginning) == "UTF-16":  # without a byte order mark
        return "utf-16-le" if beginning[1:2] == b"\0" else "utf-16-be"
    return "utf-8-sig"


def _guessed_encoding(beginning: bytes) -> str:
    """Without a map, bytes that are not UTF-8 are taken for the usual encoding of Western Europe."""
    encoding = _encoding(beginning, None)
    if encoding == "utf-8-sig":
        try:
            codecs.getincrementaldecoder(encoding)().decode(beginning)
        except UnicodeDecodeError:
            return WESTERN
    return encoding


def _with_header(export: Export, separator: str | None) -> Export:
    """The export with what its first line says."""
    line, detected = 1, separator is None
    try:
        with export._text() as text:
            first = _record(text)
            if first.lower().startswith("sep=") and len(first.rstrip("\r\n")) == 5:  # Excel's own first line
                separator, detected, line = separator or first[4], False, 2
                first = _record(text)
    except UnicodeError:
        raise export._wrong_encoding(1) from None
    if not first.strip():
        raise UnreadableExport(f"{export.name} has no header: its first line must be the titles of the columns")
    separator = separator or _separator_of(first)
    try:
        titles = next(csv.reader([first], delimiter=separator, strict=True))
    except csv.Error as error:
        raise UnreadableExport(f"{export.name}:{line}: the header cannot be read: {_csv_fault(error)}") from None
    shown = tuple(title.strip() for title in titles)
    if any("\udc80" <= char <= "\udcff" for title in shown for char in title):
        raise export._wrong_encoding(line)
    return replace(export, separator=separator, titles=shown, separator_detected=detected, header_line=line)


def _record(text: TextIOWrapper) -> str:
    """The next line, and those after it while a quote is open."""
    found = ""
    for line in text:
        found += line
        if found.count('"') % 2 == 0 or len(found) > _LARGEST_CELL:
            break
    return found


def _separator_of(header: str) -> str:
    """The separator that occurs most often outside quotes; a comma if there is none."""
    outside = "".join(header.split('"')[::2])
    return max(SEPARATORS.values(), key=outside.count)


def _csv_fault(error: csv.Error) -> str:
    found = str(error)
    if "expected after" in found:
        return "has text after a closing quote: quotes inside a cell are written twice"
    if "unexpected end" in found:
        return "begins a quoted cell that never ends: a closing quote is missing"
    if "field limit" in found:
        return "has a cell of more than 1 MiB: a closing quote may be missing"
    return f"cannot be read: {found}"
