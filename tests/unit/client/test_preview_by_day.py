"""How many would have qualified on each day: a replay of scores that gives what a worker would have given."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec

from lead_qualifier.client.preview_by_day import DayByDay
from lead_qualifier.messages.decode import ChangedScore
from lead_qualifier.qualification.criteria import Criterion
from lead_qualifier.qualification.leads import Lead, Score
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import Rules
from tests.unit.qualification.given import START, model, rules

DAY = START.date()


def on_day(number: float) -> datetime:
    return START + timedelta(days=number)


def held(**scores: tuple[float, float]) -> Lead:
    return Lead(scores={name: Score(value, on_day(at)) for name, (value, at) in scores.items()})


def replayed(
    leads: dict[str, Lead],
    *events: tuple[str, str, float, float],
    definition: QualificationModel | None = None,
    by: Rules | None = None,
) -> dict[date, int]:
    stored = {key.encode(): msgspec.json.encode(one) for key, one in leads.items()}
    days = DayByDay(definition or model(), by or rules(), on_day(6), stored, msgspec.json.Decoder(Lead).decode)
    for key, scoring_model, value, at in events:
        days.add(key.encode(), ChangedScore("e", scoring_model, value, on_day(at)))
    return dict(days.result())


def test_a_lead_counts_once_on_the_day_of_its_decisive_score() -> None:
    leads = {"a": held(engagement=(90, 3), demographic=(60, 1)), "b": held(engagement=(75, 1), demographic=(55, 1))}
    events = [
        ("a", "engagement", 80, 0),
        ("b", "demographic", 55, 1),
        ("a", "demographic", 60, 1),
        ("b", "engagement", 75, 1),
        ("a", "engagement", 20, 2),
        ("a", "engagement", 90, 3),
    ]
    assert replayed(leads, *events) == {DAY + timedelta(days=1): 2}


def test_a_score_expires_and_a_grade_counts_on_the_day_of_the_event() -> None:
    criteria = (Criterion("engagement", 70, max_age=timedelta(days=1)), Criterion("fit", grades=("A",)))
    fresh = model(criteria=criteria)
    by = rules(scoring_models=["engagement", "fit"])
    stored = {b"a": msgspec.json.encode(held(engagement=(80, 0), fit=(1, 2)))}
    days = DayByDay(fresh, by, on_day(6), stored, msgspec.json.Decoder(Lead).decode)
    for scoring_model, at, grade in (
        ("engagement", 0, None),
        ("fit", 0.5, "B"),
        ("fit", 2, "A"),
        ("engagement", 3, "C"),
    ):
        days.add(b"a", ChangedScore("e", scoring_model, 80, on_day(at), grade))
    assert dict(days.result()) == {DAY + timedelta(days=3): 1}


def test_a_score_older_than_the_one_before_it_is_stale() -> None:
    leads = {"a": held(engagement=(60, 2))}
    events = [("a", "engagement", 60, 2), ("a", "engagement", 99, 1)]
    assert replayed(leads, *events, definition=model(criteria={"engagement": 70})) == {}


def test_a_score_whose_event_is_gone_was_always_there() -> None:
    leads = {"a": held(engagement=(80, 2), demographic=(60, -30))}
    assert replayed(leads, ("a", "engagement", 80, 2)) == {DAY + timedelta(days=2): 1}


def test_who_qualified_before_history_began_is_not_counted() -> None:
    leads = {"a": held(engagement=(80, -30), demographic=(60, 2))}
    any_of_them = model(match="any")
    assert replayed(leads, ("a", "demographic", 60, 2), definition=any_of_them) == {}


def test_a_closed_lead_counts_until_its_last_crm_update() -> None:
    closed = held(engagement=(80, 5))
    closed.status, closed.known, closed.changed_at = "qualified", True, on_day(3)
    only = model(criteria={"engagement": 70})
    assert replayed({"a": closed}, ("a", "engagement", 80, 2), definition=only) == {DAY + timedelta(days=2): 1}
    assert replayed({"a": closed}, ("a", "engagement", 80, 3), definition=only) == {}


def test_a_lead_that_was_merged_counts_until_then() -> None:
    merged = Lead(scores=held(engagement=(99, 3)).scores, merged_into="b", merged_at=on_day(2))
    before, after = ("a", "engagement", 80, 1), ("a", "engagement", 99, 3)
    only = model(criteria={"engagement": 70})
    assert replayed({"a": merged}, before, after, definition=only) == {DAY + timedelta(days=1): 1}
    assert replayed({"a": merged}, after, definition=only) == {}


def test_what_is_erased_or_of_another_scoring_model_is_left_out() -> None:
    leads = {"a": held(engagement=(80, 1))}
    only = model(criteria={"engagement": 70})
    assert replayed(leads, ("gone", "engagement", 80, 1), ("a", "intent", 99, 1), definition=only) == {}


def test_a_scoring_model_that_is_not_live_meets_nothing() -> None:
    leads = {"a": held(engagement=(80, 1))}
    assert (
        replayed(
            leads,
            ("a", "engagement", 80, 1),
            definition=model(criteria={"engagement": 70}),
            by=rules(scoring_models=["demographic"]),
        )
        == {}
    )


def test_scores_of_any_year_are_replayed() -> None:
    leads = {"a": held(engagement=(80, 1))}
    stored = {key.encode(): msgspec.json.encode(one) for key, one in leads.items()}
    days = DayByDay(model(criteria={"engagement": 70}), rules(), on_day(6), stored, msgspec.json.Decoder(Lead).decode)
    for year in (1, 9999):
        at = datetime.fromisoformat(
            f"{year:04}-12-31T23:59:59.999999-14:00" if year > 1 else "0001-01-01T00:00:00+14:00"
        )
        days.add(b"a", ChangedScore("e", "engagement", 80, at))
    assert days.events == 2
    assert sum(days.result().values()) == 1


def test_a_hold_ends_on_the_day_it_is_due() -> None:
    leads = {"stayed": held(engagement=(80, 1)), "fell": held(engagement=(10, 2)), "late": held(engagement=(80, 5))}
    events = [
        ("stayed", "engagement", 80, 1),
        ("fell", "engagement", 80, 1),
        ("fell", "engagement", 10, 2),
        ("late", "engagement", 80, 5),
    ]
    holding = model(criteria={"engagement": 70}, hold=timedelta(days=2))
    assert replayed(leads, *events, definition=holding) == {DAY + timedelta(days=3): 1}, "replayed until the sixth day"


def test_scores_that_cross_again_count_on_recross() -> None:
    leads = {"a": held(engagement=(80, 3))}
    events = [("a", "engagement", value, day) for day, value in enumerate((80, 60, 75, 90))]
    crossing = model(criteria={"engagement": 70}, policy="on_recross")
    assert replayed(leads, *events, definition=crossing) == {DAY: 1, DAY + timedelta(days=2): 1}
