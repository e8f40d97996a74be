"""A handful of qualification models that differ in everything."""

from __future__ import annotations

from typing import Any

from tests.support.messages import max_age, model

MODELS: tuple[dict[str, Any], ...] = (
    model("enterprise", "all", {"engagement": 70, "demographic": 50}),
    model(
        "any-intent",
        "any",
        {"intent": 80.5, "engagement": 95},
        actions={"status_reason": "marketing_qualified"},
        requalification={"policy": "when_reset", "cool_down": "6h"},
    ),
    model(
        "two-of-three",
        {"at_least": 2},
        {"engagement": 60, "demographic": 60, "intent": 60},
        actions={"sales_ready": True},
        requalification={"policy": "never"},
    ),
    model("webinar", "all", {"attendance": 75}, requalification={"policy": "when_reset", "cool_down": "30d"}),
    {
        "id": "nested",
        "match": "any",
        "criteria": [
            {"all": [{"scoring_model": "engagement", "threshold": 90}, {"scoring_model": "intent", "threshold": 40}]},
            {
                "at_least": 2,
                "of": [
                    {"scoring_model": "demographic", "threshold": 70},
                    {"scoring_model": "attendance", "threshold": 60},
                    {
                        "any": [
                            {"scoring_model": "intent", "threshold": 70},
                            {"scoring_model": "engagement", "threshold": 99},
                        ]
                    },
                ],
            },
        ],
        "actions": {"sales_ready": True},
        "existing_leads": "ignore",
    },
    {
        "id": "returning",
        "match": "all",
        "criteria": [
            {"scoring_model": "intent", "threshold": 60, "drop_below": 45},
            {"scoring_model": "engagement", "threshold": 30},
        ],
        "actions": {"status_reason": "marketing_qualified"},
        "requalification": {"policy": "on_recross", "cool_down": "1h"},
    },
    model(
        "at-home",
        "any",
        {"engagement": 55, "demographic": 60},
        audience={"any": [{"attribute": "country", "equals": "DE"}, {"attribute": "revenue", "at_least": 1.5}]},
    ),
    model(
        "hand-raisers",
        "all",
        {"intent": 90, "attendance": 90},
        actions={"sales_ready": True},
        audience={"field": "status_reason", "not_equals": "contacted"},
        fast_track={"all": [{"attribute": "größe", "exists": True}, {"attribute": "country", "not_equals": True}]},
        requalification={"policy": "on_recross", "cool_down": "2h"},
    ),
    {
        "id": "aging",
        "match": {"at_least": 2},
        "criteria": [
            {"scoring_model": "engagement", "threshold": 50, "max_age": max_age(6000)},
            {"scoring_model": "demographic", "grades": ["A", "B"], "max_age": max_age(4500)},
            {"scoring_model": "intent", "grades": ["A"]},
        ],
        "actions": {"sales_ready": True},
        "requalification": {"policy": "on_recross"},
    },
    model("anybody", "all", {"demographic": -5.5, "attendance": 20}, existing_leads="ignore"),
)
