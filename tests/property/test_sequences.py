"""Whatever happens to a lead in whatever order: it is told what the naive oracle tells, each step once, on time."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.downstream.event_ids import event_id
from tests.oracle.sequences import LeadInSequences
from tests.support.examples import examples
from tests.support.sequence_harness import (
    MINUTE,
    T0,
    SequenceHarness,
    advance,
    branch,
    email,
    is_step,
    mail,
    sequence,
    shown,
    wait,
)

PATIENT = sequence(
    "a",
    mail("a1"),
    wait("a2", "3m"),
    email("a3"),
    branch("a4", {"result_of": "a3", "equals": "yes", "within": "2m"}, [email("a5")], [wait("a6", "1m"), mail("a7")]),
    branch(
        "a8",
        {"replied": False, "within": "4m"},
        [
            branch(
                "a9", {"when": {"attribute": "size", "above": 5}, "within": "1m"}, [mail("a10")], [advance("a11", "b")]
            )
        ],
        [mail("a12")],
    ),
    wait("a13", "1m"),
    email("a14"),
    exit={"on_reply": False, "when": {"attribute": "stop", "equals": True}},
)
LEAVES_ON_REPLY = sequence("b", email("b1"), wait("b2", "2m"), mail("b3"))
LEADS_ON = sequence("c", mail("c1"), wait("c2", "1m"), advance("c3", "a"))
ALL = {one["id"]: one for one in (PATIENT, LEAVES_ON_REPLY, LEADS_ON)}
_names = st.sampled_from(sorted(ALL))

#: What moves leads on is far likelier than what ends their ways: most histories are to go deep.
_ON = st.one_of(
    st.tuples(st.just("connect"), st.sampled_from(["a", "a", "b", "c"]), st.sampled_from([0, 0, MINUTE])),
    st.tuples(st.just("answer"), st.sampled_from(["yes", "no", None])),
    st.tuples(st.just("answer"), st.sampled_from(["yes", "no", None])),
    st.tuples(st.just("pass"), st.integers(1, 4).map(lambda minutes: minutes * MINUTE)),
    st.tuples(st.just("pass"), st.integers(1, 4).map(lambda minutes: minutes * MINUTE)),
    st.tuples(st.just("pass"), st.sampled_from([1, MINUTE - 1, 3 * MINUTE - 1])),
)
_ELSE = st.one_of(
    st.tuples(st.just("done"), st.integers(0, 30), st.sampled_from(["yes", "no", None])),
    st.tuples(st.just("change"), st.just("size"), st.sampled_from([1, 9])),
    st.tuples(st.just("reply"), st.booleans()),
    st.tuples(st.just("automatic"), st.integers(0, 30), st.sampled_from(["yes", "no", None])),
)
_END = st.one_of(
    st.tuples(st.just("disconnect"), _names),
    st.tuples(st.just("change"), st.just("stop"), st.booleans()),
    st.tuples(st.just("close"), st.booleans()),
    st.tuples(st.just("stop"), _names),
    st.tuples(st.just("start"), _names),
)
EVENTS = st.lists(
    st.integers(0, 19).flatmap(lambda which: _END if which == 19 else _ELSE if which > 14 else _ON),
    min_size=1,
    max_size=60,
)
ENOUGH = examples(400)


class Both:
    """The same lead at the decider and at the oracle."""

    def __init__(self) -> None:
        self.lead = SequenceHarness(*ALL.values())
        self.all = dict(self.lead.live)
        self.oracle = LeadInSequences(dict(ALL))
        self.at: list[int] = []

    def happens(self, event: tuple[Any, ...]) -> None:
        lead, oracle = self.lead, self.oracle
        match event:
            case "connect", name, wait_ms:
                lead.connect(name, wait_ms=wait_ms)
                oracle.connect(name, wait_ms=wait_ms)
            case "disconnect", name:
                lead.disconnect(name)
                oracle.disconnect(name)
            case "done", which, result:
                self._done(which, result)
            case "automatic", which, result:
                assert lead.reply(automatic=True) == []
                self._done(which, result, automatic=True)
            case "answer", result:
                self._answer(result)
            case "reply", late:
                lead.reply(T0 - timedelta(minutes=1) if late else None)
                oracle.reply(-MINUTE if late else None)
            case "change", name, value:
                lead.becomes(attributes={**lead.state.snapshot.attributes, name: value})
                oracle.change(attributes={name: value})
            case "close", closed:
                lead.becomes(status="disqualified" if closed else "open")
                oracle.change(status="disqualified" if closed else "open")
            case "stop", name if name in lead.live:
                lead.stop(name)
                del oracle.live[name]
                oracle.stopped()
            case "start", name:
                lead.live[name] = self.all[name]
                lead.live = dict(sorted(lead.live.items()))
                oracle.live[name] = ALL[name]
            case "pass", length:
                self._pass(lead.now + length)
        self.at += [lead.now] * (len(lead.told) - len(self.at))

    def _done(self, which: int, result: str | None, *, automatic: bool = False) -> None:
        given_out = [one for one in self.lead.told if is_step(one)]
        if not given_out:
            return
        step = given_out[which % len(given_out)]
        self.lead.done(step["event_id"], result, automatic=automatic)
        self.oracle.done(*_step(step), result, automatic=automatic)

    def _answer(self, result: str | None) -> None:
        """Do what some connected lead's step asked for last."""
        for one in reversed(self.lead.told):
            connection = self.lead.state.connections.get(one["sequence_id"])
            if is_step(one) and connection is not None and connection.number == one["connection_number"]:
                self.lead.done(one["event_id"], result)
                self.oracle.done(*_step(one), result)
                return

    def _pass(self, end: int) -> None:
        while times := [one.due_ms for one in self.lead.state.connections.values() if one.due_ms is not None]:
            if min(times) > end:
                break
            self.lead.until(min(times))
            self.at += [self.lead.now] * (len(self.lead.told) - len(self.at))
        self.lead.now = end
        self.oracle.elapse(end)


