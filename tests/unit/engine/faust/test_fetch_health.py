from __future__ import annotations

import asyncio
import time

import pytest

from lead_qualifier.engine.faust.fetch_health import FetchHealth
from lead_qualifier.wording.sentences import IN_ENGLISH


def aged(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let so many seconds pass."""
    later = time.monotonic() + seconds
    monkeypatch.setattr("lead_qualifier.engine.faust.fetch_health.time.monotonic", lambda: later)


def problem_of(health: FetchHealth) -> str | None:
    report = health.problem(10)
    return None if report is None else IN_ENGLISH.sentence(report)


def test_a_loop_that_passes_is_well() -> None:
    health = FetchHealth()
    health.passed()
    assert health.problem(10) is None


def test_a_loop_that_passes_no_more_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    health = FetchHealth()
    health.passed()
    aged(monkeypatch, 11)
    assert problem_of(health) == "nothing was fetched for 11 s"


def test_a_partition_that_has_more_but_stands_still_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    health = FetchHealth()
    health.seen(("scores", 3), 5, 9)
    health.seen(("scores", 4), 9, 9)
    aged(monkeypatch, 11)
    health.passed()
    assert (problem_of(health) or "").startswith("scores-3 has stood at offset 5 for 11 s although there is more: ")


def test_a_partition_that_moves_is_well_however_far_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    health = FetchHealth()
    health.seen(("scores", 3), 5, 1000)
    aged(monkeypatch, 11)
    health.seen(("scores", 3), 6, 1000)
    health.passed()
    assert health.problem(10) is None


def test_a_new_assignment_forgets_what_stood_still(monkeypatch: pytest.MonkeyPatch) -> None:
    health = FetchHealth()
    health.seen(("scores", 3), 5, 9)
    aged(monkeypatch, 11)
    health.assigned()
    assert health.problem(10) is None


def test_a_partition_whose_fetches_are_not_answered_is_told_with_the_time_since_the_last_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    health = FetchHealth()
    assert health.unanswered() is None
    health.fetching({("scores", 3): 100, ("scores", 4): None})
    aged(monkeypatch, 5)
    health.fetching({("scores", 3): 105, ("scores", 4): None})
    aged(monkeypatch, 10)
    health.fetching({("scores", 3): 115, ("scores", 4): None})
    tp, seconds = health.unanswered() or (None, 0.0)
    assert (tp, round(seconds)) == (("scores", 4), 15)
    health.fetching({("scores", 3): 115, ("scores", 4): 115})
    assert round((health.unanswered() or (None, -1.0))[1]) == 0


def test_a_partition_that_is_fetched_no_more_waits_for_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    health = FetchHealth()
    health.fetching({("scores", 3): 100})
    aged(monkeypatch, 20)
    health.fetching({})
    assert health.unanswered() is None
    health.fetching({("scores", 3): 100})
    health.assigned()
    assert health.unanswered() is None


def test_a_task_of_the_consumer_that_has_ended_is_a_problem() -> None:
    async def fetching() -> None: ...

    async def scenario() -> str | None:
        task = asyncio.create_task(fetching())
        await task
        health = FetchHealth()
        health.passed(task)
        return problem_of(health)

    assert asyncio.run(scenario()) == "the consumer's fetching has ended"
