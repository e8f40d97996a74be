"""What holds for every lead, whatever happens to it and in whichever order."""

import random
from collections import Counter
from datetime import datetime, timedelta, timezone

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.messages.decode import decode_score
from lead_qualifier.messages.lead_qualified import qualification_event_id
from lead_qualifier.qualification.criteria import AtLeast, Match, required
from lead_qualifier.qualification.decide import Outcome, decide
from lead_qualifier.qualification.evidence import evidence, in_audience
from lead_qualifier.qualification.leads import Lead, LeadChange, Qualification, Score, record_score
from lead_qualifier.qualification.rules import Rules
from tests.property.histories import (
    SCORING_MODELS,
    Event,
    Scored,
    copy_of,
    histories,
    matches,
    played,
    scored,
    snapshots,
)
from tests.unit.qualification.given import minute, model, rules


def flags(lead: Lead) -> tuple[str, bool]:
    return lead.status_reason, lead.sales_ready


@given(snapshots(), histories())
def test_no_closed_lead_is_ever_marked(first: Rules, history: list[Event]) -> None:
    for step in played(first, history):
        closed = step.before.status != "open" or step.before.status_reason == "qualified"
        if closed and not isinstance(step.event, LeadChange):
            assert not isinstance(step.decision, Qualification)
            assert flags(step.after) == flags(step.before)
            assert step.after.marks == step.before.marks


@given(snapshots(), histories(), st.lists(scored, max_size=30))
def test_once_marked_a_lead_stays_marked_however_its_scores_fall(
    first: Rules, history: list[Event], falling: list[Event]
) -> None:
    steps = played(first, history)
    for step in steps:
        if isinstance(step.event, LeadChange):
            continue
        assert step.before.marks.keys() <= step.after.marks.keys()
        assert step.before.sales_ready <= step.after.sales_ready
        if step.before.status_reason == "marketing_qualified":
            assert step.after.status_reason == "marketing_qualified"
    if steps:
        lead = copy_of(steps[-1].after)
        standing = {name for name, one in lead.marks.items() if not one.cleared}
        last = played(first, falling, start=lead)
        assert all(not step.after.marks[name].cleared for step in last for name in standing)


@given(st.lists(scored, max_size=12, unique_by=lambda event: (event.scoring_model, event.at)), st.randoms())
def test_order_within_a_lead_is_only_by_time(events: list[Scored], shuffling: random.Random) -> None:
    in_order, shuffled = Lead(), Lead()
    for event in sorted(events, key=lambda event: event.at):
        assert record_score(in_order, event.scoring_model, event.value, minute(event.at))
    shuffling.shuffle(events)
    for event in events:
        record_score(shuffled, event.scoring_model, event.value, minute(event.at))
    assert shuffled == in_order


@given(
    st.lists(st.tuples(scored, st.integers(-12, 14)), min_size=1, max_size=12),
)
def test_the_zone_in_which_a_time_is_told_does_not_matter(events: list[tuple[Scored, int]]) -> None:
    in_utc, elsewhere = Lead(), Lead()
    for event, hours in events:
        at = minute(event.at)
        zoned = at.astimezone(timezone(timedelta(hours=hours)))
        told = {"event_id": "e", "lead_id": "L", "scoring_model_id": event.scoring_model, "score": event.value}
        read = decode_score(b"L", msgspec.json.encode(told | {"occurred_at": zoned.isoformat()}))
        fresh = record_score(in_utc, event.scoring_model, event.value, at)
        assert record_score(elsewhere, read.scoring_model_id, read.score, read.occurred_at) is fresh
    assert msgspec.json.encode(in_utc) == msgspec.json.encode(elsewhere)


@given(snapshots(), histories())
def test_a_model_qualifies_a_lead_once_unless_its_policy_allows_more(first: Rules, history: list[Event]) -> None:
    reopened: dict[str, bool] = {}
    last: dict[str, datetime] = {}
    counted: Counter[str] = Counter()
    for step in played(first, history):
        if step.by is None or not isinstance(step.decision, Qualification):
            for name, one in step.after.marks.items():
                reopened[name] = one.cleared
            continue
        name, requalification = step.by.id, step.by.definition.requalification
        at = step.decision.at
        if counted[name]:
            assert requalification.policy == "when_reset"
            assert reopened[name]
            if requalification.cool_down:
                assert at - last[name] >= requalification.cool_down
        counted[name] += 1
        assert step.decision.number == counted[name]
        reopened[name], last[name] = False, at


@given(snapshots(), histories())
def test_only_a_reset_or_a_reopening_by_the_crm_clears_marks(first: Rules, history: list[Event]) -> None:
    for step in played(first, history):
        cleared = {name for name, one in step.after.marks.items() if one.cleared}
        if cleared - {name for name, one in step.before.marks.items() if one.cleared}:
            assert isinstance(step.event, LeadChange)
            left = step.before.status_reason == "marketing_qualified" != step.after.status_reason
            lowered = step.before.sales_ready and not step.after.sales_ready
            reopened = step.before.status != "open" and step.after.status == "open"
            assert left or lowered or reopened
            assert step.before.qualified_at is None or step.event.occurred_at >= step.before.qualified_at
            assert cleared == step.after.marks.keys()


