"""However far a service reads changes ahead of qualifications: it comes to know what the worker knew, and no lead
enters too often.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.journeys.processor import JourneyProcessor, decode_state, encode_state
from lead_qualifier.messages.lead_qualified import lead_qualified
from lead_qualifier.qualification.criteria import Criterion
from lead_qualifier.qualification.flags import Actions, FlagChanges, FlagName
from lead_qualifier.qualification.leads import Lead, LeadChange, Qualification, Trigger, apply_change, mark
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import RuledModel
from tests.support.examples import examples
from tests.support.processor_harness import NOW, ProcessorHarness

MODEL = RuledModel(
    definition=QualificationModel(
        id="enterprise",
        name="enterprise",
        match="all",
        criteria=(Criterion("engagement", 70.0),),
        actions=Actions(marketing_qualified=True, sales_ready=True),
    ),
    version=1,
    live=True,
)
BECAME_READY: dict[str, Any] = {
    "id": "j",
    "trigger": {"changed": "sales_ready", "to": True},
    "reentry": {"policy": "always"},
}
_FLAGS = st.fixed_dictionaries(
    {},
    optional={
        "status_reason": st.sampled_from(["new", "contacted", "marketing_qualified"]),
        "sales_ready": st.booleans(),
    },
)
_HAPPENINGS = st.one_of(
    st.tuples(st.just("changed"), st.integers(-4, 1), _FLAGS, st.sampled_from([{}, {"owner_id": "U-1"}])),
    st.tuples(st.just("qualified"), st.integers(-6, 0), st.sampled_from(["both", "reason", "ready"])),
)
"""In the order in which the worker has them. How many minutes from the time at which it has it something occurred."""
_MADE_SO: dict[FlagName, Any] = {"status_reason": "marketing_qualified", "sales_ready": True}
_ACTIONS: dict[str, tuple[FlagName, ...]] = {
    "both": ("status_reason", "sales_ready"),
    "reason": ("status_reason",),
    "ready": ("sales_ready",),
}


class Worker:
    """What it knows, and what it tells."""

    def __init__(self) -> None:
        self.lead = Lead()
        self.became_ready = self.made_ready = self.changed_nothing = 0
        self.told: list[tuple[str, dict[str, Any]]] = []

    def happens(self, number: int, happening: tuple[Any, ...]) -> None:
        at = NOW + timedelta(minutes=number + happening[1], seconds=number)  # no two at the same time
        before = self.lead.sales_ready
        match happening:
            case "changed", _, flags, more:
                told = {"event_id": f"c-{number}", "lead_id": "L-1", "occurred_at": at.isoformat(), **flags, **more}
                self.told.append(("lead-changed", told))
                apply_change(self.lead, LeadChange(occurred_at=at, **flags, **more))
            case _, _, actions:
                changes: FlagChanges = {
                    flag: (getattr(self.lead, flag), _MADE_SO[flag])
                    for flag in _ACTIONS[actions]
                    if getattr(self.lead, flag) != _MADE_SO[flag]
                }
                if not changes and actions != "both":
                    return  # without changes only scores that crossed the criteria again are told
                self.made_ready += "sales_ready" in changes
                self.changed_nothing += not changes
                qualification = Qualification(model=MODEL, number=number + 1, criteria=(), changes=changes, at=at)
                trigger = Trigger(f"s-{number}", "lead-score-changed", 0, number)
                told = dict(lead_qualified("L-1", self.lead, qualification, origin="live", trigger=trigger))
                self.told.append(("lead-qualified", msgspec.json.decode(msgspec.json.encode(told))))
                mark(self.lead, qualification, trigger.event_id)
        self.became_ready += not before and self.lead.sales_ready


def new_harness() -> ProcessorHarness:
    return ProcessorHarness(
        lambda current: JourneyProcessor(topic_prefix="", source="/x", current=current),
        encode_state,
        decode_state,
        {"j": BECAME_READY},
    )


def entries_of(harness: ProcessorHarness) -> int:
    return len(harness.of("journey-entry-requested"))


def check(harness: ProcessorHarness, lead: Lead) -> None:
    """Is what it knows what the worker knows?"""
    assert harness.refused == []
    snapshot = decode_state(harness.entries[b"L-1"]).snapshot
    assert (snapshot.status_reason, snapshot.sales_ready) == (lead.status_reason, lead.sales_ready)
    assert snapshot.owner_id == lead.owner_id


@examples(500)
@given(st.lists(_HAPPENINGS, min_size=1, max_size=20), st.lists(st.booleans(), min_size=20, max_size=20))
def test_however_far_changes_are_read_ahead_the_same_is_known_in_the_end(
    happenings: list[tuple[Any, ...]], first: list[bool]
) -> None:
    worker, harness = Worker(), new_harness()
    for number, happening in enumerate(happenings):
        worker.happens(number, happening)
    unread = list(worker.told)
    for ahead in first:  # of changes, but never behind those that led to a qualification
        changes = [at for at, (topic, _) in enumerate(unread) if topic == "lead-changed"]
        if unread:
            topic, told = unread.pop(changes[0] if ahead and changes else 0)
            harness.send(topic, "L-1", told)
    if worker.told:
        check(harness, worker.lead)
    # a reset that is read before a qualification which overtook it, and changed nothing, looks like one that counts
    assert worker.made_ready <= entries_of(harness) <= worker.became_ready + worker.changed_nothing


@examples(200)
@given(st.lists(_HAPPENINGS, min_size=1, max_size=20))
def test_read_as_it_happened_a_lead_enters_each_time_that_it_became_so(happenings: list[tuple[Any, ...]]) -> None:
    worker, harness = Worker(), new_harness()
    for number, happening in enumerate(happenings):
        worker.happens(number, happening)
        for topic, told in worker.told[-1:]:
            harness.send(topic, "L-1", told)
            check(harness, worker.lead)
        assert entries_of(harness) == worker.became_ready
