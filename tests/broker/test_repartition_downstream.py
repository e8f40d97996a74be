"""`repartition` with downstream services: who waits goes on waiting, and nothing comes twice or never."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.client.dead_letters import DeadLetters, Filter
from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import DOWNSTREAM_DEAD_LETTERS
from tests.oracle.reading import partition_of
from tests.support.command_line import CommandLine
from tests.support.downstream import Downstream
from tests.support.messages import change, encode, new_id
from tests.support.topic_reader import TopicReader

pytestmark = pytest.mark.broker

BEFORE, AFTER = 4, 6
LEADS = [f"L-{number}" for number in range(30)]
WAIT_SECONDS = 30
OUTPUTS = ("journey-entry-requested", "lead-assigned", "sequence-step-due", "lead-follow-up-overdue")
STATES = ("journey-state", "assignment-lead-state", "sequence-state", "follow-up-state")
DEFINITIONS: dict[str, dict[str, Any]] = {
    "journey": {"id": "welcome", "trigger": {"event": "lead-qualified"}, "reentry": {"policy": "never"}},
    "sequence": {
        "id": "first",
        "connect": {"on": "lead-qualified"},
        "steps": [
            {"id": "hello", "kind": "automated_email", "template": "welcome"},
            {"id": "breathe", "kind": "wait", "for": f"{WAIT_SECONDS}s"},
            {"id": "call", "kind": "phone_call"},
        ],
    },
    "follow-up": {"id": "soon", "stages": [{"on": "lead-qualified", "within": f"{WAIT_SECONDS}s"}]},
    "assignment": {
        "id": "sales",
        "segments": [{"id": "all", "priority": 1, "rules": [{"id": "all", "sellers": {"ids": ["anna"]}}]}],
    },
}


def qualified(lead_id: str, number: int) -> dict[str, Any]:
    return {
        "event_id": f"{lead_id}/{number}",
        "lead_id": lead_id,
        "qualification_model_id": "enterprise",
        "changes": {},
        "lead": {"status": "open"},
        "occurred_at": datetime.now(UTC).isoformat(),
    }


def anna(line: CommandLine, maximum: int) -> None:
    told = {"event_id": new_id(), "seller_id": "anna", "occurred_at": datetime.now(UTC).isoformat()}
    line.send("seller-changed", b"anna", encode({**told, "time_zone": "UTC", "capacity": {"max": maximum}}))


@pytest.fixture
def line(kafka: Broker, tmp_path: Path) -> Iterator[CommandLine]:
    made = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=BEFORE)
    yield made
    made.close()


def held(line: CommandLine, prefix: str, topic: str) -> dict[bytes, tuple[int, bytes]]:
    """Partition and value of the newest record of each key."""
    reader = TopicReader(line.environment["KAFKA_BOOTSTRAP_SERVERS"], prefix, (topic,))
    reader.read()
    reader.close()
    newest = {record.key: (record.partition, record.value) for record in reader.records[topic]}
    return {key: (at, value) for key, (at, value) in newest.items() if key and key != CHECKPOINT_KEY and value}


def values(records: dict[bytes, tuple[int, bytes]]) -> dict[bytes, bytes]:
    return {key: value for key, (_, value) in records.items()}


def told(events: list[dict[str, Any]], code: int) -> set[str]:
    return {one["lead_id"] for one in events if one["result"]["code"] == code}


def decision_number(event: dict[str, Any]) -> int:
    return int(event["decision_number"])


@pytest.mark.parametrize("history", [True, False], ids=["with history", "without history"])
def test_who_waits_goes_on_waiting_and_every_step_comes_once(line: CommandLine, history: bool) -> None:
    here = Downstream(line, "all", OUTPUTS)
    worker = line.start_worker()
    service = here.start()
    worker.wait_ready()
    anna(line, 20)
    here.until(lambda: b"seller/anna" in held(line, line.prefix, "assignment-state"))
    for kind, definition in DEFINITIONS.items():
        here.publish(kind, definition)
    for number, lead_id in enumerate(LEADS):
        here.send("lead-changed", change(lead_id, number, status="open"))
    here.send("lead-changed", {"lead_id": "L-bad"})
    here.until(lambda: worker.metric("lead_qualifier_held_keys", application="leads") == len(LEADS))
    assert worker.terminate()[0] == 0
    running = line.run("repartition", "--partitions", str(AFTER), "--yes")
    assert running.code == 1
    assert f"processes of {line.environment['LEAD_QUALIFIER_APPLICATION_ID']}-journeys run" in running.err
    for lead_id in LEADS:
        here.send("lead-qualified", qualified(lead_id, 1))
    first = here.wait_for("sequence-step-due", len(LEADS))
    here.wait_for("journey-entry-requested", len(LEADS))
    assigned = here.wait_for("lead-assigned", len(LEADS))
    assert (len(told(assigned, 2)), len(told(assigned, 7))) == (20, 10)
    assert service.terminate()[0] == 0

    new = f"{line.prefix}p{AFTER}."
    options = ("--history",) if history else ()
    before = {topic: held(line, line.prefix, topic) for topic in (*STATES, "assignment-state")}
    done = line.run("repartition", "--partitions", str(AFTER), *options, "--yes", "--json").fine().json()
    copied = {topic: one["records"] for topic, one in done["copied"].items()}
    assert {topic: copied[topic] for topic in STATES} == dict.fromkeys(STATES, len(LEADS))
    assert copied.get("sequence-step-due") == (len(LEADS) if history else None)
    for topic in STATES:
        after = held(line, new, topic)
        assert values(after) == values(before[topic])
        assert all(partition == partition_of(key, AFTER) for key, (partition, _) in after.items())
    assert held(line, new, "assignment-state") == before["assignment-state"]

    old_prefix, line.prefix = line.prefix, new
    line.environment |= {"LEAD_QUALIFIER_TOPIC_PREFIX": new, "LEAD_QUALIFIER_PARTITIONS": str(AFTER)}
    assert "live" in line.run("sequence", "show", "first").fine().out
    assert "nothing to repair" in line.run("topics", "repair", "--downstream").fine().err
    there = Downstream(line, "all", OUTPUTS)
    already = len(LEADS) if history else 0
    assert len(there.events("sequence-step-due")) == already
    process = there.start()
    due = there.wait_for("sequence-step-due", already + len(LEADS), seconds=WAIT_SECONDS + 60)
    steps = Counter((one["lead_id"], one["step_id"]) for one in (due if history else first + due))
    assert steps == {(lead_id, step): 1 for lead_id in LEADS for step in ("hello", "call")}
    begun = {one["lead_id"]: datetime.fromisoformat(one["due_at"]) for one in first}
    calls = {one["lead_id"]: datetime.fromisoformat(one["due_at"]) for one in due if one["step_id"] == "call"}
    late = sorted((calls[lead_id] - begun[lead_id]).total_seconds() - WAIT_SECONDS for lead_id in LEADS)
    print(f"waits over a repartition were late by {late[0]:.3f} s (best), {late[-1]:.3f} s (worst)")
    assert late[0] >= 0
    overdue = there.wait_for("lead-follow-up-overdue", 10)
    assert {one["lead_id"] for one in overdue} == told(assigned, 7)

    # what is held is held: no journey is entered twice, and who waits for a seller longest comes first
    for lead_id in sorted(told(assigned, 2))[:5]:
        there.send("lead-qualified", qualified(lead_id, 2))
    anna(line, 23)
    before_that = {one["event_id"] for one in assigned}
    there.wait_for("lead-assigned", already + 3)
    later = [one for one in there.events("lead-assigned") if one["event_id"] not in before_that]
    longest = [one["lead_id"] for one in sorted(assigned, key=decision_number) if one["result"]["code"] == 7][:3]
    assert [(one["lead_id"], one["result"]["code"]) for one in sorted(later, key=decision_number)] == [
        (lead_id, 2) for lead_id in longest
    ]
    assert [one["decision_number"] for one in sorted(later, key=decision_number)] == [31, 32, 33]
    repeated = {"definition": "welcome", "outcome": "already_entered"}
    there.until(lambda: process.metric("lead_qualifier_downstream_outcomes_total", **repeated) == 5)
    there.wait_for("journey-entry-requested", already)
    sequence = {**DEFINITIONS["sequence"], "name": "First"}
    file = line.folder / "second.yaml"
    file.write_bytes(encode(sequence))
    line.run("sequence", "apply", str(file), "--draft").fine()
    assert "version 2" in line.run("sequence", "publish", "first", "--replace").fine().out
    connection = Connection(bootstrap_servers=line.environment["KAFKA_BOOTSTRAP_SERVERS"])
    letters = DeadLetters(connection, topic_prefix=new, topic=DOWNSTREAM_DEAD_LETTERS)
    assert len(list(letters.find(Filter()))) == (4 if history else 0)

    assert process.terminate()[0] == 0
    there.send("sequence-connections", {"event_id": new_id(), "lead_id": "L-0"})
    open_one = line.run("repartition", "--partitions", "3", "--yes")
    assert open_one.code == 1
    assert f"{new}sequence-connections-{partition_of(b'L-0', AFTER)} (up to 1 records)" in open_one.err
    assert "let `lead-qualifier downstream sequences` finish" in open_one.err
    line.prefix = old_prefix
