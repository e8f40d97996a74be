"""Explaining a lead: what is missing, and what would happen now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lead_qualifier.client.explanation import explain, reopened
from lead_qualifier.qualification.criteria import Criterion, Group
from lead_qualifier.qualification.flags import Actions
from lead_qualifier.qualification.leads import Hold, Lead, Mark, Score, Trigger
from lead_qualifier.qualification.models import OnRejection, QualificationModel, Recycling, Requalification
from lead_qualifier.qualification.recycling import Answered, reject
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.wording.sentences import IN_ENGLISH

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


FRESH = (
    Criterion("engagement", 70, max_age=timedelta(days=90)),
    Criterion("demographic", grades=("A", "B"), max_age=timedelta(days=90)),
)


def rules(*, on: bool = True, live: frozenset[str] = frozenset({"engagement", "demographic"}), **model: Any) -> Rules:
    definition = QualificationModel(
        id="enterprise",
        name="Enterprise",
        match="all",
        criteria=model.get("criteria", (Criterion("engagement", 70), Criterion("demographic", 50))),
        actions=Actions(marketing_qualified=True, sales_ready=True),
        requalification=Requalification(
            model.get("policy", "when_reset"),
            model.get("cool_down"),
        ),
        members=model.get("members", ()),
        hold=model.get("hold"),
        on_rejection=model.get("on_rejection"),
        audience=model.get("audience"),
        fast_track=model.get("fast_track"),
    )
    ruled = RuledModel(definition=definition, version=3, live=bool(model.get("model_live", True)))
    return Rules(revision=1, lead_management=on, live_scoring_models=live, models={"enterprise": ruled})


def lead(**scores: float) -> Lead:
    return Lead(scores={name: Score(value, NOW) for name, value in scores.items()})


@dataclass(frozen=True)
class Told:
    outcome: str
    reason: str
    missing: tuple[str, ...]
    in_audience: bool | None
    fast_track: str | None


def explained(held: Lead, by: Rules) -> Told:
    [one] = explain(held, by, NOW)
    return Told(
        one.outcome,
        IN_ENGLISH.sentence(one.reason),
        tuple(map(IN_ENGLISH.sentence, one.missing)),
        one.in_audience,
        None if one.fast_track is None else IN_ENGLISH.sentence(one.fast_track),
    )


def told_since(held: Lead) -> list[str]:
    return [IN_ENGLISH.sentence(one) for one in reopened(held)]


def test_a_merged_lead_is_told_which_one_can_qualify_instead() -> None:
    held = lead(engagement=90, demographic=90)
    held.merged_into = "L-7"
    one = explained(held, rules())
    assert one.outcome == "lead_not_open"
    assert one.reason == "the lead was merged into L-7: only that one can qualify"


def test_a_lead_outside_the_audience_is_told_which_tests_fail() -> None:
    held = lead(engagement=90, demographic=90)
    held.attributes = {"country": "FR", "revenue": 7}
    audience = {
        "all": [{"attribute": "country", "one_of": ["DE", "AT", "CH"]}, {"attribute": "revenue", "at_least": 5}]
    }
    one = explained(held, rules(audience=audience))
    assert (one.outcome, one.in_audience) == ("not_in_audience", False)
    assert one.reason == "outside the audience: country is FR, wanted DE, AT or CH"
    held.attributes["country"] = "DE"
    one = explained(held, rules(audience=audience))
    assert (one.outcome, one.in_audience) == ("qualified", True)
    assert explained(held, rules()).in_audience is None


def test_how_a_lead_stands_to_the_fast_track_is_told() -> None:
    held = lead(engagement=1)
    by = rules(fast_track={"attribute": "demo_requested", "equals": True})
    assert explained(held, by).fast_track == "fast track not met: demo_requested has no value, wanted yes"
    held.attributes["demo_requested"] = True
    assert explained(held, by).fast_track == "fast track met; it qualifies a lead when it becomes true"
    assert explained(held, rules()).fast_track is None


def test_what_a_criterion_lacks_is_told_in_points() -> None:
    one = explained(lead(engagement=58, demographic=60), rules())
    assert one.outcome == "criteria_not_met"
    assert one.missing == ("engagement: 12 more",)
    assert "1 of 2 criteria met, 2 needed" in one.reason


@pytest.mark.parametrize(
    ("score", "says"),
    [
        (Score(80, NOW, "A"), ()),
        (Score(80, NOW, "C"), ("demographic: grade is C, wanted A or B",)),
        (Score(80, NOW), ("demographic: no grade yet, wanted A or B",)),
        (Score(80, NOW - timedelta(days=100), "A"), ("demographic: grade A expired on 2026-02-20 (max_age 90d)",)),
        (None, ("demographic: no grade yet, wanted A or B",)),
    ],
)
def test_a_grade_that_is_lacking_is_told(score: Score | None, says: tuple[str, ...]) -> None:
    held = lead(engagement=90)
    if score is not None:
        held.scores["demographic"] = score
    assert explained(held, rules(criteria=FRESH)).missing == says


def test_a_score_that_has_expired_is_told_with_the_day() -> None:
    held = Lead(scores={"engagement": Score(83, datetime(2025, 5, 26, tzinfo=UTC)), "demographic": Score(1, NOW, "B")})
    one = explained(held, rules(criteria=FRESH))
    assert one.reason == ("1 of 2 criteria met, 2 needed: engagement: score 83 expired on 2025-08-24 (max_age 90d)")


def test_a_score_that_is_not_there_is_told() -> None:
    assert explained(lead(engagement=90), rules()).missing == ("demographic: no score yet, needs 50",)


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
    assert "30d" in one.reason


def rejected(by: Rules, *, reason: str | None = None, days_ago: float = 1) -> Lead:
    """Qualified two days ago, and rejected since."""
    held = marked(cleared=False, sales_ready=True)
    held.marks["enterprise"] = Mark(3, 1, NOW - timedelta(days=2), "e-1")
    held.qualified_at, held.qualified_flags = NOW - timedelta(days=2), ("status_reason", "sales_ready")
    assert reject(held, NOW - timedelta(days=days_ago), by, reason=reason)[0] in {Answered.RECYCLED, Answered.BARRED}
    return held


def recycling(days: float | None = None, **reasons: Recycling) -> OnRejection:
    return OnRejection(Recycling(cool_down=None if days is None else timedelta(days=days)), reasons)


def test_a_rejected_lead_is_told_when_its_cool_down_is_over() -> None:
    by = rules(on_rejection=recycling(30))
    held = rejected(by)
    one = explained(held, by)
    assert (one.outcome, one.reason) == (
        "cooling_down",
        "rejected by sales at 2026-03-01T08:00:00+00:00; may qualify again from 2026-03-31T08:00:00+00:00",
    )
    assert told_since(held) == [
        "rejected by sales at 2026-03-01T08:00:00+00:00: enterprise may qualify it again from 2026-03-31T08:00:00+00:00"
    ]


@pytest.mark.parametrize(
    ("of_model", "of_rejection", "said"),
    [
        (30, 2, "qualified at 2026-02-28T08:00:00+00:00; may qualify again 30d later"),
        (30, 0.5, "qualified at 2026-02-28T08:00:00+00:00; may qualify again 30d later"),
        (2.5, 2, "rejected by sales at 2026-03-01T08:00:00+00:00; may qualify again from 2026-03-03T08:00:00+00:00"),
    ],
)
def test_of_two_cool_downs_the_one_that_ends_later_is_told(of_model: float, of_rejection: float, said: str) -> None:
    by = rules(cool_down=timedelta(days=of_model), on_rejection=recycling(of_rejection))
    one = explained(rejected(by), by)
    assert (one.outcome, one.reason) == ("cooling_down", said)


def test_a_lead_rejected_for_good_is_told_what_opens_it_again() -> None:
    by = rules(on_rejection=recycling(30, wrong_person=Recycling(requalify=False)))
    held = rejected(by, reason="wrong_person")
    one = explained(held, by)
    rejection = "rejected by sales at 2026-03-01T08:00:00+00:00"
    assert one.outcome == "already_qualified"
    assert one.reason == f"permanently {rejection}, until the CRM resets a flag or reopens the lead"
    assert told_since(held) == [f"{rejection}: enterprise does not qualify it again"]


def test_a_rejected_lead_that_may_qualify_at_once_is_told_so() -> None:
    by = rules(on_rejection=recycling(30, typo=Recycling()))
    held = rejected(by, reason="typo")
    assert explained(held, by).outcome == "qualified"
    assert told_since(held) == ["rejected by sales at 2026-03-01T08:00:00+00:00: enterprise may qualify it again"]


def test_a_rejected_lead_with_flags_of_the_crm_shows_both() -> None:
    by = rules()
    held = rejected(by)
    held.status_reason, held.sales_ready = "marketing_qualified", True
    assert explained(held, by).reason == (
        "qualified by version 3, rejected by sales since; but the lead already has what the model's actions set"
    )


def test_a_rejection_does_not_reopen_a_model_of_one_time() -> None:
    by = rules(policy="never", on_rejection=recycling())
    assert "only once" in explained(rejected(by), by).reason


def test_what_the_crm_has_reset_is_told_as_that() -> None:
    assert told_since(marked(cleared=True, sales_ready=False)) == [
        "reset by the CRM since: enterprise may qualify it again"
    ]
    assert told_since(marked(cleared=False, sales_ready=True)) == []


def test_a_hold_is_told_with_the_moment_at_which_it_is_over() -> None:
    held, by = lead(engagement=90, demographic=60), rules(hold=timedelta(minutes=15))
    assert explained(held, by).reason == "the criteria are met; its next score starts the hold of 15m"
    trigger = Trigger("e", "lead-score-changed", 0, 0)
    held.holds["enterprise"] = Hold(3, NOW + timedelta(minutes=15), NOW, "live", trigger)
    one = explained(held, by)
    assert (one.outcome, one.reason) == (
        "holding",
        "the criteria are met; it qualifies at 2026-03-02T08:15:00+00:00 if they stay met",
    )


def test_nested_criteria_show_the_formula_and_what_each_lacks() -> None:
    one = explained(lead(engagement=60), rules(members=(0, Group("any", (1,)))))
    assert one.reason == (
        "not met: all of engagement >= 70, (any of demographic >= 50); missing per criterion: "
        "engagement: 10 more; demographic: no score yet, needs 50"
    )


def test_what_a_recross_needs_is_told() -> None:
    held = lead(engagement=90, demographic=60)
    held.marks["enterprise"] = Mark(3, 1, NOW, "e")
    assert explained(held, rules(policy="on_recross")).reason == (
        "qualified by version 3; it can qualify again once the CRM resets a flag or reopens the lead, "
        "or its scores fall below the criteria and rise again"
    )
