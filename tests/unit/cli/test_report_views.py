"""How the report on a model is shown: the table, the JSON, and a CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lead_qualifier.cli.model_report import _time
from lead_qualifier.cli.program import assemble
from lead_qualifier.cli.report_views import as_json, length_text, show
from lead_qualifier.client.csv_output import STANDARD_OUTPUT, write_csv
from lead_qualifier.client.model_history import CriterionStood, HeldLead, ModelHistory, Standing
from lead_qualifier.client.model_report import model_report
from lead_qualifier.client.model_report_reader import ReportedModel, Retained
from lead_qualifier.client.report_csv import report_table

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = 60_000_000
MODEL, REASON = '=HYPERLINK("x"),;1', '+1, "no"\nbudget'


@pytest.fixture
def reported() -> ReportedModel:
    """Version 1 qualified five leads, version 2 one of them again: converted, rejected, waiting, fast track, erased."""
    history = ModelHistory()
    for number, (lead, score) in enumerate([(b"A", 71), (b"B", 74), (b"C", 80), (b"D", 10), (b"E", 90)]):
        criteria = [CriterionStood("engagement", 70, score), CriterionStood("intent", None, grade="@A")]
        at = number * MINUTE
        history.qualified(lead, 1, 1, criteria, occurred=at, written=at, fast_track=lead == b"D")
    history.qualified(b"B", 2, 2, [CriterionStood("engagement", 72, 75)], occurred=40 * MINUTE, written=40 * MINUTE)
    history.holds(b"A", HeldLead(Standing.CONVERTED, 30 * MINUTE, 1))
    history.holds(b"B", HeldLead(Standing.OPEN, 0, 2))
    history.holds(b"C", HeldLead(Standing.LOST, 0, 1))
    history.holds(b"D", HeldLead(Standing.OPEN, 0, 1))
    for lead, at, result in [(b"A", 2, "assigned"), (b"B", 3, "no_capacity"), (b"B", 4, "assigned")]:
        history.decided(lead, at * MINUTE, result)
    history.answered(b"A", 10 * MINUTE, accepted=True)
    history.answered(b"B", 11 * MINUTE, accepted=False, reason=REASON)
    history.answered(b"C", 12 * MINUTE, accepted=False)
    history.recycled(b"B", 11 * MINUTE)
    return ReportedModel(
        model_id=MODEL,
        at=NOON,
        since=None,
        report=model_report(history),
        retained=(Retained("lead-qualified", NOON, complete=False), Retained("lead-assigned", exists=False)),
        unprocessed=3,
        unreadable=0,
    )


def test_the_text_says_what_became_of_them(reported: ReportedModel, capsys: pytest.CaptureFixture[str]) -> None:
    show(reported)
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[:3] == [
        f"{MODEL}: 6 qualifications of 5 leads",
        "  lead-qualified holds all events from 2026-11-28 12:00:00 UTC; older ones have been deleted",
        "  lead-assigned does not exist",
    ]
    table = {line[:34].rstrip(): line[34:].split() for line in lines[4:17]}
    assert table[""] == ["all", "v1", "v2"]
    assert table["qualified"] == ["6", "5", "1"]
    assert table["assigned"] == ["3", "2", "1"]
    assert table["accepted"] == ["1", "1", "0"]
    assert table["rejected"] == ["2", "2", "0"]
    assert table[r'  +1, "no"\nbudget'] == ["1", "1", "0"]
    assert table["  without a reason"] == ["1", "1", "0"]
    assert table["waiting for an answer"] == ["2", "1", "1"]
    assert table["recycled after a rejection"] == ["1", "1", "0"]
    assert table["converted (the CRM's status now)"] == ["1", "1", "0"]
    assert table["lost (the CRM's status now)"] == ["1", "1", "0"]
    assert table["erased"] == ["1", "1", "0"]
    times = [line.split() for line in lines]
    assert ["qualified", "to", "assigned", "2", "2", "min", "3", "min"] in times
    assert ["qualified", "to", "converted", "1", "30", "min", "30", "min"] in times
    assert "fast track, whatever the scores: 1 qualified, 0 accepted, 0 rejected, 0 converted, 0 lost" in lines
    assert "too few answers" in lines[-1]
    assert "3 records are not processed yet" in shown.err


def test_programs_get_every_figure(reported: ReportedModel) -> None:
    shown = as_json(reported)
    assert shown["total"]["rejections"] == [{"count": 1, "reason": REASON}, {"count": 1}]
    assert shown["total"]["results"] == {"assigned": 3}
    assert shown["total"]["durations"]["qualified_to_assigned"] == {
        "count": 2,
        "median_seconds": 120,
        "p90_seconds": 180,
    }
    engagement, intent = shown["scores"]
    assert (engagement["threshold"], engagement["without"]["qualified"]) == (72, 0)
    assert [(one["from"], one["below"], one["qualified"]) for one in engagement["bands"] if one["qualified"]] == [
        (70, 72, 1),
        (72, 75, 1),
        (75, 80, 1),
        (80, 85, 1),
        (90, 95, 1),
    ]
    assert [(one["grade"], one["qualified"]) for one in intent["grades"]] == [("@A", 4)]
    assert intent["without"]["qualified"] == 1
    assert shown["topics"][1] == {"topic": "lead-assigned", "exists": False, "complete": True}
    assert [one["code"] for one in shown["advice"]] == ["too_few_answers"]
    assert "acceptance" not in shown["total"], "five answers make no percentage"


def test_spreadsheets_get_a_row_for_each_group_and_no_formula(reported: ReportedModel, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    write_csv(file, *report_table(reported.model_id, reported.report))
    written = file.read_bytes()
    assert written.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert {row["group"] for row in rows} == {"total", "version", "score", "grade", "no grade", "fast track"}
    total = rows[0]
    assert total["qualification_model_id"] == f"'{MODEL}"
    assert (total["qualified"], total["qualified_to_assigned median seconds"]) == ("6", "120.0")
    assert total[r'rejected: +1, "no"\nbudget'] == total["rejected without a reason"] == "1"
    assert total["result: assigned"] == "3"
    assert [row["grade"] for row in rows if row["group"] == "grade"] == ["'@A"]
    for cell in (cell for row in rows for cell in row.values()):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_formula_does_not_begin_after_a_semicolon_either(tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    write_csv(file, ["reason"], [{"reason": 'budget;=1+1; "@x";b;-'}])
    assert list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))))[1] == ["""budget;'=1+1; "'@x";b;'-"""]


