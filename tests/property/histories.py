"""Histories of one lead for the property tests to play, and what playing them shows step by step."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from app.qualification.criteria import AtLeast, Match
from app.qualification.decide import Outcome, Qualification, decide, mark
from app.qualification.leads import Lead, LeadChange, apply_change, copy_of, record_score
from app.qualification.models import QualificationModel
from app.qualification.rules import RuledModel, Rules
from tests.unit.qualification.given import minute, model, rules

SCORING_MODELS = ("demographic", "engagement", "intent")
# Few values and few minutes, so that thresholds are met exactly, times are equal and events come late all the time.
thresholds = st.sampled_from([0.0, 1.0, 2.0, 3.0])
values = st.sampled_from([0.0, 1.0, 2.0, 3.0, 3.0, 3.0])
minutes = st.integers(min_value=0, max_value=12)


@st.composite
def matches(draw: st.DrawFn, criteria: int) -> Match:
    return draw(st.sampled_from(["all", "any", *(AtLeast(k) for k in range(1, criteria + 1))]))


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
    )


@st.composite
def snapshots(draw: st.DrawFn) -> Rules:
    rarely = st.sampled_from([False] * 11 + [True])
    return rules(
        *(draw(definitions(model_id)) for model_id in draw(st.sets(st.sampled_from("abc"), min_size=1))),
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


Event = Scored | LeadChange | datetime | Rules
"""A datetime is a sweep, Rules are what is decided by from then on."""

scored = st.builds(Scored, st.sampled_from(SCORING_MODELS), values, minutes)
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
def histories(draw: st.DrawFn) -> list[Event]:
    """A minute passes from one event to the next; some come late."""
    history: list[Event] = []
    for kind in draw(st.lists(st.sampled_from("ssssssccccwrr"), min_size=15, max_size=30)):
        at = max(0, len(history) + draw(st.sampled_from([0, 0, 0, 1, -1, -3, -8])))
        match kind:
            case "s":
                history.append(Scored(draw(st.sampled_from(SCORING_MODELS)), draw(values), at))
            case "c":
                fields: dict[str, Any] = draw(changed_fields)
                history.append(LeadChange(occurred_at=minute(at), **fields))
            case "w":
                history.append(minute(at))
            case _:
                history.append(draw(snapshots()))
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


def played(first: Rules, history: list[Event], start: Lead | None = None) -> list[Step]:
    """Every step of a lead's history."""
    lead = Lead() if start is None else start
    current = first
    steps: list[Step] = []

    def decided(event: Event, models: Any, at: datetime, trigger: str, *, stale: bool = False) -> None:
        for ruled in models:
            before = copy_of(lead)
            decision = decide(lead, ruled, current, at, stale=stale)
            assert lead == before, "deciding changes nothing"
            if isinstance(decision, Qualification):
                mark(lead, decision, trigger)
            steps.append(Step(event, before, copy_of(lead), decision, ruled, at))

    for index, event in enumerate(history):
        before = copy_of(lead)
        match event:
            case Rules():
                current = event
            case LeadChange():
                apply_change(lead, event)
                steps.append(Step(event, before, copy_of(lead)))
            case Scored():
                fresh = record_score(lead, event.scoring_model, event.value, minute(event.at))
                steps.append(Step(event, before, copy_of(lead)))
                decided(event, current.naming(event.scoring_model), minute(event.at), f"e{index}", stale=not fresh)
            case _:
                decided(event, current.models.values(), event, f"p{index}")
    return steps
