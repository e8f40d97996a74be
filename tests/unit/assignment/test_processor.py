"""Random occurrences, with cycles that are thrown away between: every decision is the sequential oracle's."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from lead_qualifier.assignment.processor import AssignmentProcessor
from lead_qualifier.assignment.state import ALARM, Alarm, HeldLead, decode_state, encode_state
from lead_qualifier.engine import Application, Input, ProcessorContext, Record, Rejected
from tests.oracle.assignment import AssignmentOracle, as_told

T0 = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the night before the clock changes in Berlin
SELLERS = [f"S{number}" for number in range(8)]
NORTH = {"attribute": "region", "equals": "north"}
ALIKE = {"attribute": "region", "same_as": "region"}
DEFINITION: dict[str, Any] = {
    "id": "sales",
    "models": ["M1", "M2"],
    "max_age": "30h",
    "segments": [
        {"id": "empty", "priority": 9, "when": {"attribute": "size", "at_least": 9}, "rules": []},
        {
            "id": "regions",
            "priority": 5,
            "when": {"attribute": "region", "exists": True},
            "rules": [
                {"id": "team", "when": {"attribute": "size", "equals": 1}, "team": {"when": ALIKE}},
                {"id": "queue", "when": {"attribute": "size", "equals": 2}, "queue": {"when": NORTH}},
                {"id": "alike", "sellers": {"when": ALIKE}, "distribute": "load_balancing", "available_within": "3h"},
            ],
        },
        {
            "id": "rest",
            "priority": 1,
            "when": {"attribute": "size", "at_least": 3},
            "rules": [{"id": "some", "sellers": {"ids": SELLERS[:4]}, "available_within": "1h"}],
        },
    ],
    "teams": [{"id": "T1", "attributes": {"region": "north"}}, {"id": "T2", "attributes": {"region": "south"}}],
    "queues": [{"id": "Q1", "attributes": {"region": "north"}}, {"id": "Q2", "attributes": {"region": "north"}}],
}


def cause(now: datetime, **more: Any) -> dict[str, Any]:
    trigger = {"event_id": "E", "topic": "lead-changed", "partition": 0, "offset": 1}
    return {"cause": {"trigger": trigger, "occurred_at": now.isoformat()}, **more}


def occurrence(random: Random, now: datetime, leads: int) -> dict[str, Any]:
    lead_id = f"L{random.randrange(leads)}"
    facts: dict[str, Any] = {"own": {}, "attributes": {"size": random.randrange(10)}}
    if random.random() < 0.6:
        facts["attributes"]["region"] = random.choice(["north", "south", "west"])
    match random.randrange(10):
        case 0 | 1 | 2 | 3:
            at = now - timedelta(hours=random.choice([0, 0, 29, 31]))
            return cause(at, type="qualified", lead_id=lead_id, model_id=random.choice(["M1", "M2", "M3"]), **facts)
        case 4 | 5:
            owner = random.choice([None, "boss", *SELLERS])
            if owner:
                facts["own"]["owner_id"] = owner
            at = now - timedelta(hours=0 if facts["attributes"]["size"] % 3 else 2)
            return cause(at, type="changed", lead_id=lead_id, owner_changed=owner is not None, **facts)
        case 6:
            return cause(now, type="closed", lead_id=lead_id)
        case 7:
            return {"type": "tick", "occurred_at": now.isoformat()}
        case 8 if random.random() < 0.3:
            what = random.choice(["stop", "publish"])
            return command(what, now)
    seller_id = random.choice(SELLERS)
    seller: dict[str, Any] = {
        "event_id": "E",
        "seller_id": seller_id,
        "occurred_at": (now - timedelta(minutes=random.randrange(20))).isoformat(),
        "time_zone": random.choice(["Europe/Berlin", "America/New_York", "UTC"]),
        "attributes": {"region": random.choice(["north", "south"])},
        "capacity": {"max": random.randrange(4)},
        "status": random.choice(["active", "active", "inactive"]),
    }
    if random.random() < 0.5:
        seller["work_hours"] = {day: [["22:00", "06:00"], ["09:00", "15:00"]] for day in ("sat", "sun", "mon")}
    if random.random() < 0.1 and seller_id not in SELLERS[:4]:  # whom the definition names
        return cause(now, type="seller", seller_id=seller_id)
    return cause(datetime.fromisoformat(seller["occurred_at"]), type="seller", seller_id=seller_id, seller=seller)


def alarm_in(entries: dict[bytes, bytes]) -> int | None:
    if ALARM not in entries:
        return None
    alarm = decode_state(entries[ALARM])
    assert isinstance(alarm, Alarm)
    return alarm.due


def check_that_nothing_changes_before(oracle: AssignmentOracle, alarm: int | None, now: datetime) -> None:
    """By time alone."""
    until = now + timedelta(days=2) if alarm is None else datetime.fromtimestamp(alarm / 1000 - 0.002, UTC)
    if until > now:
        later = deepcopy(oracle)
        later.replay({"type": "tick"}, until)
        assert later.told == oracle.told


def command(what: str, now: datetime, definition: dict[str, Any] = DEFINITION) -> dict[str, Any]:
    told = {"command_id": f"{what}{now}", "definition_id": "sales", "command": what, "issued_by": "T"}
    if what == "apply":
        told["definition"] = definition  # type: ignore[assignment]
    return cause(now, type="command", command={**told, "issued_at": now.isoformat()})


def application(topic: str, processor: AssignmentProcessor) -> Application:
    return Application(
        name="assignment",
        inputs=(Input(topic),),
        changelog="state",
        dead_letters="dead",
        partitions=1,
        processor=processor,
        encode_state=encode_state,
        decode_state=decode_state,
        keyed=False,
    )


@pytest.mark.parametrize("seed", range(12))
def test_every_decision_is_the_oracles_if_cycles_are_discarded(seed: int) -> None:
    random = Random(seed)
    decider, oracle = AssignmentProcessor("", "/test"), AssignmentOracle()
    app = application("assignment-queue", decider)
    entries: dict[bytes, bytes] = {}
    decider.opened(0, entries)
    now = T0
    named = [
        {"event_id": "E", "seller_id": one, "occurred_at": now.isoformat(), "time_zone": "UTC"} for one in SELLERS[:4]
    ]
    queue = [cause(now, type="seller", seller_id=one["seller_id"], seller=one) for one in named]
    definition = DEFINITION | {"departed": ["keep", "reassign"][seed // 2 % 2]}
    queue += [command("apply", now, definition), command("publish", now)]
    offset = 0
    events: list[dict[str, Any]] = []
    live = True
    for _ in range(450):
        now += timedelta(minutes=600 if random.random() < 0.01 else random.choice([0, 0, 1, 7, 30]))
        queue.append(occurrence(random, now, 40 if seed % 2 else 400))
        if queue[-1]["type"] == "command":
            what = "stop" if live else "publish"
            live = not live
            queue[-1] = command(what, now)
        for lost in (random.random() < 0.2, False):
            context = ProcessorContext(app, 0, entries, now_ms=int(now.timestamp() * 1000))
            alarm = alarm_in(entries)
            if alarm is not None and alarm <= context.now_ms and random.random() < 0.5:  # later, after an outage
                decider.on_timer(ALARM, context)
            for number, queued in enumerate(queue):
                record = Record("assignment-queue", 0, offset + number, 0, b"", json.dumps(queued).encode(), ())
                context.record = record
                decider.process(record, context)
            if not lost:
                break
        for change in context.changes():
            if change["value"] is None:
                entries.pop(change["key"], None)
            else:
                entries[change["key"]] = change["value"]
        decider.committed(context)
        if random.random() < 0.05:
            decider.opened(0, entries)
        for queued in queue:
            oracle.replay(queued, now)
        offset += len(queue)
        queue = [json.loads(out.value or b"") for out in context.outputs if out.topic == "assignment-queue"]
        new = [json.loads(out.value or b"") for out in context.outputs if out.topic == "lead-assigned"]
        assert [as_told(event) for event in new] == oracle.told[len(events) :]
        events += new
        if not queue and random.random() < 0.05:
            check_that_nothing_changes_before(oracle, alarm_in(entries), now)
    assert [event["decision_number"] for event in events] == list(range(1, len(events) + 1))
    assert len({event["event_id"] for event in events}) == len(events)
    assert any("owner_departed" in event for event in events)
    assert {event["result"]["code"] for event in events} >= {1, 2, 4, 5, 7, 8, 9, 11}


class Queue:
    """The queue's decider with what it keeps, one record to a cycle."""

    def __init__(self, entries: dict[bytes, bytes] | None = None) -> None:
        self.decider = AssignmentProcessor("", "/test")
        self.entries = {} if entries is None else entries
        self.application = application("q", self.decider)
        self.decider.opened(0, self.entries)
        self.offset = 0
        self.ticks = 0

    def decide(self, queued: dict[str, Any], now: datetime = T0) -> list[tuple[Any, ...]]:
        return self._cycle(now, lambda context: self.decider.process(self._record(queued, context), context))

    def schedule(self, now: datetime = T0) -> list[tuple[int, bytes]]:
        """What the timers wait for when the partition is opened, and looks at what is due."""
        timers = list(self.decider.timers(self.entries))
        for due, key in timers:
            if due <= now.timestamp() * 1000:
                self._cycle(now, lambda context, key=key: self.decider.on_timer(key, context))
        return timers

    def _record(self, queued: dict[str, Any], context: ProcessorContext) -> Record:
        self.offset += 1
        context.record = Record("q", 0, self.offset, 0, b"", json.dumps(queued).encode(), ())
        return context.record

    def _cycle(self, now: datetime, what: Any) -> list[tuple[Any, ...]]:
        context = ProcessorContext(self.application, 0, self.entries, now_ms=int(now.timestamp() * 1000))
        try:
            what(context)
        except Rejected:
            self.decider.committed(context)  # with a dead letter
            raise
        for change in context.changes():
            if change["value"] is None:
                self.entries.pop(change["key"], None)
            else:
                self.entries[change["key"]] = change["value"]
        self.decider.committed(context)
        self.ticks += sum(out.topic == "assignment-queue" for out in context.outputs)
        return [as_told(json.loads(out.value or b"")) for out in context.outputs if out.topic == "lead-assigned"]


