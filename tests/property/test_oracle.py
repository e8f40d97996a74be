"""A naive second reading of the domain, sentence by sentence, foretells every outcome and every lead."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hypothesis import given
from msgspec import UNSET

from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group, Match
from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.leads import Lead, LeadChange, Qualification
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import Rules
from tests.oracle.conditions import is_so
from tests.property.histories import Event, Scored, histories, played, snapshots
from tests.support.examples import examples
from tests.unit.qualification.given import START, minute


@dataclass
class Qualified:
    model: str
    at: datetime
    set: set[str]
    cleared: bool = False
    fallen: bool = False


@dataclass
class Oracle:
    rules: Rules
    now: dict[str, Any] = field(
        default_factory=lambda: {"status": "open", "status_reason": "new", "sales_ready": False, "owner_id": None}
    )
    attributes: dict[str, Any] = field(default_factory=dict)
    scores: list[tuple[str, float, str | None, datetime]] = field(default_factory=list)
    changes: list[datetime] = field(default_factory=list)
    qualified: list[Qualified] = field(default_factory=list)
    clock: datetime = START
    waiting: dict[str, tuple[int, datetime, datetime]] = field(default_factory=dict)
    """By model: its version, when the time is over, and when that occurred which began it."""

    def pass_to(self, clock: datetime) -> list[tuple[str, str]]:
        self.clock = clock
        over = sorted(name for name, (_, due, _) in self.waiting.items() if due <= clock)
        outcomes = []
        for name in over:
            version, _, began = self.waiting.pop(name)
            model = self.rules.models.get(name)
            if model is not None and model.version == version:
                outcomes.append((name, self.outcome(model.definition, began, stale=False, waited=True)))
        return outcomes

    def score(self, name: str, value: float, grade: str | None, at: datetime) -> list[tuple[str, str]]:
        stale = any(other == name and then > at for other, _, _, then in self.scores)
        below_before = {one.id for one in self.rules.models.values() if self.is_below(one.definition)}
        if not stale:
            self.scores.append((name, value, grade, at))
        naming = [
            one
            for one in self.rules.models.values()
            if name in [criterion.scoring_model for criterion in one.definition.criteria]
        ]
        for one in naming:
            if stale or not one.live:
                continue
            if not self.meets(one.definition, at):
                self.waiting.pop(one.id, None)
            marks = [mark for mark in self.qualified if mark.model == one.id]
            fell = self.is_below(one.definition) and one.id not in below_before
            if marks and one.definition.requalification.policy == "on_recross" and fell:
                marks[-1].fallen = True
        return self.evaluate((one.definition for one in naming), at, stale=stale)

    def sweep(self, at: datetime) -> list[tuple[str, str]]:
        return self.evaluate((one.definition for one in self.rules.models.values()), at, stale=False)

    def change(self, change: LeadChange) -> list[tuple[str, str]]:
        at = change.occurred_at
        if any(then > at for then in self.changes):
            return []
        stood = {name: self.stands(ruled.definition) for name, ruled in self.rules.models.items()}
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
            self.waiting.clear()
            for one in self.qualified:
                one.cleared = True
        concerned: dict[str, bool] = {}
        by_hand = left or lowered or reopened
        for name, ruled in sorted(self.rules.models.items()):
            (inside, raised), (now_inside, now_raised) = stood[name], self.stands(ruled.definition)
            if not ruled.live:
                continue
            if inside and not now_inside:
                self.waiting.pop(name, None)
            if not by_hand and ((now_inside and not inside) or (now_raised and not raised)):
                concerned[name] = now_raised and not raised
        return [
            (name, self.outcome(self.rules.models[name].definition, at, stale=False, raised=raised))
            for name, raised in concerned.items()
        ]

    def stands(self, model: QualificationModel) -> tuple[bool, bool]:
        """Is the lead in the audience, and is its hand raised?"""
        own = {name: value for name, value in self.now.items() if value is not None}
        raised = model.fast_track is not None and is_so(model.fast_track, own, self.attributes)
        return is_so(model.audience, own, self.attributes), raised

    def evaluate(self, models: Iterable[QualificationModel], at: datetime, *, stale: bool) -> list[tuple[str, str]]:
        return [(one.id, self.outcome(one, at, stale=stale)) for one in sorted(models, key=lambda one: one.id)]

    def outcome(
        self, model: QualificationModel, at: datetime, *, stale: bool, waited: bool = False, raised: bool = False
    ) -> str:
        would_set = set()
        if model.actions.marketing_qualified and self.now["status_reason"] != "marketing_qualified":
            would_set.add("status_reason")
        if model.actions.sales_ready and not self.now["sales_ready"]:
            would_set.add("sales_ready")
        marks = [one for one in self.qualified if one.model == model.id]
        again = bool(marks) and marks[-1].fallen and model.requalification.policy == "on_recross"
        marked = bool(marks) and not again and (model.requalification.policy == "never" or not marks[-1].cleared)
        cool_down = model.requalification.cool_down
        unknown = not self.changes
        not_open = self.now["status"] != "open" or self.now["status_reason"] == "qualified"
        words = [
            ("stale_score", stale),
            ("lead_management_off", not self.rules.lead_management),
            ("model_not_live", not self.rules.models[model.id].live),
            ("unknown_lead_ineligible", unknown and self.rules.unknown_leads == "ineligible"),
            ("lead_not_open", not_open),
            ("not_in_audience", not self.stands(model)[0]),
            ("criteria_not_met", not raised and not self.meets(model, self.clock if waited else at)),
            ("already_qualified", marked or not (would_set or again)),
            ("cooling_down", bool(marks and cool_down and at < marks[-1].at + cool_down)),
            ("holding", model.hold is not None and not waited and not raised),
        ]
        for word, applies in words:
            if applies:
                version = self.rules.models[model.id].version
                if word == "holding" and self.waiting.get(model.id, (0,))[0] != version:
                    assert model.hold is not None
                    self.waiting[model.id] = (version, self.clock + model.hold, at)
                return word
        self.waiting.pop(model.id, None)
        meant = would_set or {
            name
            for name, wanted in (
                ("status_reason", model.actions.marketing_qualified),
                ("sales_ready", model.actions.sales_ready),
            )
            if wanted
        }
        self.qualified.append(Qualified(model.id, at, meant))
        if "status_reason" in would_set:
            self.now["status_reason"] = "marketing_qualified"
        if "sales_ready" in would_set:
            self.now["sales_ready"] = True
        return "qualified"

    def meets(self, model: QualificationModel, at: datetime) -> bool:
        met = []
        for criterion in model.criteria:
            live = criterion.scoring_model in self.rules.live_scoring_models
            fresh = criterion.max_age is None or any(
                at <= then + criterion.max_age for _, _, then in self.now_on(criterion)
            )
            met.append(live and fresh and any(asked(criterion, *one) for one in self.now_on(criterion)))
        return together(model, met)

    def now_on(self, criterion: Criterion) -> list[tuple[float, str | None, datetime]]:
        return [(value, grade, at) for name, value, grade, at in self.scores if name == criterion.scoring_model][-1:]

    def is_below(self, model: QualificationModel) -> bool:
        above = []
        for criterion in model.criteria:
            lower = criterion if criterion.drop_below is None else Criterion("", criterion.drop_below)
            above.append(any(asked(lower, *one) for one in self.now_on(criterion)))
        return not together(model, above)


def asked(criterion: Criterion, value: float, grade: str | None, _at: datetime) -> bool:
    return grade in criterion.grades if criterion.threshold is None else value >= criterion.threshold


def together(model: QualificationModel, met: list[bool]) -> bool:
    def of(match: Match, members: Iterable[Any]) -> bool:
        stand: list[bool] = [of(one.match, one.members) if isinstance(one, Group) else met[one] for one in members]
        if isinstance(match, AtLeast):
            return sum(stand) >= match.at_least
        return all(stand) if match == "all" else any(stand)

    return of(model.match, model.members or range(len(met)))


def told(lead: Lead) -> dict[str, Any]:
    return {
        "status": lead.status,
        "status_reason": lead.status_reason,
        "sales_ready": lead.sales_ready,
        "owner_id": lead.owner_id,
    }


def word(decision: Outcome | Qualification | None) -> str:
    return "qualified" if isinstance(decision, Qualification) else str(decision)


@given(snapshots(rich=True), histories(rich=True))
@examples(250)
def test_every_outcome_and_every_lead_is_as_a_second_reading_of_the_domain_says(
    first: Rules, history: list[Event]
) -> None:
    oracle = Oracle(first)
    foretold: list[tuple[str, str]] = []
    for number, event in enumerate(history):
        foretold += oracle.pass_to(minute(number))
        match event:
            case Rules():
                oracle.rules = event
            case LeadChange():
                foretold += oracle.change(event)
            case Scored():
                foretold += oracle.score(event.scoring_model, event.value, event.grade, minute(event.at))
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
        assert {name: (one.at, one.cleared, one.dropped) for name, one in lead.marks.items()} == {
            name: (one.at, one.cleared, one.fallen) for name, one in last.items()
        }
        assert {name: (one.version, one.due, one.at) for name, one in lead.holds.items()} == oracle.waiting
        assert {name: one.number for name, one in lead.marks.items()} == Counter(one.model for one in oracle.qualified)
