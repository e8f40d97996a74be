"""What a report reads of events are fields that events have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from lead_qualifier.client.model_history import CriterionStood
from lead_qualifier.client.reported_events import AssignedEvent, QualifiedEvent, RecycledEvent
from lead_qualifier.messages.assignment import LeadAssigned
from lead_qualifier.messages.lead_qualified import Evidence, LeadQualified
from lead_qualifier.messages.lead_recycled import LeadRecycled

EXAMPLES = Path(__file__).parents[3] / "schemas" / "examples"
READ: dict[str, Any] = {
    "lead-qualified": QualifiedEvent,
    "lead-assigned": AssignedEvent,
    "lead-recycled": RecycledEvent,
}
FILES = [(topic, file) for topic in READ for file in sorted(EXAMPLES.glob(f"{topic}.*.json"))]


@pytest.mark.parametrize(("topic", "file"), FILES, ids=[file.stem for _, file in FILES])
def test_each_example_of_an_event_is_read(topic: str, file: Path) -> None:
    event = msgspec.json.decode(file.read_bytes())
    read = msgspec.structs.asdict(msgspec.json.decode(file.read_bytes(), type=READ[topic]))
    for name, value in read.items():
        if name == "criteria":
            names = ("scoring_model_id", "threshold", "score", "grade")
            assert [[getattr(one, field) for field in names] for one in value] == [
                [one.get(field) for field in names] for one in event[name]
            ]
        elif name in event and not name.endswith("_at"):
            assert value == event[name] or value.name == event[name]["name"]


def test_every_field_that_is_read_is_one_of_the_contract() -> None:
    for read, contract in (
        (QualifiedEvent, LeadQualified),
        (CriterionStood, Evidence),
        (AssignedEvent, LeadAssigned),
        (RecycledEvent, LeadRecycled),
    ):
        assert set(read.__struct_fields__) <= contract.__annotations__.keys()