def told_of_seller(seller_id: str, **fields: Any) -> dict[str, Any]:
    seller = {"event_id": "E", "seller_id": seller_id, "occurred_at": T0.isoformat(), "time_zone": "UTC", **fields}
    return cause(T0, type="seller", seller_id=seller_id, seller=seller)


def lead_qualified(lead_id: str, **fields: Any) -> dict[str, Any]:
    return cause(T0, type="qualified", lead_id=lead_id, model_id="M1", own={}, attributes={}, **fields)


SIMPLE: dict[str, Any] = {
    "id": "sales",
    "max_age": "4h",
    "segments": [
        {"id": "all", "priority": 1, "rules": [{"id": "r", "sellers": {"when": {"attribute": "x", "exists": False}}}]}
    ],
}


def with_two_sellers() -> Queue:
    """S has L1, T has L2, and L3 waits."""
    queue = Queue()
    queue.decide(told_of_seller("S", capacity={"max": 1}))
    queue.decide(told_of_seller("T", capacity={"max": 1}))
    queue.decide(command("apply", T0, SIMPLE))
    queue.decide(command("publish", T0))
    assert [queue.decide(lead_qualified(f"L{number}"))[0][1] for number in (1, 2, 3)] == [2, 2, 7]
    return queue


@pytest.mark.parametrize("key", [b"lead/L2", b"lead/L3", b"seller/T", b"definition/sales", b"counters", b"alarm"])
@pytest.mark.parametrize("spoilt", [b"{", b"\xff", b"[1]", b"[" * 20_000, b'{"type": "hello"}'])
def test_unreadable_state_is_left_out_and_the_rest_goes_on(key: bytes, spoilt: bytes) -> None:
    entries = with_two_sellers().entries
    assert key in entries
    entries[key] = spoilt
    queue = Queue(entries)
    queue.schedule()
    assert queue.decide({"type": "tick", "occurred_at": T0.isoformat()}) == (
        [("L3", 1, None)] if key.startswith(b"definition") else []
    )
    if key.startswith(b"lead"):
        lead_id = key[5:].decode()
        with pytest.raises(Rejected, match="unreadable"):
            queue.decide(lead_qualified(lead_id))
        assert queue.entries[key] == spoilt
        assert not queue.decide(cause(T0, type="closed", lead_id=lead_id))
        assert key not in queue.entries
        assert queue.decide(lead_qualified(lead_id)) == [(lead_id, 7, None, "sales", 1, "all", "r")]
        return
    told = queue.decide(lead_qualified("L4"))
    assert told == [("L4", 1, None) if key.startswith(b"definition") else ("L4", 7, None, "sales", 1, "all", "r")]
    queue.decide(cause(T0, type="closed", lead_id="L2"))
    told = queue.decide(told_of_seller("T", capacity={"max": 1}))
    if key == b"seller/T":
        assert [one[:3] for one in told] == [("L3", 2, "T")]
    if key.startswith(b"definition"):
        queue.decide(command("apply", T0, SIMPLE))
        assert queue.entries[key] == spoilt
    else:
        assert all(decode_state(value) for value in queue.entries.values())


