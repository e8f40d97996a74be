"""Leads on their way through sequences: every kind of step, every end, what a repeat does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lead_qualifier.qualification.utc import from_milliseconds
from tests.support.sequence_harness import (
    DAY,
    MINUTE,
    T0,
    SequenceHarness,
    advance,
    branch,
    email,
    mail,
    sequence,
    wait,
)

OPEN_TO_REPLIES = {"exit": {"on_reply": False}}


@pytest.mark.parametrize("kind", ["email", "phone_call", "task"])
def test_a_step_of_a_person_is_waited_for(kind: str) -> None:
    lead = SequenceHarness(sequence("s", {"id": "a", "kind": kind, "due_within": "2h", "subject": "Hello"}, mail("b")))
    assert lead.connect("s") == ["s connected", "s/a"]
    told = lead.told[1]
    assert (told["kind"], told["data"]) == (kind, {"subject": "Hello"})
    assert told["due_at"] == from_milliseconds(120 * MINUTE)
    assert lead.until(30 * DAY) == []
    assert lead.done(lead.event_id("a")) == ["s/b", "s completed"]
    assert lead.outcomes == ["step_completed", "step_due", "completed"]


def test_machines_steps_go_on_at_once() -> None:
    update = {"id": "u", "kind": "update_field", "field": "status_reason", "value": "contacted"}
    lead = SequenceHarness(sequence("s", mail("m"), update))
    assert lead.connect("s") == ["s connected", "s/m", "s/u", "s completed"]
    assert lead.told[2]["data"] == {"field": "status_reason", "value": "contacted"}


def test_a_wait_is_over_to_the_millisecond_and_once() -> None:
    lead = SequenceHarness(sequence("s", mail("a"), wait("w", "3d"), mail("b")))
    lead.connect("s")
    assert lead.until(3 * DAY - 1) == []
    assert lead.until(3 * DAY) == ["s/b", "s completed"]
    assert lead.until(9 * DAY) == []


def test_connecting_waits_and_then_begins() -> None:
    lead = SequenceHarness(sequence("s", email("a")))
    assert lead.connect("s", wait_ms=DAY) == ["s connecting"]
    assert lead.connect("s") == []
    assert lead.outcomes == ["already_connected"]
    assert lead.until(DAY - 1) == []
    assert lead.until(DAY) == ["s connected", "s/a"]


def test_connecting_twice_does_nothing_until_the_first_has_ended() -> None:
    lead = SequenceHarness(sequence("s", email("a")))
    lead.connect("s")
    first = lead.event_id("a")
    assert lead.connect("s") == []
    assert lead.disconnect("s") == ["s disconnected (user)"]
    assert lead.disconnect("s") == []
    assert lead.outcomes == ["not_connected"]
    assert lead.connect("s") == ["s connected", "s/a"]
    assert lead.event_id("a") != first
    assert lead.done(first) == []
    assert lead.outcomes == ["no_step_waits"]
    assert lead.done(lead.event_id("a")) == ["s completed"]


def test_only_sequences_that_run_and_leads_that_are_open_connect() -> None:
    lead = SequenceHarness(sequence("s", email("a"), exit={"when": {"field": "sales_ready", "equals": True}}))
    assert (lead.connect("t"), lead.outcomes) == ([], ["sequence_not_live"])
    lead.state.snapshot.sales_ready = True
    assert (lead.connect("s"), lead.outcomes) == ([], ["exit_criterion_met_already"])
    lead.becomes(status="disqualified")
    assert (lead.connect("s"), lead.outcomes) == ([], ["lead_not_open"])
    assert lead.state.numbers == {}


def test_every_reason_to_be_disconnected() -> None:
    def connected() -> SequenceHarness:
        lead = SequenceHarness(sequence("s", email("a"), exit={"when": {"attribute": "won", "equals": True}}))
        lead.connect("s")
        return lead

    assert connected().stop("s") == ["s disconnected (parent_deactivated)"]
    assert connected().becomes(status="qualified") == ["s disconnected (lead_deactivated)"]
    assert connected().becomes(merged=True) == ["s disconnected (lead_deactivated)"]
    assert connected().becomes(attributes={"won": True}) == ["s disconnected (exit_criterion_met)"]
    assert connected().becomes(attributes={"won": False}) == []
    assert connected().reply() == ["s disconnected (exit_criterion_met)"]
    assert connected().disconnect("s") == ["s disconnected (user)"]


def test_a_reply_from_before_the_connection_does_not_end_it() -> None:
    lead = SequenceHarness(sequence("s", email("a")))
    lead.connect("s")
    assert lead.reply(T0 - timedelta(seconds=1)) == []
    assert lead.outcomes == ["reply_before_connection"]


def test_a_sequence_may_go_on_after_a_reply() -> None:
    lead = SequenceHarness(sequence("s", email("a"), **OPEN_TO_REPLIES))
    lead.connect("s")
    assert (lead.reply(), lead.outcomes) == ([], ["reply_noted"])
    assert lead.done(lead.event_id("a")) == ["s completed"]


def test_advance_leaves_for_the_other_sequence() -> None:
    lead = SequenceHarness(sequence("s", mail("a"), advance("go", "t")), sequence("t", email("b")))
    assert lead.connect("s") == ["s connected", "s/a", "s disconnected (advanced)", "t connected", "t/b"]
    assert lead.state.connections.keys() == {"t"}
    assert lead.connect("s") == ["s connected", "s/a", "s disconnected (advanced)"]
    assert lead.outcomes[-1] == "already_connected"


def test_advance_to_what_does_not_run_is_an_error() -> None:
    lead = SequenceHarness(sequence("s", mail("a"), advance("go", "t")), sequence("t", email("b")))
    lead.stop("t")
    assert lead.connect("s") == ["s connected", "s/a", "s error (advance_target_not_live)"]
    assert lead.state.connections == {}


@pytest.mark.parametrize(("attributes", "step"), [({"size": 9}, "y"), ({"size": 1}, "n"), ({}, "n")])
def test_a_branch_on_a_condition_goes_one_way(attributes: dict[str, int], step: str) -> None:
    test = {"when": {"attribute": "size", "above": 5}}
    lead = SequenceHarness(sequence("s", branch("b", test, [mail("y")], [mail("n")]), mail("z")))
    lead.state.snapshot.attributes = dict(attributes)
    assert lead.connect("s") == ["s connected", f"s/{step}", "s/z", "s completed"]


def test_a_branch_waits_for_its_condition_so_long_and_no_longer() -> None:
    test = {"when": {"attribute": "size", "above": 5}, "within": "2d"}
    for late in (False, True):
        lead = SequenceHarness(sequence("s", branch("b", test, [mail("y")], [mail("n")]), mail("z")))
        assert lead.connect("s") == ["s connected"]
        assert lead.until(2 * DAY - 1) == []
        if late:
            assert lead.until(2 * DAY) == ["s/n", "s/z", "s completed"]
        else:
            assert lead.becomes(attributes={"size": 6}) == ["s/y", "s/z", "s completed"]
            assert lead.until(2 * DAY) == []


@pytest.mark.parametrize(
    ("expected", "replies", "step"), [(True, True, "y"), (True, False, "n"), (False, True, "n"), (False, False, "y")]
)
def test_a_branch_on_a_reply_is_decided_by_it_or_by_time(expected: bool, replies: bool, step: str) -> None:
    test = {"replied": expected, "within": "2d"}
    lead = SequenceHarness(sequence("s", branch("b", test, [mail("y")], [mail("n")]), **OPEN_TO_REPLIES))
    assert lead.connect("s") == ["s connected"]
    told = lead.reply() if replies else lead.until(2 * DAY)
    assert told == [f"s/{step}", "s completed"]


@pytest.mark.parametrize(("result", "step"), [("reached", "y"), ("voicemail", "n"), (None, "n")])
def test_a_branch_on_a_result(result: str | None, step: str) -> None:
    test = {"result_of": "call", "equals": "reached"}
    lead = SequenceHarness(
        sequence("s", {"id": "call", "kind": "phone_call"}, branch("b", test, [mail("y")], [mail("n")]))
    )
    lead.connect("s")
    assert lead.done(lead.event_id("call"), result) == [f"s/{step}", "s completed"]


def test_a_result_may_come_while_the_branch_waits_for_it() -> None:
    test = {"result_of": "m", "equals": "opened", "within": "1d"}
    lead = SequenceHarness(sequence("s", mail("m"), branch("b", test, [mail("y")], [mail("n")])))
    lead.connect("s")
    assert (lead.done(lead.event_id("m"), "delivered"), lead.outcomes) == ([], ["result_recorded"])
    assert lead.done(lead.event_id("m"), "opened") == ["s/y", "s completed"]


def test_branches_nest() -> None:
    inner = branch("b2", {"when": {"attribute": "b", "exists": True}}, [mail("ab")], [mail("a")])
    outer = branch("b1", {"when": {"attribute": "a", "exists": True}}, [inner, mail("after")], [])
    for attributes, steps in (
        ({"a": 1, "b": 1}, ["s/ab", "s/after"]),
        ({"a": 1}, ["s/a", "s/after"]),
        ({"b": 1}, []),
    ):
        lead = SequenceHarness(sequence("s", outer, mail("z")))
        lead.state.snapshot.attributes = dict(attributes)
        assert lead.connect("s") == ["s connected", *steps, "s/z", "s completed"]


def test_a_connected_lead_stays_on_its_version() -> None:
    lead = SequenceHarness(sequence("s", email("a"), mail("old")))
    lead.connect("s")
    lead.publish(sequence("s", mail("new")), 2)
    assert lead.done(lead.event_id("a")) == ["s/old", "s completed"]
    assert lead.connect("s") == ["s connected", "s/new", "s completed"]


def test_an_event_connects_to_the_sequences_that_say_so() -> None:
    big = {"on": "lead-qualified", "models": ["m-1"], "when": {"attribute": "size", "above": 5}, "wait": "1h"}
    lead = SequenceHarness(
        sequence("s", email("a"), connect=big), sequence("t", email("b"), connect={"on": "lead-assigned"})
    )
    assert (lead.event("lead-qualified", "m-2"), lead.outcomes) == ([], [])
    assert (lead.event("lead-qualified", "m-1"), lead.outcomes) == ([], ["conditions_not_met"])
    lead.becomes(attributes={"size": 6})
    assert lead.event("lead-qualified", "m-1") == ["s connecting"]
    assert lead.event("lead-assigned") == ["t connected", "t/b"]
    assert lead.until(60 * MINUTE) == ["s connected", "s/a"]


def test_steps_go_to_the_named_owner_or_seller_or_lead_owner() -> None:
    lead = SequenceHarness(sequence("s", mail("a")))

    def owner(**more: str) -> str | None:
        lead.connect("s", **more)
        told = lead.told[-2]
        assert "step_id" in told
        return told.get("owner_id")

    assert owner() is None
    lead.state.snapshot.owner_id = "U-1"
    assert owner() == "U-1"
    lead.state.assigned_to = "U-2"
    assert owner() == "U-2"
    assert owner(owner_id="U-3") == "U-3"


def test_a_reply_does_not_end_the_sequence_that_it_leads_to() -> None:
    test = {"replied": True, "within": "2d"}
    lead = SequenceHarness(
        sequence("s", mail("a"), branch("b", test, [advance("go", "t")], [mail("n")]), **OPEN_TO_REPLIES),
        sequence("t", email("c")),
    )
    lead.connect("s")
    lead.connect("t")
    assert lead.reply() == [
        "s disconnected (advanced)",
        "t disconnected (exit_criterion_met)",
    ]
    lead.connect("s")
    assert lead.reply() == ["s disconnected (advanced)", "t connected", "t/c"]


def test_a_sequence_begun_by_a_reply_has_not_seen_it() -> None:
    test = {"replied": True, "within": "2d"}
    onward = sequence("s", mail("a"), branch("b", test, [advance("go", "u")], [mail("n")]), **OPEN_TO_REPLIES)
    ends = sequence("t", mail("b"), branch("d", test, [mail("y")], [mail("n")]), advance("go2", "u"), **OPEN_TO_REPLIES)
    lead = SequenceHarness(onward, ends, sequence("u", email("c")))
    lead.connect("s")
    lead.connect("t")
    assert lead.reply() == ["s disconnected (advanced)", "u connected", "u/c", "t/y", "t disconnected (advanced)"]
    assert lead.state.connections.keys() == {"u"}