@ENOUGH
@given(EVENTS)
def test_a_lead_is_told_what_the_oracle_tells(events: list[tuple[Any, ...]]) -> None:
    both = Both()
    for event in events:
        both.happens(event)
        told = [
            (*_connection(one), f"step:{one['step_id']}" if is_step(one) else one["state"]) for one in both.lead.told
        ]
        foretold = [(name, number, what.split(" ")[0]) for name, number, what in both.oracle.told]
        assert told == foretold
        reasons = [shown(one).split(" ", 1)[1] for one in both.lead.told if not is_step(one)]
        assert reasons == [what for _, _, what in both.oracle.told if not what.startswith("step:")]


@ENOUGH
@given(EVENTS)
def test_each_step_is_due_once_a_connection_and_waits_are_exact(events: list[tuple[Any, ...]]) -> None:
    both = Both()
    for event in events:
        both.happens(event)
    given_out = [one for one in both.lead.told if is_step(one)]
    assert all(count == 1 for count in Counter(one["event_id"] for one in given_out).values())
    assert len({_step(one) for one in given_out}) == len(given_out)
    connected_by: dict[tuple[str, int], str] = {}
    for one in both.lead.told:
        connected_by.setdefault(_connection(one), one["trigger"]["event_id"])
    for one in given_out:
        sequence_id, number, step_id = _step(one)
        identity = (sequence_id, 1, number, connected_by[sequence_id, number])
        assert one["event_id"] == event_id("sequence-step-due", "L-1", *identity, step_id)
    times = {
        _step(one) if is_step(one) else (*_connection(one), one["state"]): at
        for one, at in zip(both.lead.told, both.at, strict=True)
    }
    for (name, number, what), at in times.items():
        if (name, what) == ("a", "a3"):
            assert at - times[name, number, "a1"] == 3 * MINUTE
        if (name, what) == ("c", "disconnected") and ("c", number, "c1") in times:
            assert at - times[name, number, "c1"] <= MINUTE
    ends = {"completed", "error", "disconnected"}
    over = Counter(_connection(one) for one in both.lead.told if one.get("state") in ends)
    assert all(count == 1 for count in over.values())


def _connection(told: dict[str, Any]) -> tuple[str, int]:
    return told["sequence_id"], told["connection_number"]


def _step(told: dict[str, Any]) -> tuple[str, int, str]:
    return (*_connection(told), told["step_id"])
