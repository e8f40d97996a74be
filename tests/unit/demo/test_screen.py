"""The demo's screen: what it shows, and that it fits the terminal."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from lead_qualifier.demo.plain_view import figures_text
from lead_qualifier.demo.progress import Progress
from lead_qualifier.demo.screen import Screen, _reason
from lead_qualifier.demo.worker_metrics import Figures


def event(number: int) -> dict[str, Any]:
    return {
        "lead_id": f"L-{number:05d}",
        "qualification_model_id": "enterprise",
        "qualification_model_version": 2,
        "qualification_number": 1,
        "origin": "sweep",
        "criteria": [
            {"scoring_model_id": "engagement", "threshold": 70, "score": 83, "met": True},
            {"scoring_model_id": "demographic", "threshold": 50, "score": 41, "met": False},
        ],
        "changes": {"status_reason": {"from": "new", "to": "marketing_qualified"}},
    }


@pytest.fixture
def progress() -> Progress:
    outcomes = Counter({("enterprise", "qualified"): 7, ("enterprise", "criteria_not_met"): 90, ("b", "qualified"): 1})
    made = Progress(produced=1234)
    made.look(
        Figures(Counter({"lead-score-changed": 1000, "lead-changed": 200, "qualification-commands": 3}), outcomes)
    )
    made.take([("lead-qualified", event(number)) for number in range(40)])
    return made


def shown(progress: Progress, width: int, height: int) -> list[str]:
    console = Console(file=StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    screen = Screen(console)
    screen._console_line = "Console: http://127.0.0.1:6070/enter?key=k"
    screen._facts = ["Broker: a broker; its data stays in the folder .data/java", "Logs: .data/demo/worker.log"]
    screen._next = [("explain a lead", "lead-qualifier lead show L-00001"), ("feed", "lead-qualifier feed x")]
    return ["".join(part.text for part in line) for line in console.render_lines(screen._draw(progress))]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_it_fits_the_terminal_and_shows_leads_with_their_reason(progress: Progress, width: int, height: int) -> None:
    lines = shown(progress, width, height)
    text = "\n".join(lines)
    assert len(lines) <= height
    assert "L-00039" in text
    assert "engagement 83 ≥ 70 ✓ · demographic 41 < 50 ✗" in text
    assert "status_reason new → marketing_qualified" in text
    assert "enterprise v2 (sweep)" in text
    assert "lead show L-00039" in text  # a lead that there is
    assert "produced 1,234" in text
    assert lines[0].startswith("Console: http://127.0.0.1:6070/")


def test_a_criterion_that_asks_for_grades_shows_the_grade() -> None:
    fit = {"scoring_model_id": "fit", "grades": ["A", "B"]}
    criteria = [fit | {"score": 7, "grade": "B", "met": True}, fit | {"met": False}]
    assert _reason({"criteria": criteria}).plain == "fit grade B ✓ · fit grade none ✗"


def test_outcomes_are_counted_over_all_models_and_commands_are_no_events(progress: Progress) -> None:
    assert progress.outcomes() == {"criteria_not_met": 90, "qualified": 8}
    assert progress.decided == 1200
    assert "criteria_not_met 90, qualified 8" in figures_text(progress)


def test_before_anything_happens_it_says_so() -> None:
    text = "\n".join(shown(Progress(), 100, 40))
    assert "no outcomes yet" in text
    assert "none yet" in text
