"""Stages of a lead that somebody has to act on in time: pure. What is waited for goes by the wall clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.conditions import Condition, condition_of, holds
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from lead_qualifier.downstream.repeats import repeats
from lead_qualifier.messages.durations import parse_milliseconds
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import Moment

QUALIFIED = "lead-qualified"
ASSIGNED = "lead-assigned"
#: So many events are remembered, so that a repeated one is known.
_REMEMBERED = 20


class Outcome(StrEnum):
    """What became of a stage."""

    BEGUN = "begun"
    CONDITIONS_NOT_MET = "conditions_not_met"
    ACTED = "acted"
    CLOSED = "closed"
    NOT_LIVE = "not_live"
    OVERDUE = "overdue"


class Stage(Struct, frozen=True):
    """`within_ms`: so long sales has; `every_ms` and `times`: how it is told again."""

    within_ms: int
    every_ms: int = 0
    times: int = 0


class FollowUp(Struct, frozen=True, kw_only=True):
    """A published definition, read once. `models` None: whatever model qualified the lead."""

    id: str
    version: int
    models: frozenset[str] | None
    when: Condition
    stages: dict[str, Stage]


def follow_up_of(definition: Mapping[str, Any], version: int) -> FollowUp:
    """The follow-up that a definition describes, which has no problems."""
    models = definition.get("models")
    return FollowUp(
        id=definition["id"],
        version=version,
        models=None if models is None else frozenset(models),
        when=condition_of(definition.get("when")),
        stages={
            one["on"]: Stage(
                parse_milliseconds(one["within"]),
                parse_milliseconds(one["repeat"]["every"]) if "repeat" in one else 0,
                one["repeat"]["times"] if "repeat" in one else 0,
            )
            for one in definition["stages"]
        },
    )


class Running(Struct, frozen=True, omit_defaults=True):
    """A stage that is running: somebody has to act on the lead in time."""

    begun_ms: int
    """When the stage started, in milliseconds since 1970."""
    due_ms: int
    """When the lead is next reported as overdue, in milliseconds since 1970."""
    occurred_at: Moment
    """When the event that started the stage occurred."""
    trigger: Trigger
    """The record that started the stage."""
    told: int = 0
    """How many times the lead has been reported as overdue."""


class LeadState(Struct, omit_defaults=True, kw_only=True):
    """Everything that the follow-up service holds about a lead."""

    facts: LeadSnapshot = field(default_factory=LeadSnapshot)
    running: dict[str, dict[str, Running]] = field(default_factory=dict)
    """Stages that are running, by definition id and stage."""
    model_id: str | None = None
    """The model of the newest qualification."""
    owner_id: str | None = None
    """The seller of the newest assignment."""
    events: list[str] = field(default_factory=list)
    """`event_id` of the last events: a repeated one is ignored."""

    def repeats(self, event_id: str) -> bool:
        """Was this event seen before? It is from now on."""
        return repeats(self.events, event_id, _REMEMBERED)


class Overdue(Struct, frozen=True):
    """Nobody acted in time, for the `number`th time."""

    follow_up: FollowUp
    stage: str
    running: Running
    number: int


Counted = tuple[str, Outcome]
"""A definition's id, and what became of a stage of it."""


def begin(state: LeadState, stage: str, follow_ups: Iterable[FollowUp], now_ms: int, cause: Cause) -> Iterator[Counted]:
    """A stage begins, in each follow-up that has it and means the lead. One that runs begins anew with an assignment,
    and goes on at a further qualification.
    """
    for follow_up in follow_ups:
        wanted = follow_up.stages.get(stage)
        if wanted is None or (follow_up.models is not None and state.model_id not in follow_up.models):
            continue
        if not state.facts.open or not holds(follow_up.when, state.facts.values()):
            yield follow_up.id, Outcome.CONDITIONS_NOT_MET
            continue
        stages = state.running.setdefault(follow_up.id, {})
        if stage == QUALIFIED and stage in stages:
            continue
        stages[stage] = Running(now_ms, now_ms + wanted.within_ms, cause.occurred_at, cause.trigger)
        yield follow_up.id, Outcome.BEGUN


def end(
    state: LeadState, outcome: Outcome, *, stage: str | None = None, acted_at: datetime | None = None
) -> list[Counted]:
    """Somebody acted, or there is nothing left to act on: nothing runs any more, or one stage no longer does.

    `acted_at`: when somebody did. What was done before that occurred which began a time is no act on it.
    """
    ended = []
    for follow_up_id, stages in list(state.running.items()):
        for name, running in list(stages.items()):
            if stage in {None, name} and (acted_at is None or acted_at >= running.occurred_at):
                del stages[name]
                ended.append((follow_up_id, outcome))
        if not stages:
            del state.running[follow_up_id]
    return ended


def time_passed(state: LeadState, live: Mapping[str, FollowUp], now_ms: int) -> tuple[list[Overdue], list[Counted]]:
    """What is overdue by now. What a live definition no longer has is dropped."""
    overdue: list[Overdue] = []
    counted: list[Counted] = []
    for follow_up_id, stages in sorted(state.running.items()):
        follow_up = live.get(follow_up_id)
        for name, running in sorted(stages.items()):
            if running.due_ms > now_ms:
                continue
            stage = None if follow_up is None else follow_up.stages.get(name)
            if follow_up is None or stage is None:
                del stages[name]
                counted.append((follow_up_id, Outcome.NOT_LIVE))
                continue
            number = running.told + 1
            overdue.append(Overdue(follow_up, name, running, number))
            counted.append((follow_up_id, Outcome.OVERDUE))
            if number <= stage.times:
                # from now: a service that was away does not tell everything at once
                stages[name] = Running(
                    running.begun_ms, now_ms + stage.every_ms, running.occurred_at, running.trigger, number
                )
            else:
                del stages[name]
        if not stages:
            del state.running[follow_up_id]
    return overdue, counted
