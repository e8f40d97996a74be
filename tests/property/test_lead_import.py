"""Whatever is in an export: its cells come back in messages that follow their contracts, or its rows are bad."""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.client.lead_import.checking import Rows
from lead_qualifier.client.lead_import.csv_file import SEPARATORS, UnreadableExport, opened
from lead_qualifier.client.lead_import.row_encoder import RowEncoder
from lead_qualifier.messages.decode import decode_lead_changed, decode_lead_score_changed
from tests.support.examples import examples
from tests.unit.client.lead_import.given import AS_OF, LATEST, a_map

MAP = """\
lead_id: Id
occurred_at: Changed
status: {column: Status, values: {Open: open, Won: qualified}, otherwise: null}
owner_id: {column: Owner, empty: clear}
attributes: {text: Text, number: {column: Number, type: number}, agreed: {column: Agreed, type: boolean},
             day: {column: Day, type: date}}
scores: {a: {column: A, grade: Grade}, b: {column: B, occurred_at: Day}}
"""
TITLES = ("Id", "Changed", "Status", "Owner", "Text", "Number", "Agreed", "Day", "A", "Grade", "B")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "iso-8859-15")

_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
_western = st.text(st.sampled_from("abcÄÖü ,;\t|\"'\r\n€0123456789.-"), max_size=12)
_numbers = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6).map(lambda number: round(number, 3))


def read(content: bytes, form: dict[str, Any]) -> tuple[list[list[Any]], Rows]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "leads.csv"
        file.write_bytes(content)
        with opened(file, form.get("file")) as export:
            rows = Rows(export, RowEncoder(export, form, as_of=AS_OF, latest=LATEST))
            found = []
            for _, messages in rows.messages():
                assert messages.change is not None
                decode_lead_changed(messages.key, messages.change)
                for value in messages.scores:
                    if value is not None:
                        decode_lead_score_changed(messages.key, value)
                sent = (messages.change, *messages.scores)
                found.append([None if value is None else json.loads(value) for value in sent])
            return found, rows


@given(
    rows=st.lists(st.tuples(_western.filter(str.strip), _western, _numbers, _numbers), min_size=1, max_size=5),
    separator=st.sampled_from(list(SEPARATORS)),
    encoding=st.sampled_from(ENCODINGS),
    named=st.booleans(),
    written=st.tuples(st.sampled_from(["\n", "\r\n"]), st.sampled_from([".", ","])),
)
@examples(400)
def test_cells_come_back_from_every_separator_and_encoding(
    rows: list[tuple[str, str, float, float]], separator: str, encoding: str, named: bool, written: tuple[str, str]
) -> None:
    line_end, decimal = written
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x"
        with file.open("w", encoding=encoding, newline="") as text:
            alone = any("\r" in cell for row in rows for cell in row[:2])
            quoting: Any = csv.QUOTE_ALL if alone else csv.QUOTE_MINIMAL
            writer = csv.writer(text, delimiter=SEPARATORS[separator], lineterminator=line_end, quoting=quoting)
            writer.writerow(("Id", "Text", "Number", "Score"))
            for lead_id, words, number, score in rows:
                writer.writerow((lead_id, words, *(str(one).replace(".", decimal) for one in (number, score))))
        content = file.read_bytes()
    form = a_map("lead_id: Id\nattributes: {text: Text, number: {column: Number, type: number}}\nscores: {a: Score}")
    form["file"] = {"decimal": decimal} | ({"separator": separator} if named else {})
    if encoding in {"cp1252", "iso-8859-15"}:
        form["file"]["encoding"] = encoding
    found, read_rows = read(content, form)
    assert read_rows.checked.bad == []
    for (lead_id, words, number, score), (change, scored) in zip(rows, found, strict=True):
        assert change["lead_id"] == lead_id.strip()
        assert change["attributes"].get("text", "") == words.strip()
        assert (change["attributes"]["number"], scored["score"]) == (number, score)


_cells = _texts | _western | st.sampled_from(
    ["", "Open", "Won", "yes", "no", "1", "0.5", "1,5", "1.000,5", "2026-11-20", "2026-11-20T09:30:00+01:00",
     "1969-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "nan", "inf", "1e999", "٣", "L-1"]
)  # fmt: skip


@given(st.lists(st.lists(_cells, min_size=len(TITLES), max_size=len(TITLES)), max_size=4))
@examples(400)
def test_every_row_follows_the_contracts_or_is_bad(rows: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x"
        with file.open("w", encoding="utf-8", newline="") as text:
            csv.writer(text).writerows((TITLES, *rows))
        content = file.read_bytes()
    found, read_rows = read(content, a_map(MAP))
    checked = read_rows.checked
    assert checked.rows == len(rows) == len(found) + checked.bad_rows
    assert all(bad.column in TITLES and bad.reason for bad in checked.bad)


@given(st.binary(max_size=200), st.sampled_from(["", "Id,Owner\n", "Id;Owner\n1;"]))
@examples(400)
def test_no_bytes_are_a_surprise(content: bytes, start: str) -> None:
    form = a_map("lead_id: Id\nowner_id: Owner")
    try:
        found, rows = read(start.encode() + content, form)
    except UnreadableExport:
        return
    assert rows.checked.rows == len(found) + rows.checked.bad_rows
