"""Changes of leads that models with an audience or a fast track evaluate, as a worker decides them record by record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from lead_qualifier.engine import ProcessorContext
from lead_qualifier.messages.lead_qualified import LeadQualified
from lead_qualifier.qualification import lead_changes
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.services.worker import lead_processor
from tests.support.lead_cycles import LeadCycles
from tests.support.messages import change, encode, merged, score
from tests.unit.qualification.given import model, rules
from tests.unit.services.worker.test_merging import record_of

DACH = {"attribute": "country", "one_of": ["DE", "AT", "CH"]}
ASKS = {"attribute": "demo_requested", "equals": True}
MEANT = rules(model(criteria={"engagement": 50.0}, audience=DACH, fast_track=ASKS))


class Worker(LeadCycles):
    def __init__(self, current: Rules = MEANT) -> None:
        super().__init__(current)

    def takes(self, topic: str, message: dict[str, Any] | None, lead_id: str = "L-1") -> ProcessorContext:
        return self.take(record_of(topic, lead_id.encode(), None if message is None else encode(message)))

    def changes(self, minutes: float, **attributes: Any) -> ProcessorContext:
        return self.takes("lead-changed", change("L-1", minutes, attributes=attributes))

    def scores(self, minutes: float, value: float = 60) -> ProcessorContext:
        return self.takes("lead-score-changed", score("L-1", "engagement", value, minutes))


def event_of(context: ProcessorContext) -> LeadQualified:
    (output,) = context.outputs
    assert output.topic == "lead-qualified"
    return TypeAdapter(LeadQualified).validate_json(output.value or b"")


def test_coming_into_the_audience_qualifies_on_the_record_that_tells_so() -> None:
    worker = Worker()
    assert worker.scores(1).counts["outcome", "enterprise", "not_in_audience"] == 1
    event = event_of(worker.changes(2, country="DE"))
    assert (event["origin"], event["trigger"]["topic"]) == ("live", "lead-changed")
    assert "fast_track" not in event
    assert event["lead"]["changed_at"] == event["occurred_at"]
    assert event["lead_changed_offset"] == event["trigger"]["offset"] + 1


def test_the_fast_track_says_so_in_its_event_and_shows_the_scores_as_they_stand() -> None:
    worker = Worker()
    worker.scores(1, 7)
    context = worker.changes(2, country="DE", demo_requested=True)
    event = event_of(context)
    assert (event["origin"], event["fast_track"], event["trigger"]["topic"]) == ("fast_track", True, "lead-changed")
    assert [(one["met"], one["score"]) for one in event["criteria"]] == [(False, 7)]
    assert context.counts["outcome", "enterprise", "qualified"] == 1
    assert worker.changes(3, demo_requested=None).outputs == []
    assert worker.changes(4, demo_requested=True).counts["outcome", "enterprise", "already_qualified"] == 1


def test_an_erased_lead_can_raise_its_hand_afresh() -> None:
    worker = Worker()
    assert worker.changes(2, country="DE", demo_requested=True).outputs
    worker.takes("lead-changed", None)
    assert worker.changes(3, owner="U").outputs == []
    assert worker.changes(4, country="DE", demo_requested=True).outputs


def test_a_merged_lead_raises_no_hand_and_its_survivor_goes_by_its_own_attributes() -> None:
    worker = Worker()
    worker.scores(1)
    handed = worker.takes("lead-merged", merged("L-1", "L-2", 2)).outputs[0]
    assert worker.changes(3, country="DE", demo_requested=True).counts["outcome", "enterprise", "lead_not_open"] == 1
    worker.takes("lead-changed", change("L-2", 0, attributes={"country": "FR"}), "L-2")
    taken = worker.takes("lead-handovers", json.loads(handed.value or b""), "L-2")
    assert (taken.outputs, taken.counts["handover", "taken_over"]) == ([], 1)
    came_in = worker.takes("lead-changed", change("L-2", 4, attributes={"country": "AT"}), "L-2")
    assert event_of(came_in)["criteria"][0]["score"] == 60


def test_a_draft_in_shadow_is_compared_on_the_changes_that_concern_it() -> None:
    live = model(criteria={"engagement": 50.0}, audience=DACH)
    draft = model(criteria={"engagement": 50.0}, fast_track=ASKS)
    current = rules(live)
    shadow = RuledModel(definition=draft, version=0, live=False)
    ruled = RuledModel(definition=live, version=1, live=True, shadow=shadow)
    worker = Worker(
        Rules(
            revision=1,
            lead_management=True,
            live_scoring_models=current.live_scoring_models,
            models={"enterprise": ruled},
        )
    )
    assert worker.scores(1).counts["shadow", "enterprise", "newly_qualifying"] == 1
    asked = worker.changes(2, demo_requested=True)
    assert (asked.outputs, asked.counts["shadow", "enterprise", "newly_qualifying"]) == ([], 1)
    came_in = worker.changes(3, country="DE")
    assert len(came_in.outputs) == 1
    assert came_in.counts["shadow", "enterprise", "no_longer_qualifying"] == 1  # for the draft nothing has happened
    unmoved = worker.changes(4, revenue=5)
    assert not any(what[0] == "shadow" for what in unmoved.counts)


def test_models_without_conditions_cost_a_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Any:
        raise AssertionError("no model looks at changes")

    monkeypatch.setattr(lead_processor, "conditions_met", fails)
    monkeypatch.setattr(lead_processor, "follow_change", fails)
    monkeypatch.setattr(lead_changes, "values_of", fails)
    worker = Worker(rules(model(criteria={"engagement": 50.0})))
    assert worker.changes(1, country="DE").counts["lead_changed", "applied"] == 1
    assert worker.scores(2).outputs
