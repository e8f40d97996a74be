"""Whatever is read of a lead in whatever order: it enters the journeys that the naive oracle tells, and then only."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given

from lead_qualifier.journeys.kind import KIND
from lead_qualifier.journeys.processor import JourneyProcessor, decode_state, encode_state
from tests.oracle.journeys import LeadInJourneys
from tests.oracle.services import InJourneys
from tests.property.told_leads import Both, histories
from tests.support.examples import examples
from tests.support.processor_harness import ProcessorHarness

#: Windows lie within the hours that histories take, which begin at nine.
DEFINITIONS: list[dict[str, Any]] = [
    {
        "id": "a",
        "trigger": {"changed": "sales_ready", "to": True},
        "reentry": {"policy": "always"},
        "exclude": {"attribute": "country", "equals": "AT"},
    },
    {
        "id": "b",
        "trigger": {"event": "lead-qualified", "models": ["enterprise"]},
        "reentry": {"policy": "after", "after": "1h"},
        "when": {"not": {"attribute": "size", "equals": True}},
        "payload": [{"attribute": "country", "as": "land"}, {"field": "status_reason"}, {"field": "owner_id"}],
    },
    {
        "id": "c",
        "trigger": {"changed": "status_reason", "to": "marketing_qualified"},
        "reentry": {"policy": "after", "after": "30m"},
        "window": {"start": "2026-11-25T10:00:00Z", "end": "2026-11-25T16:00:00+01:00"},
        "contact": "required",
    },
]
OTHERWISE: list[dict[str, Any]] = [
    {"id": "a", "trigger": {"event": "lead-qualified"}},
    {"id": "b", "trigger": {"changed": "sales_ready", "to": False}, "reentry": {"policy": "after", "after": "10m"}},
    {"id": "c", "trigger": {"event": "lead-qualified"}, "window": {"start": "2026-11-25T13:00:00Z"}},
]


@examples(500)
@given(histories())
def test_a_lead_enters_what_the_oracle_tells(events: list[tuple[Any, ...]]) -> None:
    harness = ProcessorHarness(
        lambda current: JourneyProcessor(topic_prefix="", source="/x", current=current), encode_state, decode_state
    )
    both = Both(harness, LeadInJourneys({}), KIND, DEFINITIONS, OTHERWISE)
    for number, event in enumerate(events):
        both.happens(number, event)
        told = [InJourneys.told_by(one) for one in harness.of(InJourneys.TOPIC)]
        assert told == both.oracle.told
        both.oracle = deepcopy(both.oracle)
