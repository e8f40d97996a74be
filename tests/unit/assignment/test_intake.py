"""What of a lead comes into assignment's queue."""

from __future__ import annotations

import pytest

from lead_qualifier.assignment.intake import LeadIntake, decode_followed, encode_followed, is_gone
from tests.support.processor_harness import NOW, ProcessorHarness, changed, qualified


@pytest.fixture
def harness() -> ProcessorHarness:
    return ProcessorHarness(lambda _current: LeadIntake(topic_prefix="", source="/x"), encode_followed, decode_followed)


def queued(harness: ProcessorHarness) -> list[str]:
    return [event["type"] for event in harness.of("assignment-queue")]


def test_a_lead_is_queued_from_its_qualification_on(harness: ProcessorHarness) -> None:
    harness.send("lead-changed", "L-1", changed("L-1", owner_id="U-1", attributes={"country": "DE"}))
    assert queued(harness) == []
    harness.send("lead-qualified", "L-1", qualified("L-1", 1))
    harness.send("lead-changed", "L-1", changed("L-1", 2, attributes={"country": "AT"}))
    harness.send("lead-changed", "L-1", changed("L-1", 3, owner_id="U-2"))
    harness.send("lead-changed", "L-1", changed("L-1", 3, owner_id="U-2"))  # nothing new
    harness.send("lead-changed", "L-1", changed("L-1", 1, owner_id="U-3"))  # stale
    first, country, owner = harness.of("assignment-queue")
    assert (first["type"], first["model_id"], first["own"]["owner_id"]) == ("qualified", "enterprise", "U-1")
    assert (first["attributes"], first["cause"]["trigger"]["topic"]) == ({"country": "DE"}, "lead-qualified")
    assert (country["type"], country["owner_changed"], country["attributes"]) == ("changed", False, {"country": "AT"})
    assert (owner["owner_changed"], owner["own"]["owner_id"]) == (True, "U-2")


@pytest.mark.parametrize("how", ["closed", "merged", "erased"])
def test_a_lead_that_is_closed_merged_or_erased_leaves_once(harness: ProcessorHarness, how: str) -> None:
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    for minutes in (1, 2):
        match how:
            case "closed":
                harness.send(
                    "lead-changed", "L-1", changed("L-1", minutes, status="disqualified", owner_id=f"U-{minutes}")
                )
            case "merged":
                merge = {"event_id": "m", "lead_id": "L-1", "survivor_id": "L-2", "occurred_at": NOW.isoformat()}
                harness.send("lead-merged", "L-1", merge)
            case _:
                harness.send("lead-changed", "L-1", None)
    assert queued(harness) == ["qualified", "closed"]
    assert (harness.held == set()) is (how == "erased")


def test_a_closed_lead_that_qualifies_is_not_for_sales(harness: ProcessorHarness) -> None:
    harness.send("lead-changed", "L-1", changed("L-1", status="disqualified"))
    harness.send("lead-qualified", "L-1", qualified("L-1", 1))
    assert queued(harness) == []


def test_erasing_an_unreadable_lead_closes_it_too(harness: ProcessorHarness) -> None:
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.entries[b"L-1"] = b"{"
    harness.send("lead-changed", "L-1", None)
    assert not harness.refused
    assert queued(harness) == ["qualified", "closed"]
    assert is_gone(decode_followed(harness.entries[b"L-1"]))
