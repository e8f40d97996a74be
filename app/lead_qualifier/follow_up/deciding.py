"""Decides when nobody has acted on a lead in time. Pure; times go by the wall clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from lead_qualifier.downstream.seen_events import seen_before
from lead_qualifier.messages.durations import parse_milliseconds
from lead_qualifier.qualification.conditions import Condition, condition_of, holds
from lead_qualifier.qualification.leads import Trigger
from lead_qualifier.qualification.utc import Moment

QUALIFIED = "lead-qualified"
ASSIGNED = "lead-assigned"
#: How many events are remembered to recognise repeated ones.
_REMEMBERED = 20


class FollowUpOutcome(StrEnum):
    """What happened to a stage of a lead."""

    BEGUN = "begun"
    CONDITIONS_NOT_MET = "conditions_not_met"
    ACTED = "acted"
    CLOSED = "closed"
    NOT_LIVE = "not_live"
    OVERDUE = "overdue"


class Stage(Struct, frozen=True):
    """`within_ms`: how long sales has to act; it is reported `times` times more, every `every_ms`."""

    within_ms: int
    every_ms: int = 0
    times: int = 0


class FollowUp(Struct, frozen=True, kw_only=True):
    """A published definition in the form that decisions need. `models` None: any qualification model."""

    id: str
    version: int
    models: frozenset[str] | None
    when: Condition
    stages: dict[str, Stage]


def follow_up_of(definition: Mapping[str, Any], version: int) -> FollowUp:
    """The follow-up of a valid definition."""
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
    reported: int = field(default=0, name="told")
    """How many times the lead has been reported as overdue."""


class LeadState(Struct, omit_defaults=True, kw_only=True):
    """Everything that the follow-up service holds about a lead."""

    snapshot: LeadSnapshot = field(default_factory=LeadSnapshot, name="facts")
    running: dict[str, dict[str, Running]] = field(default_factory=dict)
    """Stages that are running, by definition id and stage."""
    model_id: str | None = None
    """The model of the newest qualification."""
    owner_id: str | None = None
    """The seller of the newest assignment."""
    events: list[str] = field(default_factory=list)
    """`event_id` of the last events: a repeated one is ignored."""

    def seen_before(self, event_id: str) -> bool:
        """Was this event read before? It counts as read from now on."""
        return seen_before(self.events, event_id, _REMEMBERED)


class Overdue(Struct, frozen=True):
    """Nobody acted in time. `number`: 1 for the first report of it."""

    follow_up: FollowUp
    stage: str
    running: Running
    number: int


Counted = tuple[str, FollowUpOutcome]
"""A definition's id, and an outcome of one of its stages."""


def begin(state: LeadState, stage: str, follow_ups: Iterable[FollowUp], now_ms: int, cause: Cause) -> Iterator[Counted]:
    """Begin a stage in each follow-up that has it and applies to the lead. A further assignment restarts a running
    stage; a further qualification does not.
    """
    for follow_up in follow_ups:
        wanted = follow_up.stages.get(stage)
        if wanted is None or (follow_up.models is not None and state.model_id not in follow_up.models):
            continue
        if not state.snapshot.open or not holds(follow_up.when, state.snapshot.values()):
            yield follow_up.id, FollowUpOutcome.CONDITIONS_NOT_MET
            continue
        stages = state.running.setdefault(follow_up.id, {})
        if stage == QUALIFIED and stage in stages:
            continue
        stages[stage] = Running(now_ms, now_ms + wanted.within_ms, cause.occurred_at, cause.trigger)
        yield follow_up.id, FollowUpOutcome.BEGUN


def end(
    state: LeadState, outcome: FollowUpOutcome, *, stage: str | None = None, acted_at: datetime | None = None
) -> list[Counted]:
    """End all running stages, or one: somebody acted, or there is nothing left to act on.

    `acted_at`: when somebody did. Stages that began with a later event go on.
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
    """What is overdue now. Stages that no live definition has are dropped."""
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
                counted.append((follow_up_id, FollowUpOutcome.NOT_LIVE))
                continue
            number = running.reported + 1
            overdue.append(Overdue(follow_up, name, running, number))
            counted.append((follow_up_id, FollowUpOutcome.OVERDUE))
            if number <= stage.times:
                # from now: after downtime, reports do not come all at once
                stages[name] = Running(
                    running.begun_ms, now_ms + stage.every_ms, running.occurred_at, running.trigger, number
                )
            else:
                del stages[name]
        if not stages:
            del state.running[follow_up_id]
    return overdue, counted
