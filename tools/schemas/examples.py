"""Examples of every document: what stands in schemas/examples, in the schemas and in the AsyncAPI document."""

from __future__ import annotations

from typing import Any

from lead_qualifier.messages import topics
from tools.schemas.all_examples import EXAMPLES as DOWNSTREAM
from tools.schemas.documents import DEAD_LETTER_HEADERS
from tools.schemas.example import Example

_DEFINITION: dict[str, Any] = {
    "id": "enterprise",
    "name": "Enterprise-Leads",
    "match": "all",
    "criteria": [
        {"scoring_model": "engagement", "threshold": 70},
        {"scoring_model": "demographic", "threshold": 50},
    ],
    "actions": {"status_reason": "marketing_qualified", "sales_ready": True},
    "existing_leads": "evaluate",
    "requalification": {"policy": "when_reset", "cool_down": "30d"},
}
_AT_LEAST_TWO: dict[str, Any] = {
    "id": "webinar",
    "match": {"at_least": 2},
    "criteria": [
        {"scoring_model": "engagement", "threshold": 40},
        {"scoring_model": "demographic", "threshold": 30.5},
        {"scoring_model": "attendance", "threshold": 1},
    ],
    "actions": {"status_reason": "marketing_qualified"},
}
_STORED_DEFINITION: dict[str, Any] = {
    "id": "enterprise",
    "name": "Enterprise-Leads",
    "match": "all",
    "criteria": [
        {"scoring_model": "engagement", "threshold": 70.0},
        {"scoring_model": "demographic", "threshold": 50.0},
    ],
    "actions": {"marketing_qualified": True, "sales_ready": True},
    "requalification": {"cool_down": "P30D"},
}
_PUBLISH: dict[str, Any] = {
    "command_id": "0190b3f2-51c7-7d7e-9a34-0b7c5e6f1a02",
    "qualification_model_id": "enterprise",
    "command": "publish",
    "expected_revision": 4,
    "issued_by": "anna",
    "issued_at": "2026-11-23T08:00:05Z",
}
_QUALIFIED: dict[str, Any] = {
    "event_id": "0bc7a9af-6326-5e26-b9d1-2bab1e36491f",
    "lead_id": "L-1001",
    "contact_id": "C-7",
    "qualification_model_id": "enterprise",
    "qualification_model_version": 3,
    "match": "all",
    "criteria": [
        {
            "scoring_model_id": "engagement",
            "threshold": 70,
            "score": 83,
            "met": True,
            "scored_at": "2026-11-23T09:30:00Z",
        },
        {
            "scoring_model_id": "demographic",
            "threshold": 50,
            "score": 64,
            "met": True,
            "scored_at": "2026-11-20T14:02:11Z",
        },
    ],
    "changes": {
        "status_reason": {"from": "new", "to": "marketing_qualified"},
        "sales_ready": {"from": False, "to": True},
    },
    "lead": {
        "status": "open",
        "status_reason": "marketing_qualified",
        "sales_ready": True,
        "owner_id": "U-4",
        "changed_at": "2026-11-20T08:15:00Z",
    },
    "qualification_number": 1,
    "origin": "live",
    "occurred_at": "2026-11-23T09:30:00Z",
    "trigger": {
        "event_id": "0190b3f8-7c41-7a52-8b0e-5d2f9c3e4a11",
        "topic": "lead-score-changed",
        "partition": 3,
        "offset": 918,
    },
}
_SWEPT: dict[str, Any] = {
    "event_id": "82043161-dd38-5ed9-bd34-f75479d26eeb",
    "lead_id": "L-2002",
    "qualification_model_id": "webinar",
    "qualification_model_version": 1,
    "match": {"at_least": 2},
    "criteria": [
        {
            "scoring_model_id": "engagement",
            "threshold": 40,
            "score": 52.5,
            "met": True,
            "scored_at": "2026-11-22T17:45:30.250000Z",
        },
        {"scoring_model_id": "demographic", "threshold": 30.5, "met": False},
        {
            "scoring_model_id": "attendance",
            "threshold": 1,
            "score": 2,
            "met": True,
            "scored_at": "2026-11-21T10:00:00Z",
        },
    ],
    "changes": {"status_reason": {"from": "contacted", "to": "marketing_qualified"}},
    "lead": {"status": "open", "status_reason": "marketing_qualified", "sales_ready": False},
    "qualification_number": 2,
    "origin": "sweep",
    "occurred_at": "2026-11-23T08:00:05Z",
    "trigger": {
        "event_id": "0190b3f2-51c7-7d7e-9a34-0b7c5e6f1a03",
        "topic": "qualification-commands",
        "partition": 0,
        "offset": 12,
    },
}

