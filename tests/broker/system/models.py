"""A handful of qualification models that differ in everything."""

from __future__ import annotations

from typing import Any

from tests.broker.system.messages import model

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
    model("anybody", "all", {"demographic": -5.5, "attendance": 20}, existing_leads="ignore"),
)
