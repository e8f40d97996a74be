"""A naive second reading of the domain, sentence by sentence, foretells every outcome and every lead."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from msgspec import UNSET

from app.qualification.criteria import AtLeast
from app.qualification.decide import Outcome, Qualification
from app.qualification.leads import Lead, LeadChange
from app.qualification.models import QualificationModel
from app.qualification.rules import Rules
from tests.property.histories import Event, Scored, histories, played, snapshots
from tests.unit.qualification.given import minute


@dataclass
class Qualified:
    model: str
    at: datetime
    set: set[str]
    cleared: bool = False


@dataclass
class Oracle:
    rules: Rules
    now: dict[str, Any] = field(
        default_factory=lambda: {"status": "open", "status_reason": "new", "sales_ready": False, "owner_id": None}
    )
    attributes: dict[str, Any] = field(default_factory=dict)
    scores: list[tuple[str, float, datetime]] = field(default_factory=list)
    changes: list[datetime] = field(default_factory=list)
    qualified: list[Qualified] = field(default_factory=list)

    def score(self, name: str, value: float, at: datetime) -> list[tuple[str, str]]:
        stale = any(other == name and then > at for other, _, then in self.scores)
        if not stale:
            self.scores.append((name, value, at))
        naming = (
            one.definition
            for one in self.rules.models.values()
            if name in [criterion.scoring_model for criterion in one.definition.criteria]
        )
        return self.evaluate(naming, at, stale=stale)

    def sweep(self, at: datetime) -> list[tuple[str, str]]:
        return self.evaluate((one.definition for one in self.rules.models.values()), at, stale=False)

    def change(self, change: LeadChange) -> None:
        at = change.occurred_at
        if any(then > at for then in self.changes):
            return
        self.changes.append(at)
        newest = max((one.at for one in self.qualified), default=None)
        before_newest = newest is not None and at < newest
        kept = {name for one in self.qualified if one.at == newest for name in one.set} if before_newest else set()
        before = dict(self.now)
        for name in self.now:
            told = getattr(change, name)
            if told is not UNSET and name not in kept:
                self.now[name] = told
        if change.attributes is not UNSET:
            self.attributes |= change.attributes
            self.attributes = {name: value for name, value in self.attributes.items() if value is not None}
        left = before["status_reason"] == "marketing_qualified" and self.now["status_reason"] != "marketing_qualified"
        lowered = before["sales_ready"] is True and self.now["sales_ready"] is False
        reopened = before["status"] != "open" and self.now["status"] == "open"
        if (left or lowered or reopened) and not before_newest:
            for one in self.qualified:
                one.cleared = True

    def evaluate(self, models: Iterable[QualificationModel], at: datetime, *, stale: bool) -> list[tuple[str, str]]:
        return [(one.id, self.outcome(one, at, stale)) for one in sorted(models, key=lambda one: one.id)]

    def outcome(self, model: QualificationModel, at: datetime, stale: bool) -> str:
        would_set = set()
        if model.actions.marketing_qualified and self.now["status_reason"] != "marketing_qualified":
            would_set.add("status_reason")
        if model.actions.sales_ready and not self.now["sales_ready"]:
            would_set.add("sales_ready")
        marks = [one for one in self.qualified if one.model == model.id]
        marked = bool(marks) and (model.requalification.policy == "never" or not marks[-1].cleared)
        cool_down = model.requalification.cool_down
        unknown = not self.changes
        not_open = self.now["status"] != "open" or self.now["status_reason"] == "qualified"
        words = [
            ("stale_score", stale),
            ("lead_management_off", not self.rules.lead_management),
            ("model_not_live", not self.rules.models[model.id].live),
            ("unknown_lead_ineligible", unknown and self.rules.unknown_leads == "ineligible"),
            ("lead_not_open", not_open),
            ("criteria_not_met", not self.meets(model)),
            ("already_qualified", marked or not would_set),
            ("cooling_down", bool(marks and cool_down and at < marks[-1].at + cool_down)),
        ]
        for word, applies in words:
            if applies:
                return word
        self.qualified.append(Qualified(model.id, at, would_set))
        if "status_reason" in would_set:
            self.now["status_reason"] = "marketing_qualified"
        if "sales_ready" in would_set:
            self.now["sales_ready"] = True
        return "qualified"

    def meets(self, model: QualificationModel) -> bool:
        met = []
        for criterion in model.criteria:
            current = [value for name, value, _ in self.scores if name == criterion.scoring_model][-1:]
            live = criterion.scoring_model in self.rules.live_scoring_models
            met.append(live and any(value >= criterion.threshold for value in current))
        if isinstance(model.match, AtLeast):
            return sum(met) >= model.match.at_least
        return all(met) if model.match == "all" else any(met)


def told(lead: Lead) -> dict[str, Any]:
    return {
        "status": lead.status,
        "status_reason": lead.status_reason,
        "sales_ready": lead.sales_ready,
        "owner_id": lead.owner_id,
    }


def word(decision: Outcome | Qualification | None) -> str:
    return "qualified" if isinstance(decision, Qualification) else str(decision)


@given(snapshots(), histories())
@settings(max_examples=250)
def test_every_outcome_and_every_lead_is_as_a_second_reading_of_the_domain_says(
    first: Rules, history: list[Event]
) -> None:
    oracle = Oracle(first)
    foretold: list[tuple[str, str]] = []
    for event in history:
        match event:
            case Rules():
                oracle.rules = event
            case LeadChange():
                oracle.change(event)
            case Scored():
                foretold += oracle.score(event.scoring_model, event.value, minute(event.at))
            case _:
                foretold += oracle.sweep(event)
    steps = played(first, history)
    assert [(step.by.id, word(step.decision)) for step in steps if step.by is not None] == foretold
    if steps:
        lead = steps[-1].after
        assert told(lead) == oracle.now
        assert lead.attributes == oracle.attributes
        assert lead.known == bool(oracle.changes)
        last = {one.model: one for one in oracle.qualified}
        assert {name: (one.at, one.cleared) for name, one in lead.marks.items()} == {
            name: (one.at, one.cleared) for name, one in last.items()
        }
        assert {name: one.number for name, one in lead.marks.items()} == Counter(one.model for one in oracle.qualified)
