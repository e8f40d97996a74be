"""Histories of one lead for the property tests to play, and what playing them shows step by step."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group, Match, Member
from lead_qualifier.qualification.decide import Outcome, decide, end_hold, evaluate, follow_scores
from lead_qualifier.qualification.lead_changes import conditions_met, follow_change
from lead_qualifier.qualification.leads import (
    ChangeResult,
    Lead,
    LeadChange,
    Origin,
    Qualification,
    Trigger,
    apply_change,
    record_score,
)
from lead_qualifier.qualification.models import Policy, QualificationModel, Requalification
from lead_qualifier.qualification.rules import RuledModel, Rules
from tests.unit.qualification.given import minute, model, rules

SCORING_MODELS = ("demographic", "engagement", "intent")
# Few values and few minutes, so that thresholds are met exactly, times are equal and events come late all the time.
thresholds = st.sampled_from([0.0, 1.0, 2.0, 3.0])
values = st.sampled_from([0.0, 1.0, 2.0, 3.0, 3.0, 3.0])
grades = st.sampled_from([None, "A", "A", "B", "C", "a"])
minutes = st.integers(min_value=0, max_value=12)


def copy_of(lead: Lead) -> Lead:
    """A lead of the same content that can change without the other; much faster than deepcopy."""
    return replace(
        lead,
        attributes=lead.attributes.copy(),
        scores=lead.scores.copy(),
        marks=lead.marks.copy(),
        holds=lead.holds.copy(),
    )


@st.composite
def matches(draw: st.DrawFn, criteria: int) -> Match:
    return draw(st.sampled_from(["all", "any", *(AtLeast(k) for k in range(1, criteria + 1))]))


#: On what changes tell of; few, so that leads come into audiences and leave them all the time.
conditions: st.SearchStrategy[dict[str, Any] | None] = st.sampled_from(
    [
        None,
        None,
        {"attribute": "x", "at_least": 1},
        {"attribute": "x", "one_of": [1, 2]},
        {"attribute": "y", "exists": True},
        {"not": {"attribute": "y", "equals": 3}},
        {"field": "sales_ready", "equals": False},
        {"any": [{"attribute": "x", "equals": 3}, {"field": "owner_id", "equals": "U-1"}]},
        {"all": [{"attribute": "y", "not_equals": 0}, {"field": "status_reason", "not_equals": "new"}]},
    ]
)


@st.composite
def definitions(draw: st.DrawFn, model_id: str = "m") -> QualificationModel:
    criteria = draw(st.dictionaries(st.sampled_from(SCORING_MODELS), thresholds, min_size=1))
    return model(
        model_id,
        match=draw(matches(len(criteria))),
        criteria=criteria,
        actions=draw(st.sampled_from([["status_reason"], ["sales_ready"], ["status_reason", "sales_ready"]])),
        policy=draw(st.sampled_from(["never", "when_reset", "when_reset"])),
        cool_down=draw(st.none() | st.integers(min_value=0, max_value=6).map(lambda count: timedelta(minutes=count))),
        audience=draw(conditions),
        fast_track=draw(conditions),
    )


@st.composite
def rich_definitions(draw: st.DrawFn, model_id: str = "m") -> QualificationModel:
    """With all that a definition can say: also groups, holds, floors, grades, ages, and scores that cross again."""
    plain = draw(definitions(model_id))
    policies: list[Policy] = ["never", "when_reset", "on_recross", "on_recross"]
    policy = draw(st.sampled_from(policies))
    criteria = tuple(draw(rich_criteria(one, policy)) for one in plain.criteria)
    return QualificationModel(
        id=model_id,
        name=model_id,
        match=draw(st.sampled_from(["all", "any"])),
        criteria=criteria,
        actions=plain.actions,
        requalification=Requalification(policy, plain.requalification.cool_down),
        members=draw(st.sampled_from(_SHAPES[len(criteria)])),
        hold=draw(st.sampled_from([None, None, timedelta(minutes=1), timedelta(minutes=3)])),
        audience=plain.audience,
        fast_track=plain.fast_track,
    )


@st.composite
def rich_criteria(draw: st.DrawFn, plain: Criterion, policy: Policy) -> Criterion:
    max_age = draw(st.sampled_from([None, None, timedelta(minutes=2), timedelta(minutes=5)]))
    if draw(st.sampled_from([False, False, True])):
        return Criterion(plain.scoring_model, max_age=max_age, grades=draw(st.sampled_from([("A",), ("A", "B")])))
    assert plain.threshold is not None
    lower = policy == "on_recross" and draw(st.booleans())
    floor = plain.threshold - draw(st.sampled_from([0.0, 1.0])) if lower else None
    return replace(plain, drop_below=floor, max_age=max_age)


_SHAPES: dict[int, list[tuple[Member, ...]]] = {
    1: [(), (Group("all", (0,)),)],
    2: [(), (0, Group("any", (1,))), (Group(AtLeast(1), (0, 1)),)],
    3: [(), (0, Group("any", (1, 2))), (Group("all", (0, Group("any", (1,)))), 2), (Group(AtLeast(2), (0, 1, 2)),)],
}


@st.composite
def snapshots(draw: st.DrawFn, *, rich: bool = False) -> Rules:
    rarely = st.sampled_from([False] * 11 + [True])
    one = rich_definitions if rich else definitions
    return rules(
        *(draw(one(model_id)) for model_id in draw(st.sets(st.sampled_from("abc"), min_size=1))),
        lead_management=not draw(rarely),
        live=not draw(rarely),
        scoring_models=SCORING_MODELS[1:] if draw(rarely) else SCORING_MODELS,
        unknown_leads="ineligible" if draw(rarely) else "open",
        version=draw(st.integers(min_value=1, max_value=3)),
    )


@dataclass(frozen=True)
class Scored:
    scoring_model: str
    value: float
    at: int
    grade: str | None = None


Event = Scored | LeadChange | datetime | Rules
"""A datetime is a sweep, Rules are what is decided by from then on."""

scored = st.builds(Scored, st.sampled_from(SCORING_MODELS), values, minutes, grades)
changed_fields = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["open"] * 6 + ["qualified", "disqualified"]),
        "status_reason": st.sampled_from(["new", "contacted"] * 3 + ["marketing_qualified", "qualified"]),
        "sales_ready": st.booleans(),
        "owner_id": st.sampled_from([None, "U-1", "U-2"]),
        "attributes": st.dictionaries(st.sampled_from("xy"), st.none() | st.integers(0, 3)),
    },
)


@st.composite
def histories(draw: st.DrawFn, *, rich: bool = False) -> list[Event]:
    """A minute passes from one event to the next; some come late."""
    history: list[Event] = []
    for kind in draw(st.lists(st.sampled_from("ssssssccccwrr"), min_size=15, max_size=30)):
        at = max(0, len(history) + draw(st.sampled_from([0, 0, 0, 1, -1, -3, -8])))
        match kind:
            case "s":
                history.append(Scored(draw(st.sampled_from(SCORING_MODELS)), draw(values), at, draw(grades)))
            case "c":
                fields: dict[str, Any] = draw(changed_fields)
                history.append(LeadChange(occurred_at=minute(at), **fields))
            case "w":
                history.append(minute(at))
            case _:
                history.append(draw(snapshots(rich=rich)))
    return history


@dataclass(frozen=True)
class Step:
    """One thing that happened: the lead just before, the decision on it if there was one, and the lead just after."""

    event: Event
    before: Lead
    after: Lead
    decision: Outcome | Qualification | None = None
    by: RuledModel | None = None
    at: datetime | None = None
    origin: Origin = "live"
    held: bool = False
    """It is the end of a hold."""


def played(first: Rules, history: list[Event], start: Lead | None = None) -> list[Step]:
    """Every step of a lead's history. The clock shows a minute more at each event; holds end before it is decided."""
    lead = Lead() if start is None else start
    current = first
    steps: list[Step] = []

    def decided(
        event: Event,
        models: Any,
        at: datetime,
        trigger: str,
        *,
        stale: bool = False,
        origins: Iterable[Origin] = repeat("live"),
    ) -> None:
        for ruled, origin in zip(models, origins, strict=False):
            before = copy_of(lead)
            if stale:
                steps.append(Step(event, before, before, Outcome.STALE_SCORE, ruled, at))
                continue
            pure = decide(lead, ruled, current, at, fast_track=origin == "fast_track")
            assert lead == before, "deciding changes nothing"
            began, now_ms = Trigger(trigger, "lead-score-changed", 0, 0), minute(index).timestamp() * 1000
            decision = evaluate(lead, ruled, current, at, now_ms=now_ms, origin=origin, trigger=began)
            assert decision == pure
            steps.append(Step(event, before, copy_of(lead), decision, ruled, at, origin))

    def waited(event: Event) -> None:
        for model_id, hold in sorted(lead.holds.items()):
            if hold.due > minute(index):
                continue
            before = copy_of(lead)
            decision = end_hold(lead, model_id, current, minute(index))
            if decision is not None:
                steps.append(Step(event, before, copy_of(lead), decision, current.models[model_id], hold.at, held=True))

    for index, event in enumerate(history):
        waited(event)
        before = copy_of(lead)
        match event:
            case Rules():
                current = event
            case LeadChange():
                met_before = conditions_met(lead, current)
                result = apply_change(lead, event)
                stale = result is ChangeResult.STALE
                entries = [] if stale else follow_change(lead, current, met_before, result)
                steps.append(Step(event, before, copy_of(lead)))
                ways = {one.model.id: one.origin for one in entries if one.origin is not None}
                models = [current.models[model_id] for model_id in ways]
                decided(event, models, event.occurred_at, f"c{index}", origins=ways.values())
            case Scored():
                stood = dict(lead.scores)
                fresh = record_score(lead, event.scoring_model, event.value, minute(event.at), event.grade)
                for ruled in current.naming(event.scoring_model) if fresh else ():
                    follow_scores(lead, ruled, current, minute(event.at), stood)
                steps.append(Step(event, before, copy_of(lead)))
                decided(event, current.naming(event.scoring_model), minute(event.at), f"e{index}", stale=not fresh)
            case _:
                decided(event, current.models.values(), event, f"p{index}")
    return steps