def test_a_number_below_zero_stays_a_number_and_a_missing_cell_stays_empty(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    write_csv(STANDARD_OUTPUT, ["a", "-b"], [{"a": -5, "-b": "-5"}, {"a": "x\ty"}])
    assert capfdbinary.readouterr().out == b"a,'-b\r\n-5,'-5\r\nx\\ty,\r\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.2, "less than 1 s"),
        (1.25, "1.2 s"),
        (61, "61 s"),
        (150, "2.5 min"),
        (3600, "60 min"),
        (9000, "2.5 h"),
        (86_400 * 12.4, "12 d"),
    ],
)
def test_times_have_as_many_digits_as_they_are_worth(seconds: float, text: str) -> None:
    assert length_text(seconds) == text


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("30d", NOON - timedelta(days=30)),
        ("2026-01-01", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T01:00:00+01:00", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_since_is_a_date_a_time_or_a_duration(text: str, at: datetime) -> None:
    assert _time(text, NOON) == at


@pytest.mark.parametrize("arguments", [["--since", "yesterday"], ["--csv", "-", "--json"]])
def test_what_makes_no_sense_is_refused_before_a_broker_is_asked(arguments: list[str]) -> None:
    assert CliRunner().invoke(assemble(["model"]), ["model", "report", "enterprise", *arguments]).exit_code == 2
