"""The sequences service on a real broker: from a file to steps that are due, each once and on time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.downstream import Downstream
from tests.support.messages import new_id
from tests.support.processor_harness import NOW
from tests.support.schemas import breaches

pytestmark = pytest.mark.broker

DUE = "sequence-step-due"
CHANGED = "sequence-changed"
LEADS = 30
WAIT_SECONDS = 8
STEPS: list[dict[str, Any]] = [
    {"id": "hello", "kind": "automated_email", "template": "welcome"},
    {"id": "breathe", "kind": "wait", "for": f"{WAIT_SECONDS}s"},
    {"id": "call", "kind": "phone_call"},
    {
        "id": "reached",
        "branch": {"result_of": "call", "equals": "reached"},
        "yes": [{"id": "note", "kind": "update_field", "attribute": "reached", "value": True}],
        "no": [{"id": "again", "kind": "automated_email"}],
    },
]


@pytest.fixture
def service(kafka: Broker, tmp_path: Path) -> Iterator[Downstream]:
    line = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=4)
    made = Downstream(line, "sequences", (DUE, CHANGED, "sequence-state", "sequence-definition-changed"))
    yield made
    made.close()


def message(lead_id: str, **fields: Any) -> dict[str, Any]:
    return {"event_id": new_id(), "lead_id": lead_id, "occurred_at": NOW.isoformat(), **fields}


def connect(service: Downstream, lead_id: str) -> None:
    service.send("sequence-connections", message(lead_id, sequence_id="first", action="connect"))


def answer(service: Downstream, step: dict[str, Any], result: str) -> None:
    done = message(step["lead_id"], kind=step["kind"], step_event_id=step["event_id"], result=result)
    service.send("activity-completed", done)
    service.send("activity-completed", done)  # as senders do that are not sure


def lateness(events: list[dict[str, Any]]) -> list[float]:
    """How much later than its wait each call was due, in seconds."""
    at = {(one["lead_id"], one["step_id"]): datetime.fromisoformat(one["due_at"]) for one in events}
    return [
        (when - at[lead_id, "hello"]).total_seconds() - WAIT_SECONDS
        for (lead_id, step_id), when in at.items()
        if step_id == "call"
    ]


def of(events: list[dict[str, Any]], step_id: str) -> list[dict[str, Any]]:
    return [one for one in events if one["step_id"] == step_id]


def test_from_a_file_to_the_last_step_on_time(service: Downstream) -> None:
    line = service.line
    process = service.start()
    bad = line.folder / "bad.yaml"
    bad.write_text("id: first\nsteps:\n- {id: a, kind: automated_email}\n- {id: w, kind: wait, for: 1d}\n")
    refused = line.run("sequence", "apply", str(bad))
    assert refused.code == 1
    assert "must not be the last step" in refused.err
    bad.write_text("id: first\nsteps:\n- {id: a, kind: automated_email}\n- {id: go, kind: advance, to: nurture}\n")
    refused = line.run("sequence", "apply", str(bad))
    assert refused.code == 1
    assert "steps.1.to: names nurture, which is not a sequence: there are none yet" in refused.err
    service.publish("sequence", {"id": "first", "steps": STEPS})
    for number in range(LEADS):
        connect(service, f"L-{number}")
    events = service.wait_for(DUE, 2 * LEADS, seconds=WAIT_SECONDS + 30)
    late = sorted(lateness(events))
    print(f"timers were late by {late[len(late) // 2]:.3f} s (median), {late[-1]:.3f} s (worst)")
    assert late[0] >= 0
    assert late[-1] < 1, "a timer is to be exact to the second"
    for step in of(events, "call"):
        answer(service, step, "reached" if step["lead_id"] in {"L-1", "L-2"} else "voicemail")
    events = service.wait_for(DUE, 3 * LEADS)
    assert {one["lead_id"] for one in of(events, "note")} == {"L-1", "L-2"}
    assert len(of(events, "again")) == LEADS - 2
    states = Counter(one["state"] for one in service.wait_for(CHANGED, 2 * LEADS))
    assert states == {"connected": LEADS, "completed": LEADS}
    assert process.metric("lead_qualifier_downstream_outcomes_total", definition="first", outcome="completed") == LEADS

    connect(service, "L-1")
    connect(service, "L-2")
    service.wait_for(DUE, 3 * LEADS + 2)
    line.run("sequence", "stop", "first").fine()
    changes = service.wait_for(CHANGED, 2 * LEADS + 4)
    assert [(one["state"], one.get("reason"), one["connection_number"]) for one in changes[-2:]] == [
        ("disconnected", "parent_deactivated", 2)
    ] * 2
    for number in range(LEADS):
        line.send("lead-changed", f"L-{number}".encode(), None)
    service.until(lambda: service.remembers_only_erasures("sequence-state"))
    assert process.terminate()[0] == 0
    assert service._reader is not None
    service._reader.read()
    assert breaches([record for records in service._reader.records.values() for record in records]) == []


def test_waits_survive_a_kill_and_every_step_comes_once(service: Downstream) -> None:
    first = service.start()
    service.publish("sequence", {"id": "first", "steps": STEPS})
    second = service.start()
    leads = {f"L-{number}" for number in range(LEADS)}
    for lead_id in leads:
        connect(service, lead_id)
    events = service.wait_for(DUE, LEADS)
    first.kill()
    assert of(service.events(DUE), "call") == [], "the machine is too slow for this test: the wait was over"
    events = service.wait_for(DUE, 2 * LEADS, seconds=90)
    late = sorted(lateness(events))
    best, median, worst = late[0], late[len(late) // 2], late[-1]
    print(f"over a kill timers were late by {best:.3f} s (best), {median:.3f} s (median), {worst:.3f} s (worst)")
    assert best >= 0
    for step in of(events, "call"):
        answer(service, step, "reached")
    service.start()  # takes half of the partitions while the answers are decided
    events = service.wait_for(DUE, 3 * LEADS, seconds=60)
    assert Counter((one["lead_id"], one["step_id"]) for one in events) == {
        (lead_id, step_id): 1 for lead_id in leads for step_id in ("hello", "call", "note")
    }
    assert len({one["event_id"] for one in events}) == 3 * LEADS
    states = Counter(one["state"] for one in service.wait_for(CHANGED, 2 * LEADS))
    assert states == {"connected": LEADS, "completed": LEADS}
    assert second.running
