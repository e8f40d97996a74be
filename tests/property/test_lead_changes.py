"""What holds for every change of a lead, whichever audiences and fast tracks there are."""

from __future__ import annotations

from hypothesis import given

from lead_qualifier.qualification.conditions import holds, values_of
from lead_qualifier.qualification.evidence import in_audience
from lead_qualifier.qualification.leads import LeadChange, Qualification
from lead_qualifier.qualification.rules import Rules
from tests.property.histories import Event, Step, histories, played, snapshots
from tests.support.examples import examples


def by_hand(step: Step) -> bool:
    """Did this change take a flag back, or reopen the lead?"""
    before, after = step.before, step.after
    return (
        (before.status_reason == "marketing_qualified" != after.status_reason)
        or (before.sales_ready and not after.sales_ready)
        or (before.status != "open" == after.status)
    )


def changes_with_decisions(steps: list[Step]) -> list[tuple[Step, list[Step]]]:
    """Each change as it was applied, with the decisions that it led to."""
    found: list[tuple[Step, list[Step]]] = []
    for step in steps:
        if isinstance(step.event, LeadChange):
            if step.by is None:
                found.append((step, []))
            elif not step.held:
                found[-1][1].append(step)
    return found


@given(snapshots(rich=True), histories(rich=True))
@examples(200)
def test_a_reset_by_hand_is_never_undone_by_the_same_record(first: Rules, history: list[Event]) -> None:
    for change, decisions in changes_with_decisions(played(first, history)):
        if by_hand(change):
            assert decisions == []


@given(snapshots(rich=True), histories(rich=True))
@examples(200)
def test_a_change_evaluates_each_live_model_at_most_once_in_their_order_and_for_a_reason(
    first: Rules, history: list[Event]
) -> None:
    for change, decisions in changes_with_decisions(played(first, history)):
        ids = [step.by.id for step in decisions if step.by is not None]
        assert ids == sorted(set(ids))
        for step in decisions:
            model = step.by
            assert model is not None
            assert model.live
            before, after = values_of(change.before), values_of(change.after)
            raised = model.fast_track is not None and (holds(model.fast_track, before), holds(model.fast_track, after))
            came_in = (in_audience(model, change.before), in_audience(model, change.after)) == (False, True)
            assert (step.origin == "fast_track") == (raised == (False, True))
            assert came_in or step.origin == "fast_track"


@given(snapshots(rich=True), histories(rich=True))
@examples(200)
def test_nobody_outside_an_audience_qualifies_or_begins_to_wait(first: Rules, history: list[Event]) -> None:
    for step in played(first, history):
        if step.by is not None and not in_audience(step.by, step.before):
            assert not isinstance(step.decision, Qualification)
            assert step.after.holds.keys() <= step.before.holds.keys()


@given(snapshots(rich=True), histories(rich=True))
@examples(200)
def test_the_same_change_again_evaluates_nothing(first: Rules, history: list[Event]) -> None:
    twice = [event for event in history for _ in range(2 if isinstance(event, LeadChange) else 1)]
    before: Event | None = None
    for change, decisions in changes_with_decisions(played(first, twice)):
        if change.event is before:
            assert decisions == []
        before = change.event
