"""Whatever comes in whatever order: what a worker makes of sales' responses is what the oracle foretells."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.engine import ProcessorContext
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.services.worker.lead_processor import LeadProcessor, decode_lead
from tests.oracle.oracle import Oracle
from tests.oracle.reading import Input as Told
from tests.oracle.registry import Model, Registry
from tests.support.examples import examples
from tests.support.lead_application import lead_application
from tests.support.messages import change, encode, model, sales_response, score
from tests.unit.services.worker.test_merging import record_of

TOPICS = ("lead-changed", "lead-sales-response", "lead-score-changed")
RECYCLING: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"requalify": False}, {"requalify": True}, {"cool_down": "3m"}]
)


def _effective(rule: dict[str, Any], policy: str) -> dict[str, Any]:
    """A model that never qualifies again has no use for a cool-down, and is refused with one."""
    return {name: value for name, value in rule.items() if policy != "never" or name != "cool_down"}


DEFINITIONS = st.builds(
    lambda name, policy, flags, rule, of_reason: model(
        name,
        "all",
        {"engagement": 50},
        actions=flags,
        requalification={"policy": policy},
        on_rejection=_effective(rule, policy) | {"reasons": {"known": _effective(of_reason, policy)}},
    ),
    st.just("a"),
    st.sampled_from(["when_reset", "on_recross", "never"]),
    st.sampled_from(
        [
            {"sales_ready": True},
            {"status_reason": "marketing_qualified"},
            {"status_reason": "marketing_qualified", "sales_ready": True},
        ]
    ),
    RECYCLING,
    RECYCLING,
)
MINUTES = st.integers(0, 12)
EVENTS = st.one_of(
    st.builds(lambda value, at: (TOPICS[2], score("L", "engagement", value, at)), st.sampled_from([40, 60]), MINUTES),
    st.builds(
        lambda answer, at, more: (TOPICS[1], sales_response("L", answer, at, **more)),
        st.sampled_from(["rejected", "rejected", "accepted"]),
        MINUTES,
        st.sampled_from([{}, {"reason": "known"}, {"reason": None}, {"qualification_model_id": "b"}]),
    ),
    st.builds(
        lambda at, more: (TOPICS[0], change("L", at, **more)),
        MINUTES,
        st.sampled_from(
            [
                {"status_reason": "contacted"},
                {"status_reason": "marketing_qualified", "sales_ready": True},
                {"sales_ready": False},
                {"status": "disqualified"},
                {"status": "open"},
            ]
        ),
    ),
)


@examples(300)
@given(first=DEFINITIONS, second=DEFINITIONS, events=st.lists(EVENTS, min_size=4, max_size=25))
def test_the_worker_recycles_as_the_oracle_foretells(
    first: dict[str, Any], second: dict[str, Any], events: list[tuple[str, dict[str, Any]]]
) -> None:
    definitions = [first, second | {"id": "b"}]
    registry = Registry(lead_management=True, scoring_models={"engagement": ("live", datetime.min.replace(tzinfo=UTC))})
    registry.models = {one["id"]: Model(published=one, live=True, version=1) for one in definitions}
    oracle = Oracle(1, registry=registry)
    rules = Rules(
        revision=1,
        lead_management=True,
        live_scoring_models=frozenset({"engagement"}),
        models={one["id"]: RuledModel(definition=model_of(one), version=1, live=True) for one in definitions},
    )
    decider = LeadProcessor(topic_prefix="", source="/test", rules=lambda: rules)
    application = lead_application(decider)
    events = [
        (TOPICS[2], score("L", "engagement", 60, 1)),
        *events,
    ]  # most begin qualified: there is something to answer
    entries: dict[bytes, bytes] = {}
    qualified: list[dict[str, Any]] = []
    recycled: list[dict[str, Any]] = []
    decider.begin()
    for offset, (topic, message) in enumerate(events):
        oracle.replay(Told(topic, 0, offset, b"L", encode(message)))
        context = ProcessorContext(application, 0, entries)
        context.record = record = record_of(topic, b"L", encode(message), offset=offset)
        decider.process(record, context)
        entries |= {one["key"]: one["value"] for one in context.changes()}
        for output in context.outputs:
            (qualified if output.topic == "lead-qualified" else recycled).append(json.loads(output.value or b"{}"))
        foretold = oracle.leads.get("L")
        if foretold is not None and b"L" in entries:
            held = decode_lead(entries[b"L"])
            assert {name: (one.number, one.cleared, one.barred) for name, one in held.marks.items()} == {
                one.model: (one.number, one.cleared, one.barred) for one in foretold.marks()
            }
            assert held.sales_ready == foretold.now["sales_ready"]
            assert held.status_reason == foretold.now["status_reason"]
    for event in recycled:
        assert len(event.pop("event_id")) == 36
        event["occurred_at"] = datetime.fromisoformat(event["occurred_at"])
        if "not_before" in event:
            event["not_before"] = datetime.fromisoformat(event["not_before"])
    assert recycled == oracle.recycled
    assert [(one["qualification_model_id"], one["qualification_number"]) for one in qualified] == [
        (one["qualification_model_id"], one["qualification_number"]) for one in oracle.qualified
    ]
