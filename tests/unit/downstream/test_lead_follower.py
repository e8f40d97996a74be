"""What every service that follows leads makes of what it reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from lead_qualifier.assignment.intake import LeadIntake, decode_followed, encode_followed
from lead_qualifier.downstream.lead_follower import LeadFollower
from lead_qualifier.engine import Record
from lead_qualifier.follow_up import processor as follow_up
from lead_qualifier.journeys import processor as journeys
from lead_qualifier.sequences import processor as sequences
from tests.support.messages import encode
from tests.support.processor_harness import NOW, ProcessorHarness, changed, qualified
from tests.support.sequence_harness import mail, sequence

SERVICES: dict[str, Callable[[], ProcessorHarness]] = {
    "assignment": lambda: ProcessorHarness(
        lambda _: LeadIntake(topic_prefix="", source="/x"), encode_followed, decode_followed
    ),
    "follow-up": lambda: _harness(follow_up, follow_up.FollowUpProcessor),
    "journeys": lambda: _harness(journeys, journeys.JourneyProcessor),
    "sequences": lambda: _harness(sequences, sequences.SequenceProcessor),
}


def _harness(module: Any, processor: Any) -> ProcessorHarness:
    return ProcessorHarness(
        lambda current: processor(topic_prefix="", source="/x", current=current),
        module.encode_state,
        module.decode_state,
    )


ACTING: dict[str, dict[str, Any]] = {
    "assignment": {"id": "x"},
    "follow-up": {"id": "x", "stages": [{"on": "lead-qualified", "within": "1h"}]},
    "journeys": {"id": "x", "trigger": {"event": "lead-qualified"}},
    "sequences": sequence("x", mail("a"), connect={"on": "lead-qualified"}),
}
"""By each of these something follows from a qualification."""


def acting(service: str) -> ProcessorHarness:
    harness = SERVICES[service]()
    harness.publish(ACTING[service])
    return harness


def topics_of(harness: ProcessorHarness) -> list[str]:
    assert isinstance(harness.processor, LeadFollower)
    return [topic.name for topic in harness.processor.inputs]


@pytest.mark.parametrize("service", SERVICES)
def test_a_qualification_read_again_sets_no_flag_that_the_crm_reset_since(service: str) -> None:
    harness = SERVICES[service]()
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.send("lead-changed", "L-1", changed("L-1", 1, status_reason="contacted", sales_ready=False))
    before = dict(harness.entries)
    harness.restart()
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    assert harness.entries == before
    facts = harness.decode_state(harness.entries[b"L-1"]).snapshot
    assert (facts.status_reason, facts.sales_ready) == ("contacted", False)


@pytest.mark.parametrize("service", SERVICES)
def test_what_was_held_before_more_was_held_is_read(service: str) -> None:
    harness = SERVICES[service]()
    harness.entries[b"L-1"] = b'{"facts":{"status_reason":"marketing_qualified","sales_ready":true}}'
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    assert harness.refused == []


def _assigned(**fields: Any) -> dict[str, Any]:
    owner = {"kind": "seller", "id": "S-1"}
    return {"event_id": "a-1", "lead_id": "L-1", "occurred_at": NOW.isoformat(), "owner": owner, **fields}


@pytest.mark.parametrize("known", [{"lead_changed_offset": 1}, {"lead_changed_offset": 0}, {}], ids=str)
@pytest.mark.parametrize("service", SERVICES)
def test_nothing_of_an_erased_lead_comes_back_with_what_was_on_its_way(service: str, known: dict[str, int]) -> None:
    harness = acting(service)
    harness.send("lead-changed", "L-1", changed("L-1", contact_id="C-1"))
    late = Record("lead-qualified", 0, 0, 0, b"L-1", encode(qualified("L-1") | {"contact_id": "C-1"} | known), [])
    harness.send("lead-changed", "L-1", None)
    harness.restart()
    harness.take(late)
    if "lead-assigned" in topics_of(harness):
        harness.take(Record("lead-assigned", 0, 0, 0, b"L-1", encode(_assigned(**known)), []))
    merge = {"event_id": "m", "lead_id": "L-1", "survivor_id": "L-2", "occurred_at": NOW.isoformat()}
    assert (harness.held, harness.emitted, harness.refused) == (set(), [], [])
    harness.send("lead-merged", "L-1", merge)
    harness.restart()
    harness.wait(timedelta(days=7))
    assert (harness.entries, harness.emitted) == ({}, [])


@pytest.mark.parametrize("service", SERVICES)
def test_a_lead_that_qualifies_after_its_erasure_begins_afresh(service: str) -> None:
    harness = acting(service)
    harness.send("lead-changed", "L-1", changed("L-1", contact_id="C-1", attributes={"country": "DE"}))
    harness.send("lead-changed", "L-1", None)
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    assert harness.held == {b"L-1"}
    harness.wait(timedelta(days=8))
    facts = harness.decode_state(harness.entries[b"L-1"]).snapshot
    assert (facts.contact_id, facts.attributes, facts.erased) == (None, {}, None)
    assert harness.emitted


@pytest.mark.parametrize("service", SERVICES)
def test_an_erasure_in_a_topic_that_was_created_anew_since_holds_nothing_up(service: str) -> None:
    harness = acting(service)
    harness.offset = 1_000
    harness.send("lead-changed", "L-1", None)
    harness.offset = 0
    harness.send("lead-changed", "L-1", changed("L-1", contact_id="C-1"))
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    assert harness.decode_state(harness.entries[b"L-1"]).snapshot.qualified_at is not None


def test_a_qualification_read_again_is_not_queued_again_for_assignment() -> None:
    harness = SERVICES["assignment"]()
    for _ in range(2):
        harness.send("lead-qualified", "L-1", qualified("L-1"))
    assert len(harness.of("assignment-queue")) == 1
