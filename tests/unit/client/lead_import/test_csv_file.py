"""How exports are written: encodings, separators, quotes, and what is no CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from lead_qualifier.client.lead_import.csv_file import BadRow, Export, UnreadableExport, opened

LINES = "Id;Näme\r\n1;Müller\r\n2;Ñandú\r\n"


def read(folder: Path, content: bytes, **form: str) -> tuple[Export, list[object]]:
    file = folder / "leads.csv"
    file.write_bytes(content)
    with opened(file, form) as export:
        return export, [row if isinstance(row, BadRow) else (row[0], *row[1]) for row in export.rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_recognised(tmp_path: Path, encoding: str) -> None:
    export, rows = read(tmp_path, LINES.encode(encoding))
    assert (export.titles, export.separator) == (("Id", "Näme"), ";")
    assert rows == [(2, "1", "Müller"), (3, "2", "Ñandú")]


@pytest.mark.parametrize("encoding", ["cp1252", "iso-8859-15", "utf-16", "UTF8"])
def test_an_encoding_that_the_map_names_is_read(tmp_path: Path, encoding: str) -> None:
    export, rows = read(tmp_path, LINES.encode(encoding), encoding=encoding)
    assert export.titles == ("Id", "Näme")
    assert rows[0] == (2, "1", "Müller")


def test_a_header_in_another_encoding_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnreadableExport, match=r"leads.csv:1: is not in UTF-8: name its encoding in the map"):
        read(tmp_path, LINES.encode("cp1252"))


def test_broken_utf_16_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(UnreadableExport, match=r"leads.csv:[12]: is not in utf-16"):
        read(tmp_path, "\ufeffId\n".encode("utf-16-le") + b"\x00\xdc" + "1\n".encode("utf-16-le"))


@pytest.mark.parametrize(("separator", "named"), [(",", ","), (";", ";"), ("\t", "tab"), ("|", "|")])
def test_separators_are_detected_or_named(tmp_path: Path, separator: str, named: str) -> None:
    content = separator.join(("Id", '"a,b;c"', "x")).encode() + b"\n" + separator.join("123").encode()
    for form in ({}, {"separator": named}):
        export, rows = read(tmp_path, content, **form)
        assert (export.titles, rows) == (("Id", "a,b;c", "x"), [(2, "1", "2", "3")])
        assert export.separator_detected is not bool(form)


def test_the_line_that_excel_puts_first_names_the_separator(tmp_path: Path) -> None:
    export, rows = read(tmp_path, b"sep=;\r\nId;Name\r\n1;a,b,c\r\n")
    assert (export.titles, rows) == (("Id", "Name"), [(3, "1", "a,b,c")])


def test_that_line_may_name_a_tab(tmp_path: Path) -> None:
    assert read(tmp_path, b"sep=\t\r\nId\tName\r\n1\ta\r\n")[1] == [(3, "1", "a")]


def test_rows_are_numbered_by_the_line_that_they_begin_on(tmp_path: Path) -> None:
    content = 'Id,"a\nb"\n1,"x\n\ny"\n\n2,"say ""hi"""\r\n3,z'
    export, rows = read(tmp_path, content.encode())
    assert export.titles == ("Id", "a\nb")
    assert rows == [(3, "1", "x\n\ny"), (7, "2", 'say "hi"'), (8, "3", "z")]


def test_a_row_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    _, rows = read(tmp_path, b'Id,Name\n1,a,b\n2\n3,"x"y\n4,fine\n5,"open\n6,z\n')
    reasons = [(row.line, row.reason.split(":")[0]) for row in rows if isinstance(row, BadRow)]
    assert reasons == [
        (2, "has 3 cells, and the header has 2"),
        (3, "has 1 cell, and the header has 2"),
        (4, "has text after a closing quote"),
        (6, "begins a quoted cell that never ends"),
    ]
    assert [row for row in rows if not isinstance(row, BadRow)] == [(5, "4", "fine")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04\x14\0", r"is an Excel workbook \(XLSX\).*CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old Excel workbook"),
        (b"\x1f\x8b\x08", r"gunzip -c FILE \| lead-qualifier import -"),
        (b"\xfd7zXZ\0", "xz -dc FILE"),
        (b'{"lead_id": 1}', "lead-qualifier feed"),
        (b"", "has no header"),
        (b"\n\n", "has no header"),
        (b'Id,"x"y\n', "the header cannot be read: has text after a closing quote"),
    ],
)
def test_what_is_no_csv_is_refused_with_what_to_do(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(UnreadableExport, match=why):
        read(tmp_path, content)
