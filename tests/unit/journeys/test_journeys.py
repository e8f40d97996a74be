"""Which leads enter which journeys, when and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lead_qualifier.journeys.kind import KIND
from lead_qualifier.journeys.processor import JourneyProcessor, decode_state, encode_state
from tests.support.problems import in_english
from tests.support.processor_harness import NOW, ProcessorHarness, changed, qualified
from tools.schemas.examples import examples_of

REQUESTED = "journey-entry-requested"
ON_QUALIFIED: dict[str, Any] = {"id": "j", "trigger": {"event": "lead-qualified"}}
ON_READY: dict[str, Any] = {"id": "j", "trigger": {"changed": "sales_ready", "to": True}}


def new_harness(*definitions: dict[str, Any]) -> ProcessorHarness:
    for definition in definitions:
        assert KIND.problems_of(definition, {}) == []
    return ProcessorHarness(
        lambda current: JourneyProcessor(topic_prefix="", source="/x", current=current),
        encode_state,
        decode_state,
        {one["id"]: one for one in definitions},
    )


def entries(harness: ProcessorHarness) -> list[tuple[str, int, str]]:
    return [(one["lead_id"], one["entry_number"], one["trigger"]["event_id"]) for one in harness.of(REQUESTED)]


def test_a_qualified_lead_enters_once_with_what_the_journey_carries() -> None:
    carrying = {
        **ON_QUALIFIED,
        "payload": [{"field": "sales_ready"}, {"attribute": "country", "as": "land"}, {"attribute": "nothing"}],
    }
    harness = new_harness(carrying)
    harness.send("lead-changed", "L-1", changed("L-1", contact_id="C-1", attributes={"country": "DE"}))
    harness.send("lead-qualified", "L-1", qualified("L-1", 5))
    harness.send("lead-qualified", "L-1", qualified("L-1", 6, number=2))
    [event] = harness.of(REQUESTED)
    assert event["binding"] == "lead/L-1"
    assert event["contact_id"] == "C-1"
    assert (event["journey_id"], event["journey_version"], event["entry_number"]) == ("j", 1, 1)
    assert event["payload"] == {
        "sales_ready": {"type": "boolean", "value": True},
        "land": {"type": "text", "value": "DE"},
    }
    assert event["trigger"] == {
        "event_id": "q-L-1-enterprise-1",
        "topic": "lead-qualified",
        "partition": 0,
        "offset": 1,
    }
    assert harness.counts == {("journey", "j", "requested"): 1, ("journey", "j", "already_entered"): 1}


def test_a_repeated_event_changes_nothing_and_the_same_entry_has_the_same_id() -> None:
    always = {**ON_QUALIFIED, "reentry": {"policy": "always"}}
    harness, there = new_harness(always), new_harness(always)
    for at in (harness, there):
        at.send("lead-qualified", "L-1", qualified("L-1"))
        at.send("lead-qualified", "L-1", qualified("L-1"))
    assert entries(harness) == [("L-1", 1, "q-L-1-enterprise-1")]
    assert harness.of(REQUESTED)[0]["event_id"] == there.of(REQUESTED)[0]["event_id"]


def test_only_the_models_that_it_names_trigger_it() -> None:
    harness = new_harness({**ON_QUALIFIED, "trigger": {"event": "lead-qualified", "models": ["other"]}})
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    assert not harness.emitted
    harness.send("lead-qualified", "L-1", qualified("L-1", model="other"))
    assert len(harness.emitted) == 1


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_record_trigger_fires_when_the_value_became_so_by_hand_or_by_us(by_hand: bool) -> None:
    harness = new_harness({**ON_READY, "reentry": {"policy": "always"}})
    if by_hand:
        harness.send("lead-changed", "L-1", changed("L-1", sales_ready=True))
    else:
        harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.send("lead-changed", "L-1", changed("L-1", 1, sales_ready=True))  # is so already
    harness.send("lead-changed", "L-1", changed("L-1", 0.5, sales_ready=False))  # stale
    assert len(entries(harness)) == 1
    harness.send("lead-changed", "L-1", changed("L-1", 2, sales_ready=False))
    harness.send("lead-changed", "L-1", changed("L-1", 3, sales_ready=True))
    assert [number for _, number, _ in entries(harness)] == [1, 2]


def test_a_flag_that_became_so_twice_lets_in_twice_although_the_reset_between_is_read_last() -> None:
    harness = new_harness({**ON_READY, "reentry": {"policy": "always"}})
    first, second = qualified("L-1", 1), qualified("L-1", 3, number=2)
    for told in (first, second, second, first):
        harness.send("lead-qualified", "L-1", told)
    harness.send("lead-changed", "L-1", changed("L-1", 2, sales_ready=False, status_reason="new"))
    assert [trigger for _, _, trigger in entries(harness)] == ["q-L-1-enterprise-1", "q-L-1-enterprise-2"]


def test_a_qualification_that_the_crm_wrote_back_sooner_than_it_is_read_lets_in_once() -> None:
    harness = new_harness({**ON_READY, "reentry": {"policy": "always"}})
    harness.send("lead-changed", "L-1", changed("L-1", 2, sales_ready=True, status_reason="marketing_qualified"))
    harness.send("lead-qualified", "L-1", qualified("L-1", 1))
    assert [trigger for _, _, trigger in entries(harness)] == ["c-L-1-2-2"]


@pytest.mark.parametrize(
    ("more", "fields", "outcome"),
    [
        ({"when": {"attribute": "country", "equals": "DE"}}, {"attributes": {"country": "AT"}}, "conditions_not_met"),
        ({"exclude": {"attribute": "country", "equals": "AT"}}, {"attributes": {"country": "AT"}}, "excluded"),
        ({"contact": "required"}, {}, "no_contact"),
        ({"window": {"end": "2026-11-25T08:59:59Z"}}, {}, "window_over"),
        ({"window": {"start": "2026-11-25T09:00:01Z"}}, {}, "waiting_for_window"),
    ],
)
def test_whoever_does_not_enter_is_counted_with_the_reason(
    more: dict[str, Any], fields: dict[str, Any], outcome: str
) -> None:
    harness = new_harness({**ON_QUALIFIED, **more})
    harness.send("lead-changed", "L-1", changed("L-1", -1, **fields))
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    assert harness.counts == {("journey", "j", outcome): 1}
    assert not harness.emitted


def test_who_triggers_again_too_early_waits_and_enters_once_when_the_time_has_come() -> None:
    harness = new_harness({**ON_QUALIFIED, "reentry": {"policy": "after", "after": "7d"}})
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.wait(timedelta(days=2))
    harness.send("lead-qualified", "L-1", qualified("L-1", 10, number=2))
    harness.send("lead-qualified", "L-1", qualified("L-1", 11, number=3))
    harness.wait(timedelta(days=4, hours=23))
    assert len(entries(harness)) == 1
    harness.restart()
    harness.wait(timedelta(hours=2))
    assert entries(harness) == [("L-1", 1, "q-L-1-enterprise-1"), ("L-1", 2, "q-L-1-enterprise-3")]
    harness.wait(timedelta(days=60))
    assert len(entries(harness)) == 2


def test_a_waiting_entry_is_looked_at_anew_when_its_time_has_come() -> None:
    waiting = {**ON_QUALIFIED, "window": {"start": "2026-11-25T10:00:00Z"}, "when": {"attribute": "ok", "equals": True}}
    for fields, count in (({"ok": True}, 1), ({"ok": None}, 0)):
        harness = new_harness(waiting)
        harness.send("lead-changed", "L-1", changed("L-1", -5, attributes={"ok": True}))
        harness.send("lead-qualified", "L-1", qualified("L-1"))
        harness.send("lead-changed", "L-1", changed("L-1", -4, attributes=fields))
        harness.wait(timedelta(hours=2))
        assert len(entries(harness)) == count


def test_a_trigger_that_is_refused_leaves_an_entry_that_waits_as_it_is() -> None:
    harness = new_harness(
        {
            **ON_QUALIFIED,
            "reentry": {"policy": "after", "after": "7d"},
            "exclude": {"attribute": "busy", "equals": True},
        }
    )
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.send("lead-qualified", "L-1", qualified("L-1", number=2))
    harness.send("lead-changed", "L-1", changed("L-1", 1, attributes={"busy": True}))
    harness.send("lead-qualified", "L-1", qualified("L-1", number=3))
    assert harness.counts["journey", "j", "excluded"] == 1
    harness.send("lead-changed", "L-1", changed("L-1", 2, attributes={"busy": False}))
    harness.wait(timedelta(days=8))
    assert entries(harness) == [("L-1", 1, "q-L-1-enterprise-1"), ("L-1", 2, "q-L-1-enterprise-2")]


@pytest.mark.parametrize(("still", "count"), [(True, 1), (False, 0)])
def test_what_a_field_became_must_still_be_so_when_the_time_has_come(still: bool, count: int) -> None:
    harness = new_harness({**ON_READY, "window": {"start": "2026-11-25T10:00:00Z"}})
    harness.send("lead-changed", "L-1", changed("L-1", sales_ready=True))
    harness.send("lead-changed", "L-1", changed("L-1", 1, sales_ready=still))
    harness.wait(timedelta(hours=2))
    assert len(entries(harness)) == count


def test_a_journey_that_was_stopped_lets_nobody_in_and_a_new_version_goes_on_counting() -> None:
    waiting = {**ON_QUALIFIED, "reentry": {"policy": "after", "after": "1h"}}
    harness = new_harness(waiting)
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.send("lead-qualified", "L-1", qualified("L-1", number=2))
    harness.publish()
    harness.wait(timedelta(hours=2))
    assert harness.counts["journey", "j", "not_live"] == 1
    harness.publish(waiting)
    harness.send("lead-qualified", "L-1", qualified("L-1", number=3))
    assert [(one["entry_number"], one["journey_version"]) for one in harness.of(REQUESTED)] == [(1, 1), (2, 3)]


def test_an_erased_lead_leaves_nothing_and_begins_anew() -> None:
    harness = new_harness({**ON_QUALIFIED, "window": {"start": "2026-11-25T10:00:00Z"}})
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    harness.send("lead-changed", "L-1", None)
    assert harness.held == set()
    harness.wait(timedelta(hours=2))
    assert not harness.emitted
    harness.send("lead-qualified", "L-1", qualified("L-1", number=2))
    assert entries(harness) == [("L-1", 1, "q-L-1-enterprise-2")]


def test_a_lead_that_was_merged_away_enters_nothing() -> None:
    harness = new_harness({**ON_QUALIFIED, "window": {"start": "2026-11-25T10:00:00Z"}})
    harness.send("lead-qualified", "L-1", qualified("L-1"))
    merge = {"event_id": "m", "lead_id": "L-1", "survivor_id": "L-2", "occurred_at": NOW.isoformat()}
    harness.send("lead-merged", "L-1", merge)
    assert harness.counts["journey", "j", "lead_merged"] == 1  # what waited
    harness.wait(timedelta(hours=2))
    harness.send("lead-qualified", "L-1", qualified("L-1", number=2))
    assert not harness.emitted
    assert harness.counts["journey", "j", "lead_merged"] == 2


def test_a_record_that_cannot_be_read_is_refused() -> None:
    harness = new_harness(ON_QUALIFIED)
    harness.send("lead-qualified", "L-1", {"lead_id": "L-1"})
    assert "event_id is missing" in harness.refused[0]


def test_the_examples_have_no_problems() -> None:
    for example in examples_of("journey-definition"):
        assert KIND.problems_of(example.value, {}) == []


def test_an_exclusion_that_leaves_somebody_is_taken() -> None:
    leaving_some: dict[str, Any] = {
        "when": {"attribute": "size", "above": 5},
        "exclude": {"any": [{"attribute": "size", "above": 6}, {"attribute": "country", "not_equals": "DE"}]},
    }
    assert KIND.problems_of({**ON_QUALIFIED, **leaving_some}, {}) == []


def test_a_journey_whose_window_is_over_is_not_published() -> None:
    over = {**ON_QUALIFIED, "window": {"end": NOW.isoformat()}}
    assert KIND.problems_of(over, {}) == []
    [(where, message)] = in_english(KIND.too_late(over, NOW))
    assert where == ("window", "end")
    assert "has passed" in message
    assert list(KIND.too_late(over, NOW - timedelta(milliseconds=1))) == []


@pytest.mark.parametrize(
    ("broken", "where", "says"),
    [
        ({"trigger": {"changed": "sales_ready", "to": "yes"}}, ("trigger", "to"), "must be true or false"),
        ({"trigger": {"changed": "status_reason", "to": "hot"}}, ("trigger", "to"), "status_reason has no other value"),
        (
            {
                "trigger": {"changed": "status_reason", "to": "lost"},
                "when": {"field": "status_reason", "equals": "contacted"},
            },
            ("when",),
            "can never be met",
        ),
        ({"trigger": {"event": "lead-lost"}}, ("trigger", "event"), "must be one of lead-qualified"),
        ({"reentry": {"policy": "after"}}, ("reentry",), "{policy: after, after: 7d}"),
        ({"reentry": {"policy": "never", "after": "1d"}}, ("reentry",), "policy: after only"),
        ({"reentry": {"policy": "after", "after": "0d"}}, ("reentry", "after"), "policy: always"),
        ({"window": {"start": "2026-12-02T00:00:00Z", "end": "2026-12-01T00:00:00Z"}}, ("window", "end"), "later"),
        ({"window": {"start": "2026-12-02T00:00:00Z", "end": "2026-12-02T01:00:00+01:00"}}, ("window", "end"), "later"),
        (
            {"trigger": {"event": "lead-qualified", "models": ["a", "b", "a"]}},
            ("trigger", "models", 2),
            "names a again",
        ),
        ({"contact": "required", "when": {"field": "contact_id", "exists": False}}, ("when",), "trigger and contact"),
        ({"when": {"field": "status", "equals": "won"}}, ("when",), "its values are open, qualified, disqualified"),
        ({"when": {"attribute": "a", "above": 2, "below": 1}}, ("when",), "can never be met"),
        ({"payload": [{"attribute": "a"}, {"field": "status", "as": "a"}]}, ("payload",), "named a"),
        ({"payload": [{"attribute": f"a{n}"} for n in range(31)]}, ("payload",), "at most 30"),
        ({"when": {"equals": 1}}, ("when",), "a field or an attribute"),
        ({"colour": "red"}, ("colour",), "is unknown"),
        (
            {"when": {"attribute": "a", "exists": True}, "exclude": {"attribute": "a", "exists": True}},
            ("exclude",),
            "nobody would ever enter",
        ),
        (
            {
                "when": {"all": [{"attribute": "country", "one_of": ["DE", "AT"]}, {"attribute": "size", "above": 9}]},
                "exclude": {"any": [{"attribute": "country", "starts_with": "D"}, {"attribute": "size", "above": 5}]},
            },
            ("exclude",),
            "nobody would ever enter",
        ),
        (
            {
                "trigger": {"changed": "status_reason", "to": "lost"},
                "exclude": {"field": "status_reason", "one_of": ["lost", "canceled"]},
            },
            ("exclude",),
            "nobody would ever enter",
        ),
        (
            {"contact": "required", "exclude": {"field": "contact_id", "exists": True}},
            ("exclude",),
            "nobody would ever enter",
        ),
        ({"exclude": {"field": "sales_ready", "exists": True}}, ("exclude",), "nobody would ever enter"),
        (
            {"window": {"start": "2026-12-24"}},
            ("window", "start"),
            "such as 2026-11-23T09:30:00Z, found a date without time and time zone",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands_and_how_to_mend_it(
    broken: dict[str, Any], where: tuple[Any, ...], says: str
) -> None:
    [(found, message)] = in_english(KIND.problems_of({**ON_QUALIFIED, **broken}, {}))
    assert found == where
    assert says in message
