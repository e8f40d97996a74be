"""`import` without a broker: what it checks, suggests and refuses."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from lead_qualifier.cli import import_leads
from lead_qualifier.cli.program import assemble
from lead_qualifier.client.lead_import.checking import Rows
from lead_qualifier.client.lead_import.sending import Sent

PROGRAM = assemble(("import", "feed"))
MAP = "lead_id: Id\nstatus: {column: Status, values: {Open: open}}\nscores: {engagement: Score}\n"
EXPORT = "Id;Status;Score;Note\nL-1;Open;83;x\nL-2;Closed;7;y\nL-3;Open;;z\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    Path("map.yaml").write_text(MAP)
    Path("leads.csv").write_text(EXPORT)
    os.utime("leads.csv", (1_763_890_200.7, 1_763_890_200.7))


def run(*arguments: str, stdin: str | None = None) -> Any:
    return CliRunner().invoke(PROGRAM, ["import", *arguments], input=stdin)


def test_a_check_tells_what_would_be_sent_and_every_bad_line(tmp_path: Path) -> None:
    done = run("leads.csv", "--map", "map.yaml", "--check", "--rejects", "rejects.csv")
    assert done.exit_code == 1
    for line in (
        "leads.csv: UTF-8, separated by ; (detected)",
        "rows without a time of their own are dated 2025-11-23 09:30:00 UTC (the file's date; --as-of sets another)",
        "not imported: Note",
        "3 rows would send",
        "  2 to lead-changed",
        "  1 to lead-score-changed, scoring model engagement",
        "leads.csv:3: Status has the value 'Closed', which values does not name: there are Open",
        "1 of 3 rows are bad",
    ):
        assert line in done.stdout.splitlines()
    assert Path("rejects.csv").read_text().splitlines()[1].startswith("L-2;Closed;7;y;3;Status has the value")


def test_a_check_for_programs() -> None:
    done = run("leads.csv", "--map", "map.yaml", "--check", "--json", "--as-of", "2026-01-02")
    data = json.loads(done.stdout)
    assert (data["rows"], data["leads"], data["scores"], data["bad_rows"]) == (3, 2, {"engagement": 1}, 1)
    assert data["problems"] == [{"line": 3, "column": "Status", "reason": data["problems"][0]["reason"]}]
    assert data["sample"][0]["occurred_at"] == data["as_of"] == "2026-01-02T00:00:00Z"
    assert data["sample"][1]["occurred_at"] == "2026-01-02T00:00:00.001000Z"


def test_many_problems_are_counted() -> None:
    Path("leads.csv").write_text("Id;Status;Score;Note\n" + "L;Closed;x;\n" * 3_000)
    done = run("leads.csv", "--map", "map.yaml", "--check")
    assert done.stdout.count("which values does not name") <= 20
    assert "only the first 20 problems are shown; by column: Status 3,000, Score 3,000" in done.stdout
    assert "3,000 of 3,000 rows are bad" in done.stdout
    problems = json.loads(run("leads.csv", "--map", "map.yaml", "--check", "--json").stdout)
    assert (problems["bad_rows"], len(problems["problems"])) == (3_000, 1_000)


def test_a_suggested_map_is_printed_and_can_be_used() -> None:
    Path("guessed.yaml").write_text(run("leads.csv", "--suggest").stdout)
    done = run("leads.csv", "--map", "guessed.yaml", "--check")
    assert done.exit_code == 0, done.output
    assert "3 to lead-changed" in done.stdout


def test_standard_input_needs_a_date() -> None:
    refused = run("-", "--map", "map.yaml", "--check", stdin=EXPORT)
    assert "--as-of" in str(refused.exception)
    done = run("-", "--map", "map.yaml", "--check", "--as-of", "2026-01-02", stdin=EXPORT)
    assert "standard input:3: Status has the value" in done.stdout


class Sender:
    """Sends nothing; its broker has all before line 3 when it is interrupted."""

    next_line = 3
    interrupted = False

    def __init__(self, *_: object, refused: Callable[[str, str], None], **__: object) -> None:
        self._refused = refused

    def send(self, rows: Rows, _moved: object) -> Sent:
        if self.interrupted:
            self._refused("L-1", "too large")
            raise KeyboardInterrupt
        sent = [messages for _, messages in rows.messages()]
        return Sent(len(sent), sum(value is not None for one in sent for value in one.scores))

    def settle(self, _seconds: float) -> None: ...


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> type[Sender]:
    class Own(Sender):
        pass

    monkeypatch.setattr(import_leads, "ImportSender", Own)
    monkeypatch.setattr(import_leads, "open_session", lambda: SimpleNamespace(connection=None, prefix=""))
    return Own


def test_good_rows_are_sent_without_the_bad_ones_only_if_that_is_wanted(sender: type[Sender]) -> None:
    refused = run("leads.csv", "--map", "map.yaml")
    assert refused.exit_code == 1
    assert "nothing was sent" in refused.stderr
    done = run("leads.csv", "--map", "map.yaml", "--skip-bad", "--rejects", "rejects.csv")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-2:] == ["1 of 3 rows are bad", "2 rows imported: 2 leads, 1 score sent"]
    assert len(Path("rejects.csv").read_text().splitlines()) == 2


def test_an_interrupted_import_says_how_to_go_on(sender: type[Sender]) -> None:
    sender.interrupted = True
    done = run("leads.csv", "--map", "map.yaml", "--skip-bad", "--as-of", "2026-01-02", "--only", "leads")
    assert (
        "the broker has every row before line 3; to go on: lead-qualifier import leads.csv --map map.yaml "
        "--from-line 3 --as-of 2026-01-02 --only leads --skip-bad"
    ) in done.stderr
    assert "lead L-1: the broker refused it: too large" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("leads.csv",), "--map is missing"),
        (("leads.csv", "--map", "map.yaml", "--as-of", "soon"), "--as-of must be a date or a time"),
        (("leads.csv", "--map", "map.yaml", "--rejects", "leads.csv"), "--rejects names the export itself"),
    ],
)
def test_wrong_arguments_are_usage_errors(arguments: tuple[str, ...], why: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert why in done.output


@pytest.mark.parametrize(
    ("as_of", "why"),
    [
        ("2190-01-01", "--as-of is in the future"),
        ("9999-12-31T23:59:59-10:00", "--as-of is in the future"),
        ("1969-12-31", "--as-of is before 1970"),
        ("0001-01-01T00:00:00+10:00", "--as-of is before 1970"),
    ],
)
def test_an_implausible_date_of_the_export_is_refused(as_of: str, why: str) -> None:
    assert why in str(run("leads.csv", "--map", "map.yaml", "--check", "--as-of", as_of).exception)


def test_an_implausible_date_of_the_file_is_refused() -> None:
    for seconds in (-1, 7_000_000_000):
        os.utime("leads.csv", (seconds, seconds))
        refused = str(run("leads.csv", "--map", "map.yaml", "--check").exception)
        assert refused.startswith("the date of the file, which --as-of replaces, is ")


def test_a_pipe_is_read_like_standard_input() -> None:
    os.mkfifo("pipe")
    with ThreadPoolExecutor(1) as other:
        other.submit(Path("pipe").write_text, EXPORT)
        done = run("pipe", "--map", "map.yaml", "--check", "--as-of", "2026-01-02")
    assert "pipe:3: Status has the value" in done.stdout


def test_a_map_that_does_not_exist_is_refused() -> None:
    refused = str(run("leads.csv", "--map", "dynamics-366").exception)
    assert "did you mean dynamics-365?" in refused
