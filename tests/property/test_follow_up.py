"""Whatever is read of a lead in whatever order: that nobody acted on it is told as the naive oracle tells it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.follow_up.kind import KIND
from lead_qualifier.follow_up.processor import FollowUpProcessor, decode_state, encode_state
from tests.oracle.follow_up import LeadInFollowUps
from tests.oracle.services import InFollowUps
from tests.property.told_leads import MINUTES, Both, histories
from tests.support.examples import examples
from tests.support.processor_harness import ProcessorHarness

DEFINITIONS: list[dict[str, Any]] = [
    {
        "id": "a",
        "stages": [
            {"on": "lead-qualified", "within": "1h"},
            {"on": "lead-assigned", "within": "2h", "repeat": {"every": "30m", "times": 3}},
        ],
    },
    {
        "id": "b",
        "models": ["enterprise"],
        "when": {"any": [{"attribute": "country", "one_of": ["DE", 1]}, {"field": "owner_id", "exists": True}]},
        "stages": [{"on": "lead-qualified", "within": "5m", "repeat": {"every": "1h", "times": 1}}],
    },
    {"id": "c", "models": ["webinar"], "stages": [{"on": "lead-assigned", "within": "10m"}]},
]
OTHERWISE: list[dict[str, Any]] = [
    {"id": "a", "stages": [{"on": "lead-assigned", "within": "1h", "repeat": {"every": "10m", "times": 1}}]},
    {"id": "b", "stages": [{"on": "lead-qualified", "within": "30m"}]},
    {"id": "c", "stages": [{"on": "lead-qualified", "within": "1h"}, {"on": "lead-assigned", "within": "1h"}]},
]
_OWNERS = st.sampled_from([{}, *({"owner": {"kind": "seller", "id": f"S-{number}"}} for number in range(3))])
_ACTIVITIES = [{"kind": "task"}, {"kind": "automated_email"}, {"kind": "reply", "automatic": True}]
FURTHER = (
    st.tuples(st.just("lead-assigned"), MINUTES, st.just(True), _OWNERS),
    st.tuples(st.just("lead-sales-response"), MINUTES, st.just(True), st.just({"response": "accepted"})),
    st.tuples(st.just("activity-completed"), MINUTES, st.just(True), st.sampled_from(_ACTIVITIES)),
)


@examples(500)
@given(histories(*FURTHER))
def test_what_nobody_acted_on_is_told_as_the_oracle_tells_it(events: list[tuple[Any, ...]]) -> None:
    harness = ProcessorHarness(
        lambda current: FollowUpProcessor(topic_prefix="", source="/x", current=current), encode_state, decode_state
    )
    both = Both(harness, LeadInFollowUps({}), KIND, DEFINITIONS, OTHERWISE)
    for number, event in enumerate(events):
        both.happens(number, event)
        told = [InFollowUps.told_by(one) for one in harness.of(InFollowUps.TOPIC)]
        assert told == both.oracle.told
        both.oracle = deepcopy(both.oracle)
