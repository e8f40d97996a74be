"""The assignment service with three workers, one of which is killed: every decision is the sequential oracle's."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.broker.conftest import Install
from tests.oracle.assignment import AssignmentOracle, as_told
from tests.support.messages import change, command, encode, new_id
from tests.support.topic_reader import TopicReader
from tests.support.worker_process import WorkerProcess
from tests.unit.assignment.test_processor import DEFINITION, SELLERS

pytestmark = pytest.mark.broker
TOPICS = (
    "assignment-queue",
    "assignment-state",
    "lead-assigned",
    "downstream-dead-letters",
    "assignment-definition-changed",
)


def seller(name: str, maximum: int) -> dict[str, Any]:
    told = {"event_id": new_id(), "seller_id": name, "occurred_at": datetime.now(UTC).isoformat()}
    return {**told, "time_zone": "UTC", "attributes": {"region": "north"}, "capacity": {"max": maximum}}


def qualified(lead_id: str) -> dict[str, Any]:
    return {
        "event_id": new_id(),
        "lead_id": lead_id,
        "qualification_model_id": "M1",
        "changes": {},
        "lead": {},
        "occurred_at": datetime.now(UTC).isoformat(),
    }


def test_every_assignment_is_the_oracles_despite_a_kill(install: Install, tmp_path: Path) -> None:
    here = install()

    def start(number: int) -> WorkerProcess:
        program = ("lead_qualifier", "downstream", "assignment")
        worker = WorkerProcess(here._environment, tmp_path / f"{number}.log", program)
        here.workers.append(worker)
        return worker

    start(0).wait_ready()
    workers = [here.workers[0], start(1), start(2)]
    for worker in workers:
        worker.wait_ready()
    reader = TopicReader(here.bootstrap, here.prefix, TOPICS)

    def give(topic: str, key: str, message: dict[str, Any] | None) -> None:
        here.send_bytes(topic, key.encode(), None if message is None else encode(message))

    def until(what: str, holds: Any) -> None:
        here.flush()
        deadline = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < deadline, what
            reader.read()
            time.sleep(0.05)

    for name in SELLERS:
        give("seller-changed", name, seller(name, 5))
    give("seller-changed", "bad", {**seller("bad", 1), "time_zone": "Europe/Atlantis"})
    until("sellers", lambda: len(reader.records["assignment-queue"]) == len(SELLERS))
    for what in ("apply", "publish"):
        order = {**command(what, "sales"), "definition_id": "sales"}
        give("assignment-commands", "sales", {**order, **({"definition": DEFINITION} if what == "apply" else {})})
    until("published", lambda: len(reader.records["assignment-definition-changed"]) == 2)
    outcomes = [json.loads(one.value or b"") for one in reader.records["assignment-definition-changed"]]
    assert [one["outcome"] for one in outcomes] == ["accepted", "accepted"], outcomes

    # Somebody assigns a lead by hand: what is given below may overtake the assignment that it is to change.
    give("lead-changed", "by-hand", change("by-hand", 0, attributes={"size": 5, "region": "north"}))
    give("lead-qualified", "by-hand", qualified("by-hand"))
    until("decided at all", lambda: reader.records["lead-assigned"])
    by_hand = {"occurred_at": datetime.now(UTC).isoformat(), "owner_id": SELLERS[-1]}
    give("lead-changed", "by-hand", {**change("by-hand", 0), **by_hand})
    until("assigned by hand", lambda: len(reader.records["lead-assigned"]) > 1)

    random = Random(3)
    for number in range(600):
        lead_id = f"L{number}"
        facts = {"size": random.randrange(10), "region": random.choice(["north", "south"])}
        give("lead-changed", lead_id, change(lead_id, number, attributes=facts))
        give("lead-qualified", lead_id, qualified(lead_id))
        other = f"L{random.randrange(number + 1)}"
        later = {**change(other, 0), "occurred_at": datetime.now(UTC).isoformat()}
        if number % 3 == 0:
            give("lead-changed", other, {**later, "status": "disqualified"})
        elif number % 7 == 0:
            give("lead-changed", other, {**later, "owner_id": random.choice(SELLERS)})
        elif number % 11 == 0:
            give("lead-changed", other, None)
        if number % 50 == 0:
            name = random.choice(SELLERS)
            give("seller-changed", name, seller(name, random.randrange(4, 9)))
        if number == 300:
            here.flush()
            time.sleep(1)
            workers[0].kill()
    here.flush()
    oracle, replayed = AssignmentOracle(), 0

    grown: list[float] = [0, time.monotonic()]

    def foretold() -> bool:
        nonlocal replayed
        positions = [
            json.loads(one.value or b"") for one in reader.records["assignment-state"] if one.key == b"\xffposition"
        ]
        nexts = [(one["next"].get(here.prefix + "assignment-queue", 0), one["clock"]) for one in positions]
        for record in reader.records["assignment-queue"][replayed:]:
            clock = next((at for following, at in nexts if following > record.offset), None)
            if clock is None:
                return False
            oracle.replay(json.loads(record.value or b""), datetime.fromtimestamp(clock / 1000, UTC))
            replayed += 1
        size = len(reader.records["assignment-queue"])
        if size != grown[0]:
            grown[:] = [size, time.monotonic()]
        return time.monotonic() - grown[1] > 6 and len(reader.records["lead-assigned"]) >= len(oracle.told)

    until("decided", foretold)
    events = [json.loads(one.value or b"") for one in reader.records["lead-assigned"]]
    events.sort(key=lambda one: one["decision_number"])
    assert [one["decision_number"] for one in events] == list(range(1, len(events) + 1))
    assert [as_told(one) for one in events] == oracle.told
    assert {one["result"]["code"] for one in events} >= {2, 7, 8, 9, 14}
    reasons = [dict(one.headers)["dl_reason"] for one in reader.records["downstream-dead-letters"]]
    assert len(reasons) == 1
    assert b"Europe/Atlantis" in (reasons[0] or b"")
    reader.close()