@given(snapshots(), histories())
def test_what_qualifies_is_what_its_evidence_says(first: Rules, history: list[Event]) -> None:
    for step in played(first, history):
        if isinstance(step.decision, Qualification):
            definition = step.decision.model.definition
            assert [one.scoring_model_id for one in step.decision.criteria] == [
                one.scoring_model for one in definition.criteria
            ]
            met = sum(one.met for one in step.decision.criteria)
            assert met >= required(definition.match, len(definition.criteria)) or step.origin == "fast_track"
            for one in step.decision.criteria:
                held = step.before.scores.get(one.scoring_model_id)
                assert (one.score, one.scored_at) == ((held.value, held.at) if held else (None, None))


@given(snapshots(), histories())
def test_a_qualification_always_changes_the_lead_and_names_exactly_what_changed(
    first: Rules, history: list[Event]
) -> None:
    for step in played(first, history):
        if isinstance(step.decision, Qualification):
            assert step.decision.changes
            differing = {
                name
                for name in ("status_reason", "sales_ready")
                if getattr(step.before, name) != getattr(step.after, name)
            }
            assert step.decision.changes.keys() == differing
            for name, (former, new) in step.decision.changes.items():
                assert (former, new) == (getattr(step.before, name), getattr(step.after, name))
            assert step.after.status == step.before.status


@given(snapshots(), histories())
def test_the_same_event_again_does_not_qualify_again(first: Rules, history: list[Event]) -> None:
    for step in played(first, history):
        if isinstance(step.decision, Qualification) and step.by is not None and step.at is not None:
            everything_live = rules(step.by.definition, scoring_models=SCORING_MODELS)
            again = decide(step.after, step.by, everything_live, step.at, fast_track=step.origin == "fast_track")
            stays = in_audience(step.by, step.after)  # or has the qualification taken it out?
            assert again is (Outcome.ALREADY_QUALIFIED if stays else Outcome.NOT_IN_AUDIENCE)


@given(snapshots(), histories())
def test_a_lead_survives_its_json_at_any_time(first: Rules, history: list[Event]) -> None:
    for step in played(first, history):
        assert msgspec.json.decode(msgspec.json.encode(step.after), type=Lead) == step.after


# Monotone in scores


def met(match: Match, criteria: dict[str, float], scores: dict[str, float]) -> bool:
    current = rules(model("m", match=match, criteria=criteria), scoring_models=SCORING_MODELS)
    lead = Lead(scores={name: Score(value, minute(0)) for name, value in scores.items()})
    return isinstance(decide(lead, current.models["m"], current, minute(1)), Qualification)


finite = st.floats(allow_nan=False, allow_infinity=False)
thresholds = st.dictionaries(st.sampled_from(SCORING_MODELS), finite, min_size=1)
held = st.dictionaries(st.sampled_from(SCORING_MODELS), finite)


@given(st.data(), thresholds, held, held)
def test_higher_or_more_scores_never_take_a_qualification_away(
    data: st.DataObject, criteria: dict[str, float], scores: dict[str, float], others: dict[str, float]
) -> None:
    match = data.draw(matches(len(criteria)))
    higher = dict(scores)
    for name, value in others.items():
        higher[name] = max(value, scores.get(name, value))
    assert met(match, criteria, scores) <= met(match, criteria, higher)


@given(thresholds, held)
def test_asking_for_fewer_criteria_never_takes_a_qualification_away(
    criteria: dict[str, float], scores: dict[str, float]
) -> None:
    strictness: list[Match] = ["all", *(AtLeast(k) for k in range(len(criteria), 0, -1)), "any"]
    outcomes = [met(match, criteria, scores) for match in strictness]
    assert outcomes == sorted(outcomes)
    assert outcomes[0] == outcomes[1]
    assert outcomes[-1] == outcomes[-2]


@given(thresholds, held, st.data())
def test_as_many_as_reach_their_threshold_are_met(
    criteria: dict[str, float], scores: dict[str, float], data: st.DataObject
) -> None:
    match = data.draw(matches(len(criteria)))
    reached = sum(name in scores and scores[name] >= threshold for name, threshold in criteria.items())
    assert met(match, criteria, scores) is (reached >= required(match, len(criteria)))
    current = rules(model("m", match=match, criteria=criteria), scoring_models=SCORING_MODELS)
    lead = Lead(scores={name: Score(value, minute(0)) for name, value in scores.items()})
    assert sum(one.met for one in evidence(lead, current.models["m"], current, minute(1))) == reached


# Event ids

parts = st.tuples(st.text(), st.text(), st.integers(1, 30), st.integers(1, 30), st.text())


@given(parts, parts)
def test_two_qualifications_never_share_an_event_id(
    one: tuple[str, str, int, int, str], other: tuple[str, str, int, int, str]
) -> None:
    assert (qualification_event_id(*one) == qualification_event_id(*other)) is (one == other)
