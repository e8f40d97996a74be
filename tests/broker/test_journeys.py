"""The journeys service on a real broker: from a file to journey entries, exactly once also where it is killed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.downstream import Downstream
from tests.support.processor_harness import changed, qualified
from tests.support.schemas import breaches

pytestmark = pytest.mark.broker

REQUESTED = "journey-entry-requested"


@pytest.fixture
def service(kafka: Broker, tmp_path: Path) -> Iterator[Downstream]:
    line = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=4)
    made = Downstream(line, "journeys", (REQUESTED, "journey-state", "journey-definition-changed"))
    yield made
    made.close()


def test_from_a_file_to_journey_entries(service: Downstream) -> None:
    line = service.line
    process = service.start()
    file = line.folder / "bad.yaml"
    file.write_text("id: welcome\ntrigger: {changed: sales_ready, to: 'yes'}\nwhen: {attribut: a, equals: 1}\n")
    refused = line.run("journey", "apply", str(file))
    assert refused.code == 1
    assert "bad.yaml:3: when.attribut: is unknown" in refused.err
    assert line.run("journey", "list").out.startswith("no journeys yet")

    definition: dict[str, Any] = {
        "id": "welcome",
        "trigger": {"event": "lead-qualified"},
        "when": {"attribute": "country", "equals": "DE"},
        "payload": [{"attribute": "country"}],
    }
    service.publish("journey", definition)
    shown = line.run("journey", "show", "welcome", "--json").json()
    assert (shown["status"], shown["version"], shown["definition"]) == ("live", 1, definition)
    again = line.run("journey", "publish", "welcome")
    assert again.code == 1
    assert "is already live" in again.err
    assert [one["version"] for one in line.run("journey", "history", "welcome", "--json").json()] == [1]

    for number in range(20):
        lead_id = f"L-{number}"
        country = "DE" if number % 2 else "FR"
        service.send("lead-changed", changed(lead_id, attributes={"country": country, "name": "Anna Secret"}))
    service.until(lambda: process.metric("lead_qualifier_events_total", topic="lead-changed") == 20)
    for number in range(20):
        service.send("lead-qualified", qualified(f"L-{number}", 1))
    entries = service.wait_for(REQUESTED, 10)
    assert {one["lead_id"] for one in entries} == {f"L-{number}" for number in range(1, 20, 2)}
    assert all(one["payload"] == {"country": {"type": "text", "value": "DE"}} for one in entries)
    outcomes = {
        outcome: process.metric("lead_qualifier_downstream_outcomes_total", definition="welcome", outcome=outcome)
        for outcome in ("requested", "conditions_not_met")
    }
    assert outcomes == {"requested": 10, "conditions_not_met": 10}
    line.send("lead-qualified", b"L-1", b"{")
    service.until(lambda: process.metric("lead_qualifier_dead_letters_total") == 1)
    [letter] = line.run("dead-letters", "list", "--downstream", "--json").json()
    assert letter["topic"] == f"{line.prefix}lead-qualified"

    for number in range(20):
        line.send("lead-changed", f"L-{number}".encode(), None)
    service.until(lambda: service.remembers_only_erasures("journey-state"))
    assert process.terminate()[0] == 0
    assert "Anna Secret" not in process.log.read_text()
    assert service._reader is not None
    service._reader.read()
    assert breaches([record for records in service._reader.records.values() for record in records]) == []


def test_entries_that_wait_survive_a_kill_and_a_second_process_and_come_once(service: Downstream) -> None:
    first = service.start()
    service.publish(
        "journey",
        {"id": "again", "trigger": {"event": "lead-qualified"}, "reentry": {"policy": "after", "after": "8s"}},
    )
    leads = [f"L-{number}" for number in range(30)]
    for lead_id in leads:
        service.send("lead-qualified", qualified(lead_id))
    service.wait_for(REQUESTED, 30)
    for lead_id in leads:
        service.send("lead-qualified", qualified(lead_id, number=2))
    outcome = {"definition": "again", "outcome": "waiting_for_reentry"}
    service.until(lambda: first.metric("lead_qualifier_downstream_outcomes_total", **outcome) == 30)
    service.start()
    first.kill()
    entries = service.wait_for(REQUESTED, 60, seconds=40)
    assert sorted((one["lead_id"], one["entry_number"]) for one in entries) == sorted(
        (lead_id, number) for lead_id in leads for number in (1, 2)
    )
    assert len({one["event_id"] for one in entries}) == 60
    entered = service.decided_at(REQUESTED)
    at = {(one["lead_id"], one["entry_number"]): entered[one["event_id"]] for one in entries}
    assert all(at[lead_id, 2] - at[lead_id, 1] >= timedelta(seconds=8) for lead_id in leads)
