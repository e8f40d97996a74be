"""Merging leads, rule by rule; tests/property/test_merging.py says what holds in any order."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta, timezone
from typing import Any

import pytest

from lead_qualifier.qualification import merging
from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.leads import Lead, Mark, Score, record_score
from lead_qualifier.qualification.merging import LeadTransfer
from tests.unit.qualification.given import Desk, minute, model, rules


def given(**scores: float) -> Lead:
    """A lead with scores of minute 0."""
    lead = Lead()
    for name, value in scores.items():
        record_score(lead, name, value, minute(0))
    return lead


def from_loser(**what: Any) -> LeadTransfer:
    return LeadTransfer(event_id="m-1", loser_id="loser", **what)


@pytest.mark.parametrize("status", ["open", "qualified", "disqualified"])
def test_a_merged_lead_is_not_open_whatever_its_status_says(status: str) -> None:
    desk = Desk(rules(model()))
    assert merging.merge(desk.lead, "survivor", minute(1))
    desk.change(2, status=status, status_reason="new")
    assert set(desk.scores(3, engagement=99, demographic=99).values()) == {Outcome.LEAD_NOT_OPEN}
    assert set(desk.sweep(4).values()) == {Outcome.LEAD_NOT_OPEN}
    assert desk.qualifications == []


def test_an_older_merge_than_the_one_held_changes_nothing() -> None:
    lead = Lead()
    assert merging.merge(lead, "first", minute(5))
    assert not merging.merge(lead, "earlier", minute(4))
    assert (lead.merged_into, lead.merged_at) == ("first", minute(5))
    elsewhere = minute(5).astimezone(timezone(timedelta(hours=2)))
    assert merging.merge(lead, "of equal time", elsewhere)
    assert lead.merged_into == "of equal time"


def test_scores_and_marks_go_over_and_flags_do_not() -> None:
    desk = Desk(rules(model()))
    desk.change(0, status="open", owner_id="U-1")
    desk.scores(1, engagement=80, demographic=60)
    assert desk.lead.sales_ready
    handover = merging.all_of(desk.lead, "loser", "m-1", 7)
    assert handover is not None
    survivor = given(intent=5)
    merging.take_over(survivor, handover)
    assert survivor == Lead(
        scores=desk.lead.scores | {"intent": Score(5, minute(0))},
        marks=desk.lead.marks,
    )


def test_what_is_handed_over_is_as_it_was_then() -> None:
    lead = given(engagement=1)
    handover = merging.all_of(lead, "loser", "m-1", 7)
    record_score(lead, "engagement", 2, minute(1))
    assert handover is not None
    assert handover.scores["engagement"].value == 1
    assert merging.score_of(lead, "loser", "engagement", "e-2", 8) == LeadTransfer(
        event_id="e-2", loser_id="loser", scores={"engagement": Score(2, minute(1))}, begun_ms=8
    )


def test_a_lead_of_which_nothing_is_held_has_nothing_to_hand_over() -> None:
    assert merging.all_of(Lead(known=True), "loser", "m-1", 7) is None


@pytest.mark.parametrize(("at", "value"), [(-1, 10), (0, 10), (1, 90)])
def test_of_two_scores_the_newer_counts_and_of_equal_time_the_survivor_s_own(at: int, value: float) -> None:
    survivor = given(engagement=10)
    merging.take_over(survivor, from_loser(scores={"engagement": Score(90, minute(at))}))
    assert survivor.scores["engagement"].value == value


@pytest.mark.parametrize(
    ("own", "theirs", "cleared"), [(True, True, True), (True, False, False), (False, True, False), (None, True, True)]
)
def test_a_mark_blocks_the_survivor_if_it_blocked_either(own: bool | None, theirs: bool, cleared: bool) -> None:
    survivor = Lead() if own is None else Lead(marks={"m": Mark(1, 1, minute(0), "e", own)})
    merging.take_over(survivor, from_loser(marks={"m": Mark(1, 1, minute(1), "f", theirs)}))
    assert survivor.marks["m"].cleared is cleared


@pytest.mark.parametrize(("own", "theirs", "dropped"), [(True, True, True), (True, False, False), (False, True, False)])
def test_scores_fell_below_a_mark_only_if_they_did_for_both(own: bool, theirs: bool, dropped: bool) -> None:
    survivor = Lead(marks={"m": Mark(1, 1, minute(0), "e", dropped=own)})
    merging.take_over(survivor, from_loser(marks={"m": Mark(1, 1, minute(1), "f", dropped=theirs)}))
    assert survivor.marks["m"].dropped is dropped


def test_numbers_go_on_from_the_higher_and_the_newer_mark_tells_who_decided() -> None:
    survivor = Lead(marks={"m": Mark(2, 5, minute(0), "older")})
    merging.take_over(survivor, from_loser(marks={"m": Mark(3, 1, minute(9), "newer")}))
    assert survivor.marks["m"] == Mark(3, 5, minute(9), "newer")


def test_a_survivor_marked_by_the_loser_does_not_qualify_again_until_the_crm_resets_it() -> None:
    desk = Desk(rules(model()))
    desk.change(0, status="open", sales_ready=True)
    merging.take_over(
        desk.lead,
        from_loser(
            scores={"engagement": Score(99, minute(1)), "demographic": Score(99, minute(1))},
            marks={"enterprise": Mark(1, 1, minute(1), "e")},
        ),
    )
    assert desk.score("engagement", 98, 2) == {"enterprise": Outcome.ALREADY_QUALIFIED}
    desk.change(3, sales_ready=False)
    assert desk.score("engagement", 97, 4) == {"enterprise": Outcome.QUALIFIED}
    assert desk.qualifications[0].number == 2


def test_a_hand_over_qualifies_nobody_by_itself() -> None:
    survivor = given(engagement=99)
    before = survivor.marks.copy()
    merging.take_over(survivor, from_loser(scores={"demographic": Score(99, minute(1))}))
    assert survivor.marks == before
    assert not survivor.sales_ready


def test_a_survivor_that_is_merged_itself_passes_on_what_it_gets() -> None:
    middle = Lead()
    assert merging.passed_on(middle, "middle", from_loser()) is None
    merging.merge(middle, "last", minute(0))
    assert merging.passed_on(middle, "middle", from_loser(via=("other",))) == from_loser(via=("other", "middle"))


@pytest.mark.parametrize("following", ["loser", "other", "middle"])
def test_a_way_that_would_be_a_circle_ends(following: str) -> None:
    middle = Lead()
    merging.merge(middle, following, minute(0))
    assert merging.passed_on(middle, "middle", from_loser(via=("other",))) is None


def test_an_erased_lead_holds_nothing_but_that_until_it_is_forgotten() -> None:
    lead = merging.erased(given(engagement=9), 7, at_ms=100, until_ms=900)
    assert merging.is_erased(lead)
    assert merging.holds_nothing(lead)
    assert (merging.is_of_before(lead, 100), merging.is_of_before(lead, 101)) == (True, False)
    assert merging.remembered_until(lead) == [900]
    assert not merging.forget(deepcopy(lead))
    record_score(lead, "engagement", 50, minute(1))
    assert not merging.holds_nothing(lead), "a score after it starts afresh"
    assert merging.forget(lead)
    assert lead.scores["engagement"].value == 50
    assert not merging.is_erased(lead)


@pytest.mark.parametrize("lead", [Lead(known=True), given(engagement=1), Lead(merged_into="x")])
def test_a_lead_of_which_something_is_held_is_not_nothing(lead: Lead) -> None:
    assert not merging.holds_nothing(lead)
    assert not merging.is_erased(lead)
