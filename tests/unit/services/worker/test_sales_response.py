"""Responses of sales as a worker decides them, record by record, and what the lead's state says afterwards."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter

from lead_qualifier.engine import ProcessorContext, Rejected
from lead_qualifier.messages.lead_recycled import LeadRecycled
from lead_qualifier.services.worker.lead_processor import LeadProcessor
from tests.support.lead_application import lead_application
from tests.support.messages import encode, sales_response, score
from tests.unit.qualification.given import model, rules
from tests.unit.services.worker.test_merging import record_of

RESPONSES = "lead-sales-response"
CURRENT = rules(model(criteria={"engagement": 50.0}))


class Worker:
    def __init__(self) -> None:
        self.processor = LeadProcessor(topic_prefix="", source="/test", rules=lambda: CURRENT)
        self.application = lead_application(self.processor)
        self.entries: dict[bytes, bytes] = {}

    def takes(self, topic: str, message: dict[str, object]) -> ProcessorContext:
        self.processor.begin()
        context = ProcessorContext(self.application, 0, self.entries)
        record = record_of(topic, b"L-1", encode(message))
        context.record = record
        self.processor.process(record, context)
        self.entries |= {one["key"]: one["value"] for one in context.changes()}
        return context

    def scores(self, minutes: float) -> int:
        return len(self.takes("lead-score-changed", score("L-1", "engagement", 60, minutes)).outputs)


def test_a_rejected_lead_is_recycled_and_the_crm_is_told_what_is_taken_back() -> None:
    worker = Worker()
    assert worker.scores(1) == 1
    context = worker.takes(RESPONSES, sales_response("L-1", "rejected", 5, reason="no_budget", seller_id=None))
    assert context.counts["sales_response", "recycled"] == 1
    (told,) = context.outputs
    assert (told.topic, told.key) == ("lead-recycled", b"L-1")
    event = TypeAdapter(LeadRecycled).validate_json(told.value or b"")
    assert event["changes"] == {
        "status_reason": {"from": "marketing_qualified", "to": "new"},
        "sales_ready": {"from": True, "to": False},
    }
    assert (event["reason"], event["qualification_number"], event["trigger"]["topic"]) == ("no_budget", 1, RESPONSES)
    headers = dict(told.headers)
    assert (headers["ce_type"], headers["ce_id"]) == (b"lead-qualifier.lead-recycled", event["event_id"].encode())
    assert worker.takes(RESPONSES, sales_response("L-1", "rejected", 5)).outputs == []
    state = json.loads(worker.entries[b"L-1"])
    assert state["marks"]["enterprise"]["cleared"]
    assert "status_reason" not in state
    assert worker.scores(6) == 1


@pytest.mark.parametrize(
    ("response", "minutes", "result"), [("accepted", 5, "accepted"), ("rejected", 1, "stale"), ("accepted", 0, "stale")]
)
def test_other_responses_are_counted_and_write_nothing(response: str, minutes: float, result: str) -> None:
    worker = Worker()
    worker.scores(1)
    context = worker.takes(RESPONSES, sales_response("L-1", response, minutes))
    assert (list(context.changes()), context.counts["sales_response", result]) == ([], 1)


@pytest.mark.parametrize("response", ["accepted", "rejected"])
def test_of_a_lead_without_qualification_nothing_is_held(response: str) -> None:
    context = Worker().takes(RESPONSES, sales_response("L-1", response, 5))
    assert (list(context.changes()), context.counts["sales_response", "unknown"]) == ([], 1)


def test_another_word_than_accepted_or_rejected_is_refused() -> None:
    with pytest.raises(Rejected, match="response"):
        Worker().takes(RESPONSES, sales_response("L-1", "maybe", 5))