EXAMPLES: tuple[Example, ...] = (
    Example(
        topics.LEAD_SCORE_CHANGED.name,
        "score",
        "Engagement rose from 61 to 83.",
        {
            "event_id": "0190b3f8-7c41-7a52-8b0e-5d2f9c3e4a11",
            "lead_id": "L-1001",
            "scoring_model_id": "engagement",
            "score": 83,
            "occurred_at": "2026-11-23T09:30:00Z",
            "previous_score": 61,
            "grade": "A",
            "scoring_model_version": 4,
        },
    ),
    Example(
        topics.LEAD_SCORE_CHANGED.name,
        "smallest",
        "Only what is required.",
        {
            "event_id": "e-1",
            "lead_id": "L-2002",
            "scoring_model_id": "engagement",
            "score": -2.5,
            "occurred_at": "2026-11-23T10:30:00.123+01:00",
        },
    ),
    Example(
        topics.LEAD_CHANGED.name,
        "contacted",
        "A salesperson contacted the lead.",
        {
            "event_id": "0190b3f9-0d11-7b3c-a6f5-1e2d3c4b5a60",
            "lead_id": "L-1001",
            "occurred_at": "2026-11-23T09:41:07Z",
            "status": "open",
            "status_reason": "contacted",
            "sales_ready": False,
            "owner_id": "U-4",
            "contact_id": "C-7",
            "attributes": {"country": "DE", "revenue": 1200000},
        },
    ),
    Example(
        topics.LEAD_CHANGED.name,
        "cleared",
        "The owner and one attribute are cleared; everything else keeps its value.",
        {
            "event_id": "0190b3f9-2222-7b3c-a6f5-1e2d3c4b5a61",
            "lead_id": "L-1001",
            "occurred_at": "2026-11-23T09:50:00Z",
            "owner_id": None,
            "attributes": {"revenue": None},
        },
    ),
    Example(
        topics.LEAD_MERGED.name,
        "duplicate",
        "L-1002 was the same person as L-1001: its scores and marks go over, and it is closed.",
        {
            "event_id": "0190b3fa-1c0d-7e2f-9a10-2b3c4d5e6f70",
            "lead_id": "L-1002",
            "survivor_id": "L-1001",
            "occurred_at": "2026-11-23T10:05:00Z",
        },
    ),
    Example(
        topics.LEAD_SALES_RESPONSE.name,
        "rejected",
        "Sales had no use for L-1001: the model may qualify it again as its on_rejection says.",
        {
            "event_id": "0190b3fa-2d1e-7f30-8b21-3c4d5e6f7a81",
            "lead_id": "L-1001",
            "occurred_at": "2026-11-24T08:15:00Z",
            "response": "rejected",
            "reason": "no_budget",
            "seller_id": "S-7",
            "qualification_model_id": "enterprise",
        },
    ),
    Example(
        topics.LEAD_RECYCLED.name,
        "no-budget",
        "Sales had no use for L-1001, which may qualify again after three months: its flags are taken back.",
        {
            "event_id": "6ddd22d3-e64a-5cdf-b85f-05ac5d3989cc",
            "lead_id": "L-1001",
            "qualification_model_id": "enterprise",
            "qualification_model_version": 3,
            "qualification_number": 1,
            "changes": {
                "status_reason": {"from": "marketing_qualified", "to": "new"},
                "sales_ready": {"from": True, "to": False},
            },
            "reason": "no_budget",
            "not_before": "2027-02-22T08:15:00Z",
            "occurred_at": "2026-11-24T08:15:00Z",
            "trigger": {
                "event_id": "0190b3fa-2d1e-7f30-8b21-3c4d5e6f7a81",
                "topic": "lead-sales-response",
                "partition": 3,
                "offset": 17,
            },
        },
    ),
    Example(
        topics.SCORING_MODEL_CHANGED.name,
        "live",
        "Engagement went live: its scores count from now on.",
        {
            "event_id": "0190b3ef-9a00-7c11-8d22-3e4f5a6b7c80",
            "scoring_model_id": "engagement",
            "name": "Engagement",
            "status": "live",
            "maximum": 100,
            "occurred_at": "2026-11-23T07:55:00Z",
        },
    ),
    Example(
        topics.QUALIFICATION_COMMANDS.name,
        "apply",
        "Create or replace the draft of a model.",
        {
            "command_id": "0190b3f2-3e00-7d7e-9a34-0b7c5e6f1a01",
            "qualification_model_id": "enterprise",
            "command": "apply",
            "definition": _DEFINITION,
            "issued_by": "anna",
            "issued_at": "2026-11-23T08:00:00Z",
        },
    ),
    Example(topics.QUALIFICATION_COMMANDS.name, "publish", "Publish the draft, as its issuer saw it.", _PUBLISH),
    Example(
        topics.QUALIFICATION_COMMANDS.name,
        "replace",
        "Put the draft beside a live version in its place.",
        _PUBLISH | {"command_id": "0190b4a0-51c7-7d7e-9a34-0b7c5e6f1a04", "expected_revision": 9, "replace": True},
    ),
    Example(
        topics.QUALIFICATION_COMMANDS.name,
        "shadow",
        "Count what the draft of a live model would do.",
        {
            "command_id": "0190b49f-0c00-7d7e-9a34-0b7c5e6f1a05",
            "qualification_model_id": "enterprise",
            "command": "shadow",
            "enabled": True,
            "issued_by": "anna",
            "issued_at": "2026-11-24T10:00:00Z",
        },
    ),
    Example(
        topics.FEATURE_COMMANDS.name,
        "enable",
        "Turn lead management on.",
        {
            "command_id": "0190b3ee-1000-7e5f-8a9b-0c1d2e3f4a50",
            "feature": "lead-management",
            "command": "enable",
            "issued_by": "admin",
            "issued_at": "2026-11-23T07:50:00Z",
        },
    ),
    Example(
        topics.QUALIFICATION_MODELS.name,
        "model",
        "A live model.",
        {
            "kind": "model",
            "id": "enterprise",
            "revision": 5,
            "status": "live",
            "version": 1,
            "published": _STORED_DEFINITION,
            "published_revision": 5,
            "publish_command_id": "0190b3f2-51c7-7d7e-9a34-0b7c5e6f1a02",
            "publish_command_offset": 12,
            "published_at": "2026-11-23T08:00:05Z",
            "published_by": "anna",
            "changed_at": "2026-11-23T08:00:05Z",
            "changed_by": "anna",
        },
    ),
    Example(
        topics.QUALIFICATION_MODELS.name,
        "scoring-model",
        "A live scoring model.",
        {
            "kind": "scoring",
            "id": "engagement",
            "revision": 2,
            "status": "live",
            "occurred_at": "2026-11-23T07:55:00Z",
            "name": "Engagement",
            "maximum": 100.0,
        },
    ),
    Example(
        topics.QUALIFICATION_MODELS.name,
        "feature",
        "Lead management is on.",
        {
            "kind": "feature",
            "name": "lead-management",
            "revision": 1,
            "enabled": True,
            "changed_at": "2026-11-23T07:50:00Z",
            "changed_by": "admin",
        },
    ),
    Example(
        topics.QUALIFICATION_MODEL_CHANGED.name,
        "accepted",
        "A model went live.",
        {
            "command": "publish",
            "outcome": "accepted",
            "reason": "published",
            "message": "enterprise is live in version 1",
            "warnings": [],
            "version": 1,
            "definition": _DEFINITION,
            "revision": 5,
            "decided_at": "2026-11-23T08:00:05.140000Z",
            "origin": {
                "event_id": "0190b3f2-51c7-7d7e-9a34-0b7c5e6f1a02",
                "topic": "qualification-commands",
                "partition": 0,
                "offset": 12,
            },
            "command_id": "0190b3f2-51c7-7d7e-9a34-0b7c5e6f1a02",
            "issued_by": "anna",
            "issued_at": "2026-11-23T08:00:05Z",
            "qualification_model_id": "enterprise",
        },
    ),
    Example(
        topics.QUALIFICATION_MODEL_CHANGED.name,
        "refused",
        "A live model refuses edits.",
        {
            "command": "apply",
            "outcome": "refused",
            "reason": "model_live",
            "message": "enterprise is live: stop it first (lead-qualifier model stop enterprise), or keep it as a "
            "draft beside the live version (lead-qualifier model apply --draft FILE)",
            "warnings": [],
            "version": 1,
            "revision": 5,
            "decided_at": "2026-11-23T08:10:00.090000Z",
            "origin": {
                "event_id": "0190b3fb-0000-7d7e-9a34-0b7c5e6f1a09",
                "topic": "qualification-commands",
                "partition": 0,
                "offset": 13,
            },
            "command_id": "0190b3fb-0000-7d7e-9a34-0b7c5e6f1a09",
            "issued_by": "ben",
            "issued_at": "2026-11-23T08:10:00Z",
            "qualification_model_id": "enterprise",
        },
    ),
    Example(
        topics.QUALIFICATION_MODEL_CHANGED.name,
        "announced",
        "A scoring model went live.",
        {
            "command": "announce",
            "outcome": "accepted",
            "reason": "observed",
            "message": "scoring model engagement is live",
            "warnings": [],
            "revision": 2,
            "decided_at": "2026-11-23T07:55:00.200000Z",
            "origin": {
                "event_id": "0190b3ef-9a00-7c11-8d22-3e4f5a6b7c80",
                "topic": "scoring-model-changed",
                "partition": 0,
                "offset": 4,
            },
            "scoring_model_id": "engagement",
            "status": "live",
            "issued_at": "2026-11-23T07:55:00Z",
        },
    ),
    Example(
        topics.COMMAND_STATE.name,
        "answers",
        "What the last commands on a model were answered.",
        {
            "kind": "answers",
            "target": "model/enterprise",
            "answers": [
                {
                    "command_id": "0190b3f2-51c7-7d7e-9a34-0b7c5e6f1a02",
                    "accepted": True,
                    "code": "published",
                    "message": "enterprise is live in version 1",
                    "version": 1,
                    "revision": 5,
                }
            ],
        },
    ),
    Example(
        topics.LEAD_QUALIFIED.name,
        "live",
        "A score made the lead qualify.",
        {**_QUALIFIED, "lead_changed_offset": 4_711},
    ),
    Example(topics.LEAD_QUALIFIED.name, "sweep", "Publishing a model made a known lead qualify once more.", _SWEPT),
    Example(
        topics.LEAD_STATE.name,
        "qualified",
        "A lead that qualified.",
        {
            "status_reason": "marketing_qualified",
            "sales_ready": True,
            "known": True,
            "owner_id": "U-4",
            "contact_id": "C-7",
            "attributes": {"country": "DE", "revenue": 1200000},
            "changed_at": "2026-11-22T16:00:00Z",
            "scores": {
                "engagement": {"value": 83.0, "at": "2026-11-23T09:30:00Z"},
                "demographic": {"value": 64.0, "at": "2026-11-20T14:02:11Z"},
            },
            "marks": {
                "enterprise": {
                    "version": 3,
                    "number": 1,
                    "at": "2026-11-23T09:30:00Z",
                    "trigger": "0190b3f8-7c41-7a52-8b0e-5d2f9c3e4a11",
                }
            },
            "qualified_at": "2026-11-23T09:30:00Z",
            "qualified_flags": ["status_reason", "sales_ready"],
        },
    ),
    Example(
        topics.LEAD_STATE.name,
        "merged",
        "Merged into L-1001; a score that comes nevertheless is held, and handed over.",
        {
            "scores": {"engagement": {"value": 12.0, "at": "2026-11-23T10:07:00Z"}},
            "merged_into": "L-1001",
            "merged_at": "2026-11-23T10:05:00Z",
        },
    ),
    Example(
        topics.LEAD_STATE.name,
        "erased",
        "What is remembered for a week of a lead that was erased.",
        {
            "erasure": 4_712,
            "erased": {
                "at_ms": 1_795_512_600_000,
                "until_ms": 1_796_117_400_120,
                "marks": {"enterprise": {"version": 3, "number": 1, "at": "2026-11-23T09:30:00Z", "trigger": "erased"}},
            },
        },
    ),
    Example(
        topics.LEAD_HANDOVERS.name,
        "response",
        "Sales rejected L-1002, which was merged into L-1001.",
        {
            "event_id": "0190b3fb-1c0d-7e2f-9a10-2b3c4d5e6f71",
            "loser_id": "L-1002",
            "response": {"at": "2026-11-24T10:00:00Z", "accepted": False, "reason": "no_budget"},
            "begun_ms": 1_795_600_800_350,
        },
    ),
    Example(
        topics.LEAD_HANDOVERS.name,
        "merged",
        "What was held about L-1002, on its way to L-1001 by way of L-1003, which was merged into that one.",
        {
            "event_id": "0190b3fa-1c0d-7e2f-9a10-2b3c4d5e6f70",
            "loser_id": "L-1002",
            "via": ["L-1003"],
            "scores": {"engagement": {"value": 83.0, "at": "2026-11-23T09:30:00Z"}},
            "marks": {
                "enterprise": {
                    "version": 3,
                    "number": 1,
                    "at": "2026-11-23T09:30:00Z",
                    "trigger": "0190b3f8-7c41-7a52-8b0e-5d2f9c3e4a11",
                }
            },
        },
    ),
    Example(
        DEAD_LETTER_HEADERS.name,
        "nan",
        "A score that is no number.",
        {
            "dl_topic": "lead-score-changed",
            "dl_partition": "3",
            "dl_offset": "919",
            "dl_reason": "score must be a finite number (an IEEE double), found NaN",
        },
    ),
    Example("qualification-model", "enterprise", "All criteria, both actions, every setting.", _DEFINITION),
    Example("qualification-model", "webinar", "Two of three criteria, one action, defaults.", _AT_LEAST_TWO),
    *DOWNSTREAM,
)


def examples_of(document: str) -> list[Example]:
    """Those of one document, by its name."""
    return [example for example in EXAMPLES if example.document == document]
