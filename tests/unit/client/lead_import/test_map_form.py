"""What is wrong with a map: where, and how to correct it."""

from __future__ import annotations

import pytest

from lead_qualifier.client.lead_import.ready_maps import map_of, ready_map, ready_maps
from lead_qualifier.messages.errors import BadDefinitionFile
from tests.unit.client.lead_import.given import a_map


def problems(text: str) -> str:
    with pytest.raises(BadDefinitionFile) as bad:
        a_map(text)
    return str(bad.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("status: Status", "map.yaml:1: lead_id: is missing"),
        ("lead_id: Id", "map.yaml:1: imports nothing"),
        ("lead_id: Id\nstatsu: Status", "map.yaml:2: statsu: is unknown: did you mean status?"),
        (
            "lead_id: Id\nstatus:\n  column: S\n  value: {}",
            "map.yaml:4: status.value: is unknown: did you mean values?",
        ),
        ("lead_id: Id\nscores:\n  x: {colum: S}", "map.yaml:3: scores.x.colum: is unknown: did you mean column?"),
        ("lead_id: Id\nattributes:\n  x: {column: S, type: int}", "map.yaml:3: attributes.x.type: must be one of text"),
        (
            "lead_id: Id\nstatus: {column: S, values: {New: opened}}",
            "status.values.New: must be one of open, qualified, disqualified, or null",
        ),
        (
            "lead_id: Id\nsales_ready: {column: S, otherwise: 1}",
            "sales_ready.otherwise: must be one of true, false, or null",
        ),
        (
            "lead_id: Id\nowner_id: Owner\nfile: {encoding: latin-17}",
            "file.encoding: is unknown: use a name such as utf-8",
        ),
        ("lead_id: Id\nowner_id: Owner\nfile: {encoding: base64}", "file.encoding: is unknown"),
        ("lead_id: Id\nowner_id: Owner\nfile: {time_zone: Berlin}", "file.time_zone: does not exist"),
        ("lead_id: Id\nowner_id: Owner\nfile: {seperator: ;}", "file.seperator: is unknown: did you mean separator?"),
        ("lead_id: Id\nscores: {}", "map.yaml:1: imports nothing"),
        ("lead_id: []\nowner_id: Owner", "map.yaml:1: lead_id: "),
        ("", "map.yaml:1: "),
    ],
)
def test_problems_are_told_by_line_and_field(text: str, told: str) -> None:
    assert told in problems(text)


def test_columns_are_written_short_or_long() -> None:
    form = a_map("lead_id: [Id, Lead ID]\nowner_id: Owner\nstatus: [A, B]\nscores: {x: {column: [X, Y]}}")
    assert form["scores"]["x"]["column"] == ["X", "Y"]


@pytest.mark.parametrize("name", ready_maps())
def test_ready_maps_are_valid_and_read_whatever_columns_an_export_has(name: str) -> None:
    form = map_of(name)
    assert form == ready_map(name)
    assert form["file"]["missing_columns"] == "skip"
    assert {"lead_id", "occurred_at", "status", "status_reason", "owner_id", "attributes", "scores"} <= form.keys()


def test_the_ready_maps() -> None:
    assert ready_maps() == ("dynamics-365", "dynamics-365-de", "hubspot", "salesforce", "zoho")
