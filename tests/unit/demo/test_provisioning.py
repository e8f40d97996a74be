"""What the demo sets up for the downstream services is valid, and their events become figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lead_qualifier.assignment.kind import KIND as ASSIGNMENT
from lead_qualifier.definitions.kind import Kind
from lead_qualifier.demo.progress import DownstreamProgress
from lead_qualifier.demo.provisioning import DEFINITIONS, SELLERS, read
from lead_qualifier.journeys.kind import KIND as JOURNEY
from lead_qualifier.messages.assignment import decode_seller_changed
from lead_qualifier.sequences.kind import KIND as SEQUENCE
from tests.support.messages import encode

KINDS: dict[str, Kind] = {kind.name: kind for kind in (ASSIGNMENT, JOURNEY, SEQUENCE)}


@pytest.mark.parametrize(("kind", "file"), DEFINITIONS)
def test_its_definitions_have_no_problems(kind: str, file: Path) -> None:
    assert KINDS[kind].problems_of(read(file), {}) == []


def test_its_sellers_are_sellers() -> None:
    for seller in yaml.safe_load(SELLERS.read_text()):
        message = {"event_id": "e", "occurred_at": "2026-11-25T09:00:00Z", **seller}
        decode_seller_changed(seller["seller_id"].encode(), encode(message), [])


def _event(lead_id: str, **fields: Any) -> dict[str, Any]:
    return {"lead_id": lead_id, **fields}


def test_one_lead_is_followed_once_it_came_all_the_way_whatever_is_read_first() -> None:
    progress = DownstreamProgress()
    assigned = {"owner": {"kind": "seller", "id": "S-1"}, "segment": "german", "rule": "any"}
    step = {"sequence_id": "s", "sequence_version": 1}
    qualified = {
        "qualification_model_id": "enterprise",
        "qualification_model_version": 1,
        "criteria": [{"scoring_model_id": "engagement", "score": 83}],
    }
    progress.take("sequence-step-due", _event("L-00002", **step, step_id="hello"))
    progress.take("lead-assigned", _event("L-00002", **assigned))
    progress.take("lead-assigned", _event("L-00001"))  # waits
    progress.take("lead-qualified", _event("L-00001", **qualified))
    progress.take("lead-qualified", _event("L-00002", **qualified))
    assert progress.lines() == []
    progress.take("journey-entry-requested", _event("L-00002", journey_id="welcome", journey_version=1))
    progress.take("sequence-step-due", _event("L-00002", **step, step_id="call"))
    assert progress.lines() == [
        "L-00002 Clara Demir",
        "qualified by enterprise v1 (engagement 83)",
        "enters journey welcome v1",
        "assigned to seller S-1 (segment german, rule any)",
        "steps of sequence s v1 due: hello, then call",
    ]
    assert progress.figures() == "journey entries 1, assigned 1, steps due 2"
