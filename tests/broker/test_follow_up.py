"""The follow-up service on a real broker: what nobody acted on in time, once, also where a process is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support.command_line import CommandLine
from tests.support.downstream import Downstream
from tests.support.messages import new_id
from tests.support.processor_harness import NOW, qualified
from tests.support.schemas import breaches

pytestmark = pytest.mark.broker

OVERDUE = "lead-follow-up-overdue"


@pytest.fixture
def service(kafka: Broker, tmp_path: Path) -> Iterator[Downstream]:
    line = CommandLine(kafka.bootstrap_servers, tmp_path, partitions=4)
    made = Downstream(line, "follow-up", (OVERDUE, "follow-up-state", "follow-up-definition-changed"))
    yield made
    made.close()


def test_times_survive_a_kill_and_a_second_process_and_each_is_told_once(service: Downstream) -> None:
    first = service.start()
    repeat = {"every": "4s", "times": 1}
    service.publish("follow-up", {"id": "fast", "stages": [{"on": "lead-qualified", "within": "6s", "repeat": repeat}]})
    leads = [f"L-{number}" for number in range(30)]
    for lead_id in leads:
        service.send("lead-qualified", qualified(lead_id))
    begun = {"definition": "fast", "outcome": "begun"}
    service.until(lambda: first.metric("lead_qualifier_downstream_outcomes_total", **begun) == 30)
    for lead_id in leads[:10]:
        service.send(
            "lead-sales-response",
            {"event_id": new_id(), "lead_id": lead_id, "occurred_at": NOW.isoformat(), "response": "accepted"},
        )
    service.send(
        "activity-completed",
        {"event_id": new_id(), "lead_id": leads[10], "occurred_at": NOW.isoformat(), "kind": "phone_call"},
    )
    acted = {"definition": "fast", "outcome": "acted"}
    service.until(lambda: first.metric("lead_qualifier_downstream_outcomes_total", **acted) == 11)
    service.start()
    first.kill()
    events = service.wait_for(OVERDUE, 38, seconds=60)
    assert sorted((one["lead_id"], one["overdue_number"]) for one in events) == sorted(
        (lead_id, number) for lead_id in leads[11:] for number in (1, 2)
    )
    assert len({one["event_id"] for one in events}) == 38
    assert service._reader is not None
    assert breaches([record for records in service._reader.records.values() for record in records]) == []
