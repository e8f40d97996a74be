"""The sequences application: records in, steps and changes out, over crashes, stops and erasure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from lead_qualifier.sequences.processor import SequenceProcessor, decode_state, encode_state
from tests.support.processor_harness import NOW, ProcessorHarness, changed, qualified
from tests.support.sequence_harness import email, mail, sequence, wait

_numbers: Iterator[int] = count()


def new_harness(*definitions: dict[str, Any]) -> ProcessorHarness:
    return ProcessorHarness(
        lambda current: SequenceProcessor(topic_prefix="", source="/test", current=current),
        encode_state,
        decode_state,
        {one["id"]: one for one in definitions},
    )


def message(lead_id: str, **fields: Any) -> dict[str, Any]:
    return {"event_id": f"e-{next(_numbers)}", "lead_id": lead_id, "occurred_at": NOW.isoformat(), **fields}


def connect(at: ProcessorHarness, lead_id: str = "L-1", name: str = "s", **more: Any) -> None:
    at.send("sequence-connections", lead_id, message(lead_id, sequence_id=name, action="connect", **more))


def assigned(lead_id: str, kind: str, owner_id: str) -> dict[str, Any]:
    return message(lead_id, owner={"kind": kind, "id": owner_id}, result={"code": 2, "name": "assigned"})


def states(at: ProcessorHarness) -> list[tuple[str, str | None]]:
    return [(one["state"], one.get("reason")) for one in at.of("sequence-changed")]


def steps(at: ProcessorHarness) -> list[str]:
    return [one["step_id"] for one in at.of("sequence-step-due")]


def test_the_step_that_is_due_says_all_that_is_needed() -> None:
    at = new_harness(sequence("s", email("a", subject="Hello", due_within="2h")))
    at.send("lead-changed", "L-1", changed("L-1", owner_id="U-1", contact_id="C-1"))
    connect(at, segment="big", source="tester")
    [step] = at.of("sequence-step-due")
    assert (
        step.items()
        >= {
            "lead_id": "L-1",
            "contact_id": "C-1",
            "owner_id": "U-1",
            "sequence_id": "s",
            "sequence_version": 1,
            "connection_number": 1,
            "step_id": "a",
            "kind": "email",
            "data": {"subject": "Hello"},
            "segment": "big",
            "due_at": "2026-11-25T11:00:00Z",
        }.items()
    )
    at.send(
        "activity-completed", "L-1", message("L-1", kind="email", direction="outgoing", step_event_id=step["event_id"])
    )
    assert states(at) == [("connected", None), ("completed", None)]
    assert at.counts["sequence", "s", "step_completed"] == 1


def test_a_repeated_event_changes_nothing() -> None:
    at = new_harness(sequence("s", mail("a")))
    order = message("L-1", sequence_id="s", action="connect")
    for _ in range(3):
        at.send("sequence-connections", "L-1", order)
    assert steps(at) == ["a"]
    assert at.counts["sequence", "", "repeated"] == 2
    connect(at)
    assert [one["connection_number"] for one in at.of("sequence-step-due")] == [1, 2]
    assert len({one["event_id"] for one in at.of("sequence-step-due")}) == 2


def test_waits_go_on_after_a_crash() -> None:
    at = new_harness(sequence("s", mail("a"), wait("w", "3d"), mail("b")))
    connect(at, wait="2h")
    at.wait(timedelta(hours=1))
    at.restart()
    at.wait(timedelta(hours=1))
    assert steps(at) == ["a"]
    at.restart()
    at.wait(timedelta(days=3) - timedelta(milliseconds=1))
    assert steps(at) == ["a"]
    at.wait(timedelta(milliseconds=1))
    at.restart()
    at.wait(timedelta(days=9))
    assert steps(at) == ["a", "b"]


def test_leads_leave_a_stopped_sequence_but_not_an_older_version() -> None:
    old = sequence("s", email("a"), mail("old"))
    at = new_harness(old, sequence("t", email("b")))
    connect(at)
    connect(at, "L-2", "t")
    at.publish(sequence("s", mail("new")))
    assert states(at)[2:] == [("disconnected", "parent_deactivated")]
    assert at.of("sequence-changed")[-1]["lead_id"] == "L-2"
    step = at.of("sequence-step-due")[0]
    at.send("activity-completed", "L-1", message("L-1", kind="email", step_event_id=step["event_id"]))
    assert steps(at) == ["a", "b", "old"]
    at.publish()
    assert at.counts["sequence", "t", "parent_deactivated"] == 1


def test_only_connected_leads_are_looked_at_when_a_sequence_stops() -> None:
    at = new_harness(sequence("s", email("a")))
    connect(at)
    at.send("lead-changed", "L-2", changed("L-2", owner_id="U-1"))
    assert at.processor.prefilter([b"L-1", b"L-2"], at._context(), 0) == [b"L-1"]


def test_an_erased_lead_leaves_nothing_and_no_timer_speaks_of_it() -> None:
    at = new_harness(sequence("s", mail("a"), wait("w", "1d"), mail("b")))
    connect(at)
    at.send("lead-changed", "L-1", None)
    assert at.held == set()
    at.wait(timedelta(days=2))
    assert steps(at) == ["a"]
    assert states(at) == [("connected", None)]


def test_an_erased_lead_connected_again_has_events_of_its_own() -> None:
    at = new_harness(sequence("s", mail("a")))
    connect(at)
    at.send("lead-changed", "L-1", None)
    connect(at)
    assert [one["connection_number"] for one in at.of("sequence-step-due")] == [1, 1]
    ids = [event["event_id"] for _, event in at.emitted]
    assert len(set(ids)) == len(ids) == 6


def test_closed_and_merged_leads_leave() -> None:
    at = new_harness(sequence("s", email("a")))
    for lead_id in ("L-1", "L-2"):
        connect(at, lead_id)
    at.send("lead-changed", "L-1", changed("L-1", status="disqualified"))
    at.send("lead-merged", "L-2", message("L-2", survivor_id="L-1"))
    assert states(at)[2:] == [("disconnected", "lead_deactivated")] * 2


def test_qualifications_and_assignments_to_sellers_connect() -> None:
    at = new_harness(
        sequence("q", mail("a"), connect={"on": "lead-qualified", "models": ["enterprise"]}),
        sequence("s", mail("b"), connect={"on": "lead-assigned"}),
    )
    at.send("lead-qualified", "L-1", qualified("L-1"))
    at.send("lead-qualified", "L-1", qualified("L-1"))
    at.send("lead-qualified", "L-1", qualified("L-1", model="other"))
    at.send("lead-assigned", "L-1", assigned("L-1", "team", "T-1"))
    at.send("lead-assigned", "L-1", message("L-1", result={"code": 6, "name": "no_availability"}))
    at.send("lead-assigned", "L-1", assigned("L-1", "seller", "U-7"))
    assert [(one["step_id"], one.get("owner_id")) for one in at.of("sequence-step-due")] == [("a", None), ("b", "U-7")]
    assert [one["source"] for one in at.of("sequence-changed")] == ["lead-qualified"] * 2 + ["lead-assigned"] * 2


@pytest.mark.parametrize("fields", [{"kind": "reply"}, {"kind": "email", "direction": "incoming"}])
def test_a_reply_ends_it(fields: dict[str, str]) -> None:
    at = new_harness(sequence("s", email("a")))
    connect(at)
    at.send("activity-completed", "L-1", message("L-1", **fields))
    assert states(at)[1:] == [("disconnected", "exit_criterion_met")]


def test_an_automatic_reply_or_a_bounce_ends_and_does_nothing() -> None:
    at = new_harness(sequence("s", email("a"), mail("b")))
    connect(at)
    step = at.of("sequence-step-due")[0]["event_id"]
    at.send("activity-completed", "L-1", message("L-1", kind="reply", direction="incoming", automatic=True))
    bounce = message("L-1", kind="email", direction="incoming", automatic=True, step_event_id=step, result="bounced")
    at.send("activity-completed", "L-1", bounce)
    assert (states(at), steps(at)) == ([("connected", None)], ["a"])
    at.send("activity-completed", "L-1", message("L-1", kind="email", step_event_id=step))
    assert steps(at) == ["a", "b"]


def test_an_activity_alone_creates_no_state() -> None:
    at = new_harness(sequence("s", email("a")))
    at.send("activity-completed", "L-1", message("L-1", kind="task"))
    assert at.entries == {}
    assert at.counts["sequence", "", "no_step_waits"] == 1


def test_bad_input_is_refused_and_what_others_name_is_no_label() -> None:
    at = new_harness(sequence("s", email("a")))
    connect(at, wait="31d")
    connect(at, wait="soon")
    at.send("sequence-connections", "L-1", message("L-1", sequence_id="s", action="dance"))
    at.send("activity-completed", "L-1", message("L-2", kind="task"))
    assert len(at.refused) == 4
    assert at.refused[0] == "wait must be 30d at most"
    connect(at, name="whatever")
    assert at.counts["sequence", "", "sequence_not_live"] == 1


def test_a_notice_that_the_seller_departed_connects_no_lead() -> None:
    at = new_harness(sequence("s", mail("b"), connect={"on": "lead-assigned"}))
    at.send("lead-assigned", "L-1", assigned("L-1", "seller", "U-7") | {"owner_departed": "inactive"})
    assert not at.emitted
    at.send("lead-assigned", "L-1", assigned("L-1", "seller", "U-7"))
    assert steps(at) == ["b"]
