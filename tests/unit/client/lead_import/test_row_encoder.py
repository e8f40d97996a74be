"""What the rows of an export become."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lead_qualifier.client.lead_import.checking import Rows, check, rejects_to
from lead_qualifier.client.lead_import.csv_file import UnreadableExport, opened
from lead_qualifier.client.lead_import.row_encoder import RowEncoder
from lead_qualifier.messages.id_form import IdNormalisation, require_id_form
from tests.unit.client.lead_import.given import AS_OF, LATEST, a_map, imported, rows_of

MAP = """\
file: {empty: [Select], decimal: ","}
lead_id: Id
occurred_at: Changed
status: {column: Stage, values: {Open: open, Won: qualified, "?": null}}
owner_id: {column: Owner, empty: clear}
attributes:
  vip: {column: VIP, type: boolean}
  revenue: {column: Revenue, type: number}
  country: {column: Country, empty: clear}
scores:
  engagement: {column: Score, grade: Grade}
  fit: Fit
"""
HEADER = "Id;Changed;Stage;Owner;VIP;Revenue;Country;Score;Grade;Fit;Note\n"


@pytest.fixture(autouse=True)
def _any_form_afterwards() -> Iterator[None]:
    yield
    require_id_form(IdNormalisation.NONE)


def without_ids(messages: list[dict[str, object] | None]) -> list[dict[str, object]]:
    return [{name: value for name, value in one.items() if name != "event_id"} for one in messages if one is not None]


def test_a_row_becomes_a_change_and_scores(tmp_path: Path) -> None:
    row = "L-1;2026-11-20 10:00;won;U-1;yes;1.234,50;DE;83,5;A;;ignored\n"
    [messages], bad = imported(tmp_path, HEADER + row, MAP)
    assert bad == []
    assert without_ids(messages) == [
        {
            "lead_id": "L-1",
            "occurred_at": "2026-11-20T10:00:00Z",
            "status": "qualified",
            "owner_id": "U-1",
            "attributes": {"country": "DE", "revenue": 1234.5, "vip": True},
        },
        {
            "lead_id": "L-1",
            "scoring_model_id": "engagement",
            "score": 83.5,
            "grade": "A",
            "occurred_at": "2026-11-20T10:00:00.001000Z",  # after the change that may have reset what it brings about
        },
    ]


def test_empty_cells_say_nothing_or_clear(tmp_path: Path) -> None:
    [messages], _ = imported(tmp_path, HEADER + " L-2 ;; ? ;Select;;;;;;0;\n", MAP)
    assert without_ids(messages) == [
        {
            "lead_id": "L-2",
            "occurred_at": "2026-11-23T09:30:00Z",
            "owner_id": None,
            "attributes": {"country": None},
        },
        {
            "lead_id": "L-2",
            "scoring_model_id": "fit",
            "score": 0,
            "occurred_at": "2026-11-23T09:30:00.001000Z",
        },
    ]


def test_every_bad_cell_of_a_row_is_told_and_nothing_of_it_is_sent(tmp_path: Path) -> None:
    rows = "L-1;yesterday;Lost;;perhaps;12.5;;high;;;\n;2027-01-01;;;;;;;;;\nL-3;;;;;;;7;;;\n"
    found, bad = imported(tmp_path, HEADER + rows, MAP)
    assert [messages[1]["lead_id"] for messages in found] == ["L-3"]
    assert [(one.line, one.column) for one in bad] == [
        (2, "Changed"),
        (2, "Stage"),
        (2, "Revenue"),
        (2, "VIP"),
        (2, "Score"),
        (3, "Id"),
        (3, "Changed"),
    ]
    reasons = [one.reason for one in bad]
    assert reasons[1] == "has the value 'Lost', which values does not name: there are ?, Open, Won"
    assert reasons[5] == "is empty, and every row needs the id of its lead"
    assert reasons[6].startswith("is in the future")


def test_the_same_content_has_the_same_event_ids_in_any_file(tmp_path: Path) -> None:
    row = "L-1;2026-11-20 10:00;Open;U-1;yes;1;DE;83;A;5;\n"
    [once], _ = imported(tmp_path, HEADER + row, MAP)
    header = "Fit;Id;Changed;Stage;Owner;VIP;Revenue;Country;Score;Grade\n"
    [again], _ = imported(tmp_path, header + "5;L-1;2026-11-20T10:00:00Z;open;U-1;ja;1,0;DE;83,0;A\n", MAP)
    assert [one["event_id"] for one in again] == [one["event_id"] for one in once]
    assert len({one["event_id"] for one in once}) == 3
    [other], _ = imported(tmp_path, HEADER + row.replace("83", "84"), MAP)
    assert [mine["event_id"] == its["event_id"] for mine, its in zip(once, other, strict=True)] == [True, False, True]


def test_bytes_of_another_encoding_are_bad_only_where_they_are_needed(tmp_path: Path) -> None:
    rows = HEADER.encode() + b"L-1;;Open;;;;M\xfcnchen;;;;\nL-2;;Open;;;;;;;;M\xfcnchen\n"
    found, bad = imported(tmp_path, rows, MAP)
    assert [messages[0]["lead_id"] for messages in found] == ["L-2"]
    assert [(one.line, one.column) for one in bad] == [(2, "Country")]
    assert "name the encoding in the map" in bad[0].reason


def test_without_a_date_of_the_export_each_row_needs_its_own(tmp_path: Path) -> None:
    found, bad = imported(tmp_path, HEADER + "L-1;;;;;;;;;;\nL-2;2026-11-20;;;;;;;;;\n", MAP, as_of=None)
    assert len(found) == 1
    assert [(one.line, one.column, "--as-of" in one.reason) for one in bad] == [(2, "Changed", True)]


def test_scores_can_have_times_of_their_own(tmp_path: Path) -> None:
    text = "lead_id: Id\nscores: {fit: {column: Fit, occurred_at: Scored}}"
    [[change, fit]], _ = imported(tmp_path, "Id,Fit,Scored\nL-1,5,2026-11-01\n", text)
    assert change is None
    assert fit["occurred_at"] == "2026-11-01T00:00:00Z"


@pytest.mark.parametrize(("only", "kept"), [("leads", [True, 0]), ("scores", [False, 2])])
def test_leads_and_scores_can_be_sent_apart(tmp_path: Path, only: str, kept: list[object]) -> None:
    [[change, *scores]], _ = imported(tmp_path, HEADER + "L-1;;Open;;;;;1;;2;\n", MAP, only=only)
    assert [change is not None, len(scores)] == kept


def test_ids_in_another_form_are_bad_cells(tmp_path: Path) -> None:
    require_id_form(IdNormalisation.GUID)
    _, bad = imported(tmp_path, HEADER + "L-1;;;;;;;;;;\n", MAP)
    assert bad[0].reason.startswith("must be a GUID in lower case, with hyphens and without braces, as in 3fa8")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("Id;Chnged\n", r"the header has no column for occurred_at: 'Changed' \(did you mean 'Chnged'\?\); status"),
        ("Id;Changed;Stage;Owner;VIP;Revenue;Country;Score;Grade;Fit;Fit\n", "2 columns have the title 'Fit'"),
    ],
)
def test_a_header_that_the_map_does_not_fit_is_refused(tmp_path: Path, header: str, why: str) -> None:
    with pytest.raises(UnreadableExport, match=why):
        imported(tmp_path, header, MAP)


def test_columns_are_found_by_any_of_their_titles_and_may_be_missing(tmp_path: Path) -> None:
    text = (
        "file: {missing_columns: skip}\nlead_id: [Lead, lead id]\nowner_id: Owner\ncontact_id: Contact\nignore: [Memo]"
    )
    with rows_of(tmp_path, "LEAD ID,owner,Memo,Note,\n1,U-1,x,y,z\n", text) as rows:
        encoder = rows.encoder
        assert (encoder.missing, encoder.unused) == (["contact_id"], ["Note"])
    with pytest.raises(UnreadableExport, match="no column for lead_id: 'Lead' or 'lead id'"):
        imported(tmp_path, "Owner\n", text)
    with pytest.raises(UnreadableExport, match="none of the columns that the map imports"):
        imported(tmp_path, "Lead\n", text)


def test_bad_rows_are_written_to_be_corrected_and_imported(tmp_path: Path) -> None:
    content = HEADER + 'L-1;;Open;;;;"Köln\n(Süd)";9;;;\nL-2;;Lost;;;;"Bonn\nSüd";7;;;\nL-3;;\n'
    rejects, corrected = tmp_path / "rejects.csv", tmp_path / "corrected.csv"
    text = MAP.replace("file: {", "file: {encoding: cp1252, ")
    (tmp_path / "leads.csv").write_bytes(content.encode("cp1252"))
    form = a_map(text)
    with opened(tmp_path / "leads.csv", form["file"]) as export, rejects_to(export, rejects) as kept:
        checked = check(
            Rows(export, RowEncoder(export, form, as_of=AS_OF, latest=LATEST), rejects=kept), lambda *_: None
        )
    assert (checked.rows, checked.leads, checked.scores["engagement"], checked.bad_rows) == (3, 1, 1, 2)
    written = rejects.read_text(encoding="cp1252")
    assert "which values does not name" in written
    corrected.write_bytes(written.replace("Lost", "Won").encode("cp1252"))
    with opened(corrected, form["file"]) as export:
        rows = Rows(export, RowEncoder(export, form, as_of=AS_OF, latest=LATEST))
        assert [line for line, _ in rows.messages()] == [2]
        assert rows.checked.bad_rows == 1
    assert rows.encoder.unused == ["Note", "import_line", "import_problem"]


def test_an_import_goes_on_at_a_line(tmp_path: Path) -> None:
    content = HEADER + "".join(f"L-{number};;Open;;;;;{number};;;\n" for number in range(5))
    with rows_of(tmp_path, content, MAP) as rows:
        later = Rows(rows.export, rows.encoder, from_line=4)
        assert [line for line, _ in later.messages()] == [4, 5, 6]
