"""What every service that follows leads makes of what it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.downstream.assignment.intake import Intake, decode_followed, encode_followed
from app.downstream.follow_up import processor as follow_up
from app.downstream.journeys import processor as journeys
from app.downstream.sequences import processor as sequences
from tests.unit.downstream.place import Place, changed, qualified

SERVICES: dict[str, Callable[[], Place]] = {
    "assignment": lambda: Place(lambda _: Intake(topic_prefix="", source="/x"), encode_followed, decode_followed),
    "follow-up": lambda: _place(follow_up, follow_up.FollowUpProcessor),
    "journeys": lambda: _place(journeys, journeys.JourneyProcessor),
    "sequences": lambda: _place(sequences, sequences.SequenceProcessor),
}


def _place(module: Any, processor: Any) -> Place:
    return Place(
        lambda current: processor(topic_prefix="", source="/x", current=current),
        module.encode_state,
        module.decode_state,
    )


@pytest.mark.parametrize("service", SERVICES)
def test_a_qualification_read_again_sets_no_flag_that_the_crm_reset_since(service: str) -> None:
    here = SERVICES[service]()
    here.send("lead-qualified", "L-1", qualified("L-1"))
    here.send("lead-changed", "L-1", changed("L-1", 1, status_reason="contacted", sales_ready=False))
    before = dict(here.entries)
    here.restart()
    here.send("lead-qualified", "L-1", qualified("L-1"))
    assert here.entries == before
    facts = here.decode_state(here.entries[b"L-1"]).facts
    assert (facts.status_reason, facts.sales_ready) == ("contacted", False)


@pytest.mark.parametrize("service", SERVICES)
def test_what_was_held_before_more_was_held_is_read(service: str) -> None:
    here = SERVICES[service]()
    here.entries[b"L-1"] = b'{"facts":{"status_reason":"marketing_qualified","sales_ready":true}}'
    here.send("lead-qualified", "L-1", qualified("L-1"))
    assert here.refused == []


def test_a_qualification_read_again_is_not_queued_again_for_assignment() -> None:
    here = SERVICES["assignment"]()
    for _ in range(2):
        here.send("lead-qualified", "L-1", qualified("L-1"))
    assert len(here.of("assignment-queue")) == 1
