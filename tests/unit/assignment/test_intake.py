"""What of a lead comes into assignment's queue."""

from __future__ import annotations

import pytest

from lead_qualifier.assignment.intake import LeadIntake, decode_followed, encode_followed, is_gone
from tests.unit.downstream.place import NOW, Place, changed, qualified


@pytest.fixture
def here() -> Place:
    return Place(lambda _current: LeadIntake(topic_prefix="", source="/x"), encode_followed, decode_followed)


def queued(here: Place) -> list[str]:
    return [event["type"] for event in here.of("assignment-queue")]


def test_a_lead_comes_in_once_it_qualifies_and_what_happens_to_it_after_that(here: Place) -> None:
    here.send("lead-changed", "L-1", changed("L-1", owner_id="U-1", attributes={"country": "DE"}))
    assert queued(here) == []
    here.send("lead-qualified", "L-1", qualified("L-1", 1))
    here.send("lead-changed", "L-1", changed("L-1", 2, attributes={"country": "AT"}))
    here.send("lead-changed", "L-1", changed("L-1", 3, owner_id="U-2"))
    here.send("lead-changed", "L-1", changed("L-1", 3, owner_id="U-2"))  # nothing new
    here.send("lead-changed", "L-1", changed("L-1", 1, owner_id="U-3"))  # stale
    first, country, owner = here.of("assignment-queue")
    assert (first["type"], first["model_id"], first["own"]["owner_id"]) == ("qualified", "enterprise", "U-1")
    assert (first["attributes"], first["cause"]["trigger"]["topic"]) == ({"country": "DE"}, "lead-qualified")
    assert (country["type"], country["owner_changed"], country["attributes"]) == ("changed", False, {"country": "AT"})
    assert (owner["owner_changed"], owner["own"]["owner_id"]) == (True, "U-2")


@pytest.mark.parametrize("how", ["closed", "merged", "erased"])
def test_a_lead_that_is_closed_merged_or_erased_leaves_once(here: Place, how: str) -> None:
    here.send("lead-qualified", "L-1", qualified("L-1"))
    for minutes in (1, 2):
        match how:
            case "closed":
                here.send(
                    "lead-changed", "L-1", changed("L-1", minutes, status="disqualified", owner_id=f"U-{minutes}")
                )
            case "merged":
                merge = {"event_id": "m", "lead_id": "L-1", "survivor_id": "L-2", "occurred_at": NOW.isoformat()}
                here.send("lead-merged", "L-1", merge)
            case _:
                here.send("lead-changed", "L-1", None)
    assert queued(here) == ["qualified", "closed"]
    assert (here.held == set()) is (how == "erased")


def test_a_closed_lead_that_qualifies_is_not_for_sales(here: Place) -> None:
    here.send("lead-changed", "L-1", changed("L-1", status="disqualified"))
    here.send("lead-qualified", "L-1", qualified("L-1", 1))
    assert queued(here) == []


def test_erasing_a_lead_of_which_nothing_can_be_read_takes_it_out_of_the_queue_too(here: Place) -> None:
    here.send("lead-qualified", "L-1", qualified("L-1"))
    here.entries[b"L-1"] = b"{"
    here.send("lead-changed", "L-1", None)
    assert not here.refused
    assert queued(here) == ["qualified", "closed"]
    assert is_gone(decode_followed(here.entries[b"L-1"]))
