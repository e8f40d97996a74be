"""What the domain's tests start from: definitions, snapshots, and a desk that handles one lead's events in order."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lead_qualifier.qualification.criteria import Criterion, Match
from lead_qualifier.qualification.decide import Outcome, end_hold, evaluate
from lead_qualifier.qualification.flags import Actions
from lead_qualifier.qualification.lead_changes import conditions_met, follow_change
from lead_qualifier.qualification.leads import (
    ChangeResult,
    Lead,
    LeadChange,
    Origin,
    Qualification,
    Score,
    Trigger,
    apply_change,
    record_score,
)
from lead_qualifier.qualification.models import ExistingLeads, Policy, QualificationModel, Requalification
from lead_qualifier.qualification.rules import RuledModel, Rules, UnknownLeads

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

resets_by_hand = pytest.mark.parametrize(
    ("before", "record"),
    [
        ({"sales_ready": True}, {"sales_ready": False}),
        ({"status_reason": "marketing_qualified"}, {"status_reason": "contacted"}),
        ({"status": "disqualified"}, {"status": "open"}),
    ],
    ids=["sales ready is taken back", "marketing qualified is taken back", "reopened"],
)
"""Each way in which the CRM resets a lead: the fields of a change before it, and of the change that does it."""


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def model(
    model_id: str = "enterprise",
    *,
    match: Match = "all",
    criteria: dict[str, float] | tuple[Criterion, ...] | None = None,
    actions: Iterable[str] = ("status_reason", "sales_ready"),
    policy: Policy = "when_reset",
    cool_down: timedelta | None = None,
    existing_leads: ExistingLeads = "evaluate",
    drop_below: dict[str, float] | None = None,
    hold: timedelta | None = None,
    audience: dict[str, Any] | None = None,
    fast_track: dict[str, Any] | None = None,
) -> QualificationModel:
    floors = drop_below or {}
    if criteria is None:
        criteria = {"engagement": 70.0, "demographic": 50.0}
    if isinstance(criteria, dict):
        criteria = tuple(Criterion(name, threshold, floors.get(name)) for name, threshold in criteria.items())
    return QualificationModel(
        id=model_id,
        name=model_id.title(),
        match=match,
        criteria=criteria,
        actions=Actions("status_reason" in actions, "sales_ready" in actions),
        existing_leads=existing_leads,
        requalification=Requalification(policy, cool_down),
        hold=hold,
        audience=audience,
        fast_track=fast_track,
    )


def rules(
    *definitions: QualificationModel,
    lead_management: bool = True,
    live: bool = True,
    version: int = 1,
    scoring_models: Iterable[str] = ("engagement", "demographic", "intent"),
    unknown_leads: UnknownLeads = "open",
    revision: int = 1,
) -> Rules:
    return Rules(
        revision=revision,
        lead_management=lead_management,
        live_scoring_models=frozenset(scoring_models),
        models={one.id: RuledModel(definition=one, version=version, live=live) for one in definitions},
        unknown_leads=unknown_leads,
    )


class Desk:
    """Handles the events of one lead as a worker does. `qualifications`: all there were, in order.

    `outcomes`: what the models made of the last change.
    """

    def __init__(self, current: Rules) -> None:
        self.rules = current
        self.lead = Lead()
        self.qualifications: list[Qualification] = []
        self.outcomes: dict[str, Outcome] = {}

    def score(
        self, scoring_model: str, value: float, at: float, event_id: str = "e", grade: str | None = None
    ) -> dict[str, Outcome]:
        """What each model that names the scoring model makes of a score."""
        before = dict(self.lead.scores)
        fresh = record_score(self.lead, scoring_model, value, minute(at), grade)
        return {
            ruled.id: self._evaluate(ruled, minute(at), event_id, before) if fresh else Outcome.STALE_SCORE
            for ruled in self.rules.naming(scoring_model)
        }

    def scores(self, at: float, **values: float) -> dict[str, Outcome]:
        """Several scores of one time; the outcomes of the last."""
        outcomes: dict[str, Outcome] = {}
        for scoring_model, value in values.items():
            outcomes = self.score(scoring_model, value, at)
        return outcomes

    def sweep(self, at: float, command_id: str = "publish-1") -> dict[str, Outcome]:
        return {ruled.id: self._evaluate(ruled, minute(at), command_id) for ruled in self.rules.models.values()}

    def wait(self, until: float) -> dict[str, Outcome | None]:
        """What becomes of the holds that are due at the minute `until` (of the wall clock)."""
        outcomes: dict[str, Outcome | None] = {}
        for model_id, hold in sorted(self.lead.holds.items()):
            if hold.due <= minute(until):
                decision = end_hold(self.lead, model_id, self.rules, minute(until))
                if isinstance(decision, Qualification):
                    self.qualifications.append(decision)
                    decision = Outcome.QUALIFIED
                outcomes[model_id] = decision
        return outcomes

    def change(self, at: float, **fields: Any) -> bool:
        """False: stale. What the change evaluates is in `outcomes`."""
        before = conditions_met(self.lead, self.rules)
        result = apply_change(self.lead, LeadChange(occurred_at=minute(at), **fields))
        self.outcomes = {}
        if result is not ChangeResult.STALE:
            for entry in follow_change(self.lead, self.rules, before, result):
                if entry.origin is not None:
                    self.outcomes[entry.model.id] = self._evaluate(entry.model, minute(at), "c", origin=entry.origin)
        return bool(result)

    def _evaluate(
        self,
        ruled: RuledModel,
        at: datetime,
        event_id: str,
        before: dict[str, Score] | None = None,
        *,
        origin: Origin = "live",
    ) -> Outcome:
        # the clock of these tests shows the time of the events
        trigger, now_ms = Trigger(event_id, "lead-score-changed", 0, 0), at.timestamp() * 1000
        decision = evaluate(
            self.lead, ruled, self.rules, at, now_ms=now_ms, origin=origin, trigger=trigger, before=before
        )
        if isinstance(decision, Outcome):
            return decision
        self.qualifications.append(decision)
        return Outcome.QUALIFIED
