"""What others wrote reaches a terminal as text, and nothing else."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
import yaml
from rich.console import Console

from lead_qualifier.cli import screen
from lead_qualifier.cli.program import run
from lead_qualifier.definitions.lifecycle import fault
from lead_qualifier.demo.plain_view import PlainView
from lead_qualifier.demo.progress import Progress
from lead_qualifier.demo.screen import Screen
from lead_qualifier.messages.definition_file import parse_definition
from lead_qualifier.messages.definition_writing import yaml_lines
from lead_qualifier.messages.errors import BadDefinitionFile, Problem
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.sentences import IN_ENGLISH

#: Clears the screen, colours, sets the title, rings, goes back, begins a line, and turns the direction of writing.
HOSTILE = "L-1\x1b[2J\x1b[31m\x1b]0;x\x07\r\nL-2: qualified\x9b31m\u202e\u2028\x7f\udc80 [bold] :smile:"


def _harmless(text: str) -> None:
    assert all(char.isprintable() for line in text.split("\n") for char in line), ascii(text)
    assert "L-1\\x1b[2J" in text
    assert "[bold] :smile:" in text


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    shown = io.StringIO()
    for name in ("out", "err"):
        console = Console(file=shown, highlight=False, soft_wrap=True, width=400, color_system=None)
        monkeypatch.setattr(screen, name, console)
    return shown.getvalue


@pytest.mark.parametrize("tell", [screen.say, screen.note, screen.warn, screen.fail])
def test_a_line_stays_one_line_that_prints(tell: Callable[[str], None], terminal: Callable[[], str]) -> None:
    tell(f"{HOSTILE} is here")
    _harmless(terminal())
    assert terminal().count("\n") == 1


def test_a_table_stays_one_line_a_row(terminal: Callable[[], str]) -> None:
    screen.columns(("id", "status"), [(HOSTILE, "live"), ("b", "live")])
    _harmless(terminal())
    assert [line.rindex("live") for line in terminal().splitlines()[1:]] == [
        terminal().splitlines()[0].index("status")
    ] * 2


def test_several_faults_are_a_line_each_whatever_they_name(terminal: Callable[[], str]) -> None:
    screen.fail(
        *BadDefinitionFile(
            HOSTILE, [Problem(1, "a", Finding("empty")), Problem(2, "c", Finding("named_again", name=HOSTILE))]
        ).lines
    )
    _harmless(terminal())
    assert terminal().count("\n") == 2


def test_a_refused_definition_has_a_line_for_each_problem() -> None:
    faults = (fault(f"segments.{HOSTILE}", Finding("empty")), fault("", Finding("named_again", name=HOSTILE)))
    text = IN_ENGLISH.sentence(Finding("invalid_definition", faults=faults))
    assert text.count("\n") == 1
    assert all(line.isprintable() for line in text.split("\n"))


def test_json_says_exactly_what_there_is_and_prints(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    content = {"id": HOSTILE.replace("\udc80", ""), "name": "Jürgen 🙂"}
    screen.show_json(content)
    shown = capfdbinary.readouterr().out.decode()
    assert json.loads(shown) == content
    assert all(line.isprintable() for line in shown.split("\n"))
    assert "Jürgen 🙂" in shown


@pytest.mark.parametrize("name", ["Jürgen", "a\nb: c", HOSTILE.replace("\udc80", ""), "tab\there", "x\u202ey", "é\x85"])
def test_a_definition_is_shown_as_a_file_that_reads_the_same(name: str) -> None:
    definition = {"id": "a", "name": name, "criteria": [{"scoring_model": name, "threshold": 70}]}
    for lines in (yaml_lines(definition, flow=None), yaml_lines(definition, width=100)):
        assert all(line.isprintable() for line in lines)
        assert yaml.safe_load("\n".join(lines)) == definition


@pytest.mark.parametrize("text", ["1e3", "-1.e5", ".5", "007", "1_000", "2026-01-01", "12:30", "on", "~", ".inf", "<<"])
def test_a_text_that_yaml_could_mistake_stays_a_text(text: str) -> None:
    definition = {"id": text, text: [1e20, 1.5]}
    read = parse_definition("\n".join(yaml_lines(definition)), "shown", lambda _: ())
    assert read == definition


def test_what_is_asked_prints(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert screen.agreed(f"Send back 1 to {HOSTILE}?")
    _harmless(capfd.readouterr().out)


@pytest.mark.parametrize(
    "arguments", [["lead", HOSTILE], ["lead", "show", "L", f"--{HOSTILE}"], ["dead-letters", "replay", HOSTILE]]
)
def test_a_wrong_argument_is_repeated_as_text(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["lead-qualifier", *arguments])
    with pytest.raises(SystemExit) as end:
        run()
    assert end.value.code == 2
    shown = capfd.readouterr().err
    assert "L-1\\x1b[2J" in shown
    assert all(line.isprintable() for line in shown.split("\n"))


def test_the_demo_shows_leads_of_others_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    event = {
        "lead_id": HOSTILE,
        "qualification_model_id": HOSTILE,
        "qualification_model_version": 1,
        "qualification_number": 1,
        "origin": "live",
        "criteria": [{"scoring_model_id": HOSTILE, "threshold": 70, "score": 80, "met": True}],
        "changes": {"status_reason": {"from": "new", "to": HOSTILE}},
    }
    progress = Progress()
    progress.take([("lead-qualified", event)])
    PlainView().show(progress, [event])
    _harmless(capsys.readouterr().out)
    shown = io.StringIO()
    console = Console(file=shown, width=600, height=60, color_system=None)
    demo = Screen(console)
    demo.say(HOSTILE)
    console.print(demo._draw(progress))
    _harmless(shown.getvalue())
