from __future__ import annotations

import threading
import time

import pytest

from lead_qualifier.services.watchdog import Watchdog


def watchdog(problem: str | None = None, stall: float = 60.0) -> Watchdog:
    return Watchdog(problem=lambda: problem, failed=lambda reason: None, stall_seconds=stall)


def test_all_is_well_while_the_loop_runs_and_there_is_no_problem() -> None:
    assert watchdog().reason_to_end(time.monotonic() + 59) is None


def test_an_event_loop_that_does_not_run_is_a_reason_to_end() -> None:
    assert "event loop has not run for" in (watchdog().reason_to_end(time.monotonic() + 61) or "")


def test_a_problem_is_passed_on() -> None:
    assert watchdog("thread engine-cycle has died").reason_to_end(time.monotonic()) == "thread engine-cycle has died"


def test_during_a_graceful_stop_only_its_deadline_counts() -> None:
    dog = watchdog("Faust has stopped by itself")
    dog.stopping(within=10)
    assert dog.reason_to_end(time.monotonic() + 9) is None
    assert "graceful stop" in (dog.reason_to_end(time.monotonic() + 11) or "")


def test_it_tells_once_and_then_watches_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lead_qualifier.services.watchdog._TICK_SECONDS", 0.01)
    told: list[str] = []
    done = threading.Event()

    def failed(reason: str) -> None:
        told.append(reason)
        done.set()

    dog = Watchdog(problem=lambda: "broken", failed=failed)
    dog.start()
    assert done.wait(5)
    time.sleep(0.1)
    assert told == ["broken"]


def test_after_a_freeze_nothing_is_judged_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lead_qualifier.services.watchdog._TICK_SECONDS", 0.01)
    monkeypatch.setattr("lead_qualifier.services.watchdog._PAUSE_SECONDS", -1.0)  # like after a freeze
    told: list[str] = []
    dog = Watchdog(problem=lambda: "stale", failed=told.append)
    dog.start()
    time.sleep(0.2)
    dog.stop()
    assert told == []
