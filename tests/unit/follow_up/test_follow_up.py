"""Whether somebody acted on a lead in time: what begins the time, what ends it, and what is told when it is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lead_qualifier.follow_up.kind import KIND
from lead_qualifier.follow_up.processor import FollowUpProcessor, decode_state, encode_state
from tests.support.problems import in_english
from tests.support.processor_harness import NOW, ProcessorHarness, changed, qualified
from tools.schemas.examples import examples_of

OVERDUE = "lead-follow-up-overdue"
ONE_HOUR: dict[str, Any] = {"id": "f", "stages": [{"on": "lead-qualified", "within": "1h"}]}
BOTH: dict[str, Any] = {
    "id": "f",
    "stages": [{"on": "lead-qualified", "within": "1h"}, {"on": "lead-assigned", "within": "2h"}],
}


def new_harness(*definitions: dict[str, Any]) -> ProcessorHarness:
    for definition in definitions:
        assert KIND.problems_of(definition, {}) == []
    return ProcessorHarness(
        lambda current: FollowUpProcessor(topic_prefix="", source="/x", current=current),
        encode_state,
        decode_state,
        {one["id"]: one for one in definitions},
    )


def assigned(lead_id: str, owner: str | None = "S-1", number: int = 1) -> dict[str, Any]:
    message = {"event_id": f"a-{lead_id}-{number}", "lead_id": lead_id, "occurred_at": NOW.isoformat()}
    return message if owner is None else {**message, "owner": {"kind": "seller", "id": owner}}


def act(topic: str, harness: ProcessorHarness) -> None:
    about = {"event_id": "x", "lead_id": "L-1", "occurred_at": (NOW + timedelta(minutes=5)).isoformat()}
    match topic:
        case "lead-sales-response":
            harness.send(topic, "L-1", {**about, "response": "accepted"})
        case "activity-completed":
            harness.send(topic, "L-1", {**about, "kind": "phone_call"})
        case "lead-merged":
            harness.send(topic, "L-1", {**about, "survivor_id": "L-2"})
        case "contacted":
            harness.send("lead-changed", "L-1", changed("L-1", 5, status_reason="contacted"))
        case "closed":
            harness.send("lead-changed", "L-1", changed("L-1", 5, status="disqualified", status_reason="lost"))
        case "erased":
            harness.send("lead-changed", "L-1", None)


def told(harness: ProcessorHarness) -> list[tuple[str, str, int]]:
    return [(one["lead_id"], one["stage"], one["overdue_number"]) for one in harness.of(OVERDUE)]


def test_nobody_acted_in_time_and_it_is_told_once_with_whom_and_since_when() -> None:
    harness = new_harness(ONE_HOUR)
    harness.send("lead-changed", "L-1", changed("L-1", -1, owner_id="U-4", contact_id="C-1"))
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.wait(timedelta(minutes=59))
    assert not harness.emitted
    harness.restart()
    harness.wait(timedelta(days=3))
    [event] = harness.of(OVERDUE)
    assert (event["owner_id"], event["contact_id"], event["follow_up_version"]) == ("U-4", "C-1", 1)
    assert (event["since"], event["due_at"]) == ("2026-11-25T09:00:00Z", "2026-11-25T10:00:00Z")
    assert event["trigger"]["event_id"] == "q-L-1-enterprise-1"
    assert harness.counts == {("follow-up", "f", "begun"): 1, ("follow-up", "f", "overdue"): 1}


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        ("lead-sales-response", "acted"),
        ("activity-completed", "acted"),
        ("contacted", "acted"),
        ("closed", "closed"),
        ("lead-merged", "closed"),
    ],
)
def test_whoever_acts_and_whatever_closes_the_lead_ends_the_time(what: str, outcome: str) -> None:
    harness = new_harness(ONE_HOUR)
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    act(what, harness)
    harness.wait(timedelta(days=3))
    assert not harness.emitted
    assert harness.counts["follow-up", "f", outcome] == 1


def test_an_erased_lead_leaves_nothing() -> None:
    harness = new_harness(ONE_HOUR)
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    act("erased", harness)
    assert harness.held == set()
    harness.wait(timedelta(days=3))
    assert not harness.emitted


def test_an_automatic_reply_is_no_act_of_sales() -> None:
    harness = new_harness(ONE_HOUR)
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    about = {"event_id": "x", "lead_id": "L-1", "occurred_at": (NOW + timedelta(minutes=5)).isoformat()}
    harness.send("activity-completed", "L-1", {**about, "kind": "reply", "direction": "incoming", "automatic": True})
    harness.wait(timedelta(hours=2))
    assert told(harness) == [("L-1", "lead-qualified", 1)]


def test_an_automated_mail_and_an_owner_named_by_the_crm_are_nobodys_act() -> None:
    harness = new_harness(ONE_HOUR)
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    mail = {"event_id": "x", "lead_id": "L-1", "occurred_at": NOW.isoformat(), "kind": "automated_email"}
    harness.send("activity-completed", "L-1", mail)
    harness.send("lead-changed", "L-1", changed("L-1", 5, owner_id="S-1"))
    harness.wait(timedelta(hours=2))
    assert told(harness) == [("L-1", "lead-qualified", 1)]


def test_an_assignment_ends_the_time_to_find_a_seller_and_begins_the_sellers_own() -> None:
    harness = new_harness(BOTH)
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.send("lead-assigned", "L-1", assigned("L-1", owner=None))  # waits for one
    harness.wait(timedelta(minutes=30))
    harness.send("lead-assigned", "L-1", assigned("L-1", number=2))
    harness.wait(timedelta(hours=2))
    assert told(harness) == [("L-1", "lead-assigned", 1)]
    assert harness.of(OVERDUE)[0]["owner_id"] == "S-1"


def test_another_seller_has_the_whole_time_again() -> None:
    harness = new_harness(BOTH)
    harness.send("lead-assigned", "L-1", assigned("L-1"))
    harness.wait(timedelta(hours=1))
    harness.send("lead-assigned", "L-1", assigned("L-1", owner="S-2", number=2))
    harness.wait(timedelta(minutes=90))
    assert not harness.emitted
    harness.wait(timedelta(hours=1))
    assert [one["owner_id"] for one in harness.of(OVERDUE)] == ["S-2"]


def test_a_notice_that_the_seller_departed_begins_no_time() -> None:
    harness = new_harness(BOTH)
    harness.send("lead-assigned", "L-1", assigned("L-1"))
    harness.wait(timedelta(hours=1))
    harness.send("lead-assigned", "L-1", assigned("L-1", number=2) | {"owner_departed": "left"})
    harness.wait(timedelta(hours=1))
    assert told(harness) == [("L-1", "lead-assigned", 1)]


def test_nobody_is_late_with_a_lead_whose_owner_was_taken_away() -> None:
    harness = new_harness(BOTH)
    harness.send("lead-assigned", "L-2", assigned("L-2", owner=None))
    assert not harness.entries, "of a lead that nobody had, there is nothing to hold"
    harness.send("lead-assigned", "L-1", assigned("L-1"))
    harness.send("lead-assigned", "L-1", assigned("L-1", owner=None, number=2))
    harness.wait(timedelta(hours=3))
    assert not harness.emitted


def test_it_is_told_again_as_often_as_wanted_and_no_more_once_somebody_acts() -> None:
    stage = {"on": "lead-qualified", "within": "1h", "repeat": {"every": "1d", "times": 3}}
    harness = new_harness({**ONE_HOUR, "stages": [stage]})
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.send("lead-qualified", "L-2", qualified("L-2"))
    harness.wait(timedelta(days=1, hours=2))
    act("activity-completed", harness)
    harness.wait(timedelta(days=30))
    assert told(harness) == [
        ("L-1", "lead-qualified", 1),
        ("L-2", "lead-qualified", 1),
        ("L-1", "lead-qualified", 2),
        ("L-2", "lead-qualified", 2),
        ("L-2", "lead-qualified", 3),
        ("L-2", "lead-qualified", 4),
    ]
    assert len({one["event_id"] for one in harness.of(OVERDUE)}) == 6


def test_what_was_done_before_the_time_began_is_no_act_on_it() -> None:
    harness = new_harness(ONE_HOUR)
    harness.send("lead-qualified", "L-1", qualified("L-1", 6))
    for topic in ("lead-sales-response", "activity-completed", "contacted"):
        act(topic, harness)
    harness.wait(timedelta(hours=2))
    assert told(harness) == [("L-1", "lead-qualified", 1)]


def test_a_service_that_was_away_tells_it_once_and_goes_on_from_there() -> None:
    stage = {"on": "lead-qualified", "within": "1h", "repeat": {"every": "1d", "times": 2}}
    harness = new_harness({**ONE_HOUR, "stages": [stage]})
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.now += timedelta(days=9)
    harness.wait(timedelta(hours=23))
    assert told(harness) == [("L-1", "lead-qualified", 1)]
    harness.wait(timedelta(hours=25))
    assert len(told(harness)) == 3


def test_a_repeated_event_and_a_further_qualification_leave_the_time_as_it_is() -> None:
    harness = new_harness(ONE_HOUR)
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.wait(timedelta(minutes=50))
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.send("lead-qualified", "L-1", qualified("L-1", number=2))
    harness.wait(timedelta(minutes=15))
    assert told(harness) == [("L-1", "lead-qualified", 1)]


def test_only_the_leads_that_are_meant_are_watched_and_a_stopped_definition_tells_nothing() -> None:
    harness = new_harness({**ONE_HOUR, "models": ["enterprise"], "when": {"attribute": "country", "equals": "DE"}})
    harness.send("lead-changed", "L-1", changed("L-1", -1, attributes={"country": "DE"}))
    harness.send("lead-qualified", "L-1", qualified("L-1", model="other"))
    harness.send("lead-qualified", "L-2", qualified("L-2"))
    assert harness.counts == {("follow-up", "f", "conditions_not_met"): 1}
    harness.send("lead-qualified", "L-1", qualified("L-1", number=2))
    harness.publish()
    harness.wait(timedelta(hours=2))
    assert not harness.emitted
    assert harness.counts["follow-up", "f", "not_live"] == 1


def test_the_examples_have_no_problems() -> None:
    for example in examples_of("follow-up-definition"):
        assert KIND.problems_of(example.value, {}) == []


@pytest.mark.parametrize(
    ("broken", "where", "says"),
    [
        ({"stages": []}, ("stages",), "must not be empty"),
        ({"stages": [{"on": "lead-lost", "within": "1h"}]}, ("stages", 0, "on"), "must be one of"),
        ({"stages": [{"on": "lead-qualified", "within": "0h"}]}, ("stages", 0, "within"), "more than zero"),
        ({"stages": [ONE_HOUR["stages"][0], ONE_HOUR["stages"][0]]}, ("stages", 1, "on"), "already has a stage"),
        ({"when": {"attribute": "a", "above": 2, "below": 1}}, ("when",), "can never be met"),
        ({"when": {"field": "status", "equals": "disqualified"}}, ("when",), "by an open lead"),
        ({"models": ["a", "a"]}, ("models", 1), "names a again"),
        (
            {"stages": [{"on": "lead-qualified", "within": "1h", "repeat": {"every": "0d", "times": 1}}]},
            ("stages", 0, "repeat", "every"),
            "more than zero",
        ),
        ({"within": "1h"}, ("within",), "is unknown"),
    ],
)
def test_a_mistake_is_told_where_it_stands_and_how_to_mend_it(
    broken: dict[str, Any], where: tuple[Any, ...], says: str
) -> None:
    [(found, message)] = in_english(KIND.problems_of({**ONE_HOUR, **broken}, {}))
    assert found == where
    assert says in message
