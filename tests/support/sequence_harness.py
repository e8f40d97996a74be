"""A lead that goes through sequences in a test: what happens to it, and what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.sequences.connecting import (
    Activity,
    activity_completed,
    connect_by_event,
    disconnect,
    lead_changed,
    leave_stopped,
    time_passed,
)
from lead_qualifier.sequences.connections import LeadState
from lead_qualifier.sequences.decision import Decision
from lead_qualifier.sequences.kind import KIND
from lead_qualifier.sequences.steps import Program, program_of

T0 = datetime(2026, 11, 25, 9, tzinfo=UTC)
MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def email(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "email", **more}


def mail(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "automated_email", **more}


def wait(name: str, length: str) -> dict[str, Any]:
    return {"id": name, "kind": "wait", "for": length}


def branch(name: str, test: dict[str, Any], yes: list[Any], no: list[Any]) -> dict[str, Any]:
    return {"id": name, "branch": test, "yes": yes, "no": no}


def advance(name: str, to: str) -> dict[str, Any]:
    return {"id": name, "kind": "advance", "to": to}


def sequence(name: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "steps": list(steps), **more}


class SequenceHarness:
    """One lead, and the sequences that run. Time is in milliseconds from 0."""

    def __init__(self, *definitions: dict[str, Any]) -> None:
        others = {one["id"]: one for one in definitions}
        for one in definitions:
            assert KIND.problems_of(one, {k: v for k, v in others.items() if k != one["id"]}) == []
        self.live = {one["id"]: program_of(one, 1) for one in definitions}
        self.state = LeadState()
        self.now = 0
        self.told: list[dict[str, Any]] = []
        self.outcomes: list[str] = []
        self._events = 0

    def publish(self, definition: dict[str, Any], version: int) -> None:
        self.live[definition["id"]] = program_of(definition, version)

    def connect(self, name: str, **more: Any) -> list[str]:
        return self._decide(lambda d, c: d.connect(name, c, **more))

    def event(self, name: str, model_id: str | None = None) -> list[str]:
        return self._decide(lambda d, c: connect_by_event(d, name, c, model_id))

    def disconnect(self, name: str) -> list[str]:
        return self._decide(lambda d, c: disconnect(d, name, c))

    def done(self, step_event_id: str | None, result: str | None = None, *, automatic: bool = False) -> list[str]:
        activity = Activity(step_event_id, result, automatic=automatic)
        return self._decide(lambda d, c: activity_completed(d, activity, c))

    def reply(self, at: datetime | None = None, *, automatic: bool = False) -> list[str]:
        return self._decide(lambda d, c: activity_completed(d, Activity(reply=True, automatic=automatic), c), at)

    def becomes(self, **facts: Any) -> list[str]:
        for name, value in facts.items():
            setattr(self.state.snapshot, name, value)
        return self._decide(lead_changed)

    def stop(self, name: str) -> list[str]:
        del self.live[name]
        return self._decide(lambda d, _: leave_stopped(d))

    def until(self, now: int) -> list[str]:
        self.now = now
        return self._decide(lambda d, _: time_passed(d))

    def event_id(self, step_id: str) -> str:
        """Of the newest step of this name that was given out."""
        return str(next(one["event_id"] for one in reversed(self.told) if is_step(one) and one["step_id"] == step_id))

    def _decide(self, what: Any, at: datetime | None = None) -> list[str]:
        self._events += 1
        at = at or T0 + timedelta(milliseconds=self.now)
        cause = Cause(at, Trigger(f"e-{self._events}", "test", 0, self._events))
        decision = Decision("L-1", self.state, self.live, self._read, self.now)
        what(decision, cause)
        told = [dict(event) for _, event in decision.events]
        self.told += told
        self.outcomes = [outcome.value for _, outcome in decision.counted]
        return [shown(one) for one in told]

    @staticmethod
    def _read(_name: str, version: int, definition: Any) -> Program:
        return program_of(definition, version)


def is_step(told: dict[str, Any]) -> bool:
    """Is a step due? Otherwise a connection changed."""
    return "state" not in told


def shown(told: dict[str, Any]) -> str:
    if is_step(told):
        return f"{told['sequence_id']}/{told['step_id']}"
    reason = f" ({told['reason']})" if "reason" in told else ""
    return f"{told['sequence_id']} {told['state']}{reason}"
