"""Explaining a lead: what is missing, and what would happen now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.client.explaining import Explained, explain
from app.qualification.criteria import Criterion, Group
from app.qualification.leads import Hold, Lead, Mark, Score, Trigger
from app.qualification.models import Actions, QualificationModel, Requalification
from app.qualification.rules import RuledModel, Rules

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def rules(*, on: bool = True, live: frozenset[str] = frozenset({"engagement", "demographic"}), **model: Any) -> Rules:
    definition = QualificationModel(
        id="enterprise",
        name="Enterprise",
        match="all",
        criteria=(Criterion("engagement", 70), Criterion("demographic", 50)),
        actions=Actions(marketing_qualified=True, sales_ready=True),
        requalification=Requalification(
            model.get("policy", "when_reset"),
            model.get("cool_down"),
        ),
        members=model.get("members", ()),
        hold=model.get("hold"),
    )
    ruled = RuledModel(definition=definition, version=3, live=bool(model.get("model_live", True)))
    return Rules(revision=1, lead_management=on, live_scoring_models=live, models={"enterprise": ruled})


def lead(**scores: float) -> Lead:
    return Lead(scores={name: Score(value, NOW) for name, value in scores.items()})


def explained(held: Lead, by: Rules) -> Explained:
    [one] = explain(held, by, NOW)
    return one


def test_a_merged_lead_is_told_which_one_can_qualify_instead() -> None:
    held = lead(engagement=90, demographic=90)
    held.merged_into = "L-7"
    one = explained(held, rules())
    assert one.outcome == "lead_not_open"
    assert one.reason == "the lead was merged into L-7: only that one can qualify"


def test_what_a_criterion_lacks_is_told_in_points() -> None:
    one = explained(lead(engagement=58, demographic=60), rules())
    assert one.outcome == "criteria_not_met"
    assert one.missing == ("engagement: 12 more",)
    assert "1 of 2 criteria met, 2 needed" in one.reason


def test_a_score_that_is_not_there_is_told() -> None:
    assert explained(lead(engagement=90), rules()).missing == ("demographic: no score yet, 50 is needed",)


def test_a_score_that_does_not_count_is_told() -> None:
    one = explained(lead(engagement=90, demographic=60), rules(live=frozenset({"engagement"})))
    assert "demographic" in one.missing[0]
    assert "not live" in one.missing[0]


@pytest.mark.parametrize(
    ("held", "by", "outcome", "said"),
    [
        (lead(), rules(on=False), "lead_management_off", "feature enable"),
        (lead(), rules(model_live=False), "model_not_live", "model publish enterprise"),
        (Lead(status="disqualified", status_reason="lost"), rules(), "lead_not_open", "lost"),
        (lead(engagement=90, demographic=60), rules(), "qualified", "next score"),
    ],
)
def test_the_reason_says_what_stands_in_the_way(held: Lead, by: Rules, outcome: str, said: str) -> None:
    one = explained(held, by)
    assert one.outcome == outcome
    assert said in one.reason


def marked(*, cleared: bool, sales_ready: bool) -> Lead:
    held = lead(engagement=90, demographic=60)
    held.marks["enterprise"] = Mark(2, 1, NOW - timedelta(days=1), "e-1", cleared)
    if sales_ready:
        held.status_reason, held.sales_ready = "marketing_qualified", True
    return held


def test_a_held_mark_says_what_opens_it_again() -> None:
    assert "once the CRM resets" in explained(marked(cleared=False, sales_ready=True), rules()).reason
    assert "only once" in explained(marked(cleared=True, sales_ready=False), rules(policy="never")).reason


def test_a_cool_down_says_how_long() -> None:
    one = explained(marked(cleared=True, sales_ready=False), rules(cool_down=timedelta(days=30)))
    assert one.outcome == "cooling_down"
    assert "30 days" in one.reason


def test_a_hold_is_told_with_the_moment_at_which_it_is_over() -> None:
    held, by = lead(engagement=90, demographic=60), rules(hold=timedelta(minutes=15))
    assert explained(held, by).reason == "all that is needed is met; its next score begins the 15m to wait"
    trigger = Trigger("e", "lead-score-changed", 0, 0)
    held.holds["enterprise"] = Hold(3, NOW + timedelta(minutes=15), NOW, "live", trigger)
    one = explained(held, by)
    assert (one.outcome, one.reason) == (
        "holding",
        "all that is needed is met; it qualifies at 2026-03-02T08:15:00+00:00 if that stays so",
    )


def test_of_nested_criteria_the_formula_is_told_beside_what_single_ones_lack() -> None:
    one = explained(lead(engagement=60), rules(members=(0, Group("any", (1,)))))
    assert one.reason == (
        "not met: all of engagement >= 70, (any of demographic >= 50); what single criteria lack: "
        "engagement: 10 more; demographic: no score yet, 50 is needed"
    )


def test_what_a_recross_needs_is_told() -> None:
    held = lead(engagement=90, demographic=60)
    held.marks["enterprise"] = Mark(3, 1, NOW, "e")
    assert explained(held, rules(policy="on_recross")).reason == (
        "qualified by version 3; again once the CRM resets a flag or reopens the lead, "
        "or its scores fall below and rise again"
    )
