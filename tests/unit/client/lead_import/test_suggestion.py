"""A map that is guessed reads the export that it was guessed from."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.client.lead_import.csv_file import opened
from lead_qualifier.client.lead_import.ready_maps import text_of
from lead_qualifier.client.lead_import.suggestion import suggest
from tests.support import crm_export
from tests.unit.client.lead_import.given import a_map, imported

# By ready map: an export as the CRM titles and writes it.
EXPORTS: dict[str, tuple[str, list[dict[str, str]]]] = {
    "dynamics-365": (
        ",",
        [
            {
                "(Do Not Modify) Lead": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
                "(Do Not Modify) Row Checksum": "Xy+/=",
                "(Do Not Modify) Modified On": "11/20/2026 9:30 AM",
                "Name": "Ada Lovelace",
                "Topic": "New store",
                "Status": "Open",
                "Status Reason": "Contacted",
                "Owner": "Grace Hopper",
                "Country/Region": "DE",
                "Annual Revenue": "1,200,000.00",
                "Lead Score": "83",
                "Lead Grade": "A",
                "Budget": "12",
            }
        ],
    ),
    "dynamics-365-de": (
        ";",
        [
            {
                "(Nicht ändern) Lead": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
                "(Nicht ändern) Geändert am": "20.11.2026 09:30",
                "Thema": "Neues Geschäft",
                "Status": "Offen",
                "Statusgrund": "Neu",
                "Besitzer": "Grace Hopper",
                "Land/Region": "DE",
                "Jahresumsatz": "1.200.000,50 €",
                "Leadbewertung": "83,5",
                "Vertriebsbereit": "Nein",
            }
        ],
    ),
    "salesforce": (
        ",",
        [
            {
                "Lead ID": "00Q5e00000abcDEAA0",
                "Lead Owner": "Grace Hopper",
                "Lead Status": "Working - Contacted",
                "Last Modified": "11/20/2026",
                "Company / Account": "Analytical Engines",
                "Country": "DE",
                "Rating": "Hot",
                "Annual Revenue": "1200000",
                "Lead Score": "83",
            },
            {
                "Lead ID": "00Q5e00000abcDEAA1",
                "Lead Owner": "",
                "Lead Status": "Parked",
                "Last Modified": "11/20/2026",
                "Company / Account": "",
                "Country": "",
                "Rating": "",
                "Annual Revenue": "",
                "Lead Score": "",
            },
        ],
    ),
    "hubspot": (
        ",",
        [
            {
                "Record ID": "151",
                "First Name": "Ada",
                "Lifecycle Stage": "Lead",
                "Lead Status": "In Progress",
                "Contact owner": "Grace Hopper",
                "Last Modified Date": "2026-11-20 09:30",
                "Country/Region": "DE",
                "HubSpot Score": "83",
            }
        ],
    ),
    "zoho": (
        ",",
        [
            {
                "Record Id": "zcrm_5587000000312001",
                "Lead Owner.id": "zcrm_5587000000111001",
                "Lead Owner": "Grace Hopper",
                "Lead Status": "Pre-Qualified",
                "Lead Source": "-None-",
                "Modified Time": "2026-11-20 09:30:00",
                "No. of Employees": "50",
                "Score": "83",
            }
        ],
    ),
}


def written(folder: Path, separator: str, rows: list[dict[str, str]]) -> Path:
    file = folder / "export.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as opened_file:
        writer = csv.DictWriter(opened_file, list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return file


def suggested(file: Path) -> tuple[str | None, str]:
    with opened(file) as export:
        found = suggest(export)
        return found.recognised, "\n".join(found.lines()) + "\n"


@pytest.mark.parametrize("name", EXPORTS)
def test_the_exports_of_known_crms_are_recognised(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, *EXPORTS[name])
    recognised, text = suggested(file)
    assert recognised == name
    found, bad = imported(tmp_path, file.read_bytes(), text)
    assert bad == []
    change, *scores = found[0]
    assert change["status"] == "open"
    assert change["owner_id"] in {"Grace Hopper", "zcrm_5587000000111001"}
    assert change["occurred_at"] in {"2026-11-20T00:00:00Z", "2026-11-20T09:30:00Z", "2026-11-20T08:30:00Z"}
    assert {score["score"] for score in scores} <= {83, 83.5}
    assert scores


@pytest.mark.parametrize("name", EXPORTS)
def test_ready_maps_read_the_exports_of_their_crm(tmp_path: Path, name: str) -> None:
    separator, rows = EXPORTS[name]
    found, bad = imported(tmp_path, written(tmp_path, separator, rows[:1]).read_bytes(), text_of(name))
    assert bad == []
    assert found[0][0]["status"] == "open"
    assert found[0][1]["score"] in {83, 83.5}


def test_what_a_known_crm_does_not_have_by_itself_is_marked_as_unsure(tmp_path: Path) -> None:
    _, text = suggested(written(tmp_path, *EXPORTS["salesforce"]))
    assert "    Parked: open  # UNSURE: not a value of the CRM's own" in text


def test_any_export_is_guessed_from_its_titles_and_values(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    rows = crm_export.write(file, 500)
    recognised, text = suggested(file)
    form: dict[str, Any] = a_map(text)
    assert recognised is None
    assert form["lead_id"] == "Lead Number"
    assert form["status"] == {"column": "Converted", "values": {"0": "open", "1": "qualified"}}
    assert form["file"]["empty"] == ["Select"]
    assert form["scores"] == {"activity": "Activity Score", "profile": "Profile Score"}
    assert form["attributes"]["totalvisits"] == {"column": "TotalVisits", "type": "number"}
    found, bad = imported(tmp_path, file.read_bytes(), text)
    assert (len(found), bad) == (len(rows), [])


@pytest.mark.parametrize("content", ["Id;Länder;Score\n1;DE;2\n", "Id;Land;Score\n1;Österreich;2\n"])
def test_an_export_that_is_not_utf_8_can_be_suggested_too(tmp_path: Path, content: str) -> None:
    file = tmp_path / "export.csv"
    file.write_text(content, encoding="cp1252")
    _, text = suggested(file)
    assert "  encoding: cp1252  # UNSURE" in text
    found, bad = imported(tmp_path, file.read_bytes(), text)
    assert (len(found), bad) == (1, [])


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("Lead ID;Budget\n1;12,5\n2;1.000,0\n", '  decimal: ","  # as in Budget'),
        ("Lead ID\tCreated\n1\t31.12.2025\n", '  dates: ["%d.%m.%Y"]'),
        ("Lead ID,Created\n1,12/31/2025\n", '  dates: ["%m/%d/%Y"]  # UNSURE: month first'),
        ("Lead ID,Created,Closed\n1,01/02/2025,31/12/2025\n", '  dates: ["%d/%m/%Y"]\n'),
        ("Lead ID,E-Mail,Notes\n1,a@example.com,x\n", "  - E-Mail  # personal data, which no rule needs"),
        ("Name,Country\nA,DE\nA,FR\n", "lead_id: Name  # UNSURE: no column looks like the lead's id"),
        ("Lead ID,Stage Name,yes\n1,x,2\n", '  "yes":'),
        ("Lead ID,A B,A.B\n1,x,y\n", "  a_b: A B\n  a_b_2: "),
        ("Lead ID,Fit Score,Score Fit\n1,2,3\n", "  fit_2: Score Fit"),
        ("Lead ID,Status,Country\n1,New,DE\n", "\nstatus:\n  column: Status\n  values:\n    New: open\nattributes:"),
    ],
)
def test_guesses_are_said(tmp_path: Path, content: str, line: str) -> None:
    file = tmp_path / "export.csv"
    file.write_text(content)
    _, text = suggested(file)
    assert line in text
    a_map(text)