def test_numbers_and_places_are_unique_without_counters() -> None:
    entries = with_two_sellers().entries
    before = {one: decode_state(value) for one, value in entries.items() if one.startswith(b"lead/")}
    entries[b"counters"] = b"{"
    queue = Queue(entries)
    queue.decide(lead_qualified("L4"))
    after = decode_state(queue.entries[b"lead/L4"])
    assert isinstance(after, HeldLead)
    assert all(after.number > one.number and after.waits > one.waits for one in before.values())


def test_an_unreadable_seller_keeps_the_capacity_left() -> None:
    entries = with_two_sellers().entries
    entries[b"seller/T"] = b"{"
    queue = Queue(entries)
    assert not queue.decide(told_of_seller("T", capacity={"max": 1}))
    assert [one[:3] for one in queue.decide(cause(T0, type="closed", lead_id="L2"))] == [("L3", 2, "T")]


@pytest.mark.parametrize("alarm", [None, b"{"])
def test_waiting_leads_are_attempted_on_opening_without_alarm(alarm: bytes | None) -> None:
    entries = with_two_sellers().entries
    due = decode_state(entries.pop(b"alarm"))
    if alarm is not None:
        entries[b"alarm"] = alarm
    queue = Queue(entries)
    assert queue.schedule() == [(0, b"alarm")]
    assert queue.ticks == 1
    queue.decide({"type": "tick", "occurred_at": T0.isoformat()})
    assert decode_state(queue.entries[b"alarm"]) == due
    assert not Queue().schedule()
