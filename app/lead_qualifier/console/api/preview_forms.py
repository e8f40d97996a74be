"""What the API says about previews, and an example of it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lead_qualifier.console.api.forms import Form, with_example

_RESULT: dict[str, Any] = {
    "qualification_model_id": "enterprise",
    "version": 4,
    "leads": 48120,
    "would_qualify": {"count": 2310, "share": 0.048},
    "outcomes": {"criteria_not_met": 41200, "qualified": 2310},
    "existing_leads": "evaluate",
}


class PreviewForm(Form):
    """A preview of a qualification model. Nothing is published by it."""

    model_config = with_example(
        {
            "preview_id": "0d5c9a0e-5b0e-4b55-9d1c-6e1f8f9a3c11",
            "qualification_model_id": "enterprise",
            "status": "done",
            "percent": 100,
            "leads_read": 48120,
            "result": _RESULT,
        }
    )

    preview_id: str
    qualification_model_id: str
    status: Literal["waiting", "running", "done", "failed", "cancelled"] = Field(
        description="`waiting`: for other previews to end."
    )
    percent: int = Field(description="How much of it is done.")
    leads_read: int
    problem: str | None = Field(None, description="Why it failed, and what to do.")
    result: dict[str, Any] | None = Field(
        None, description="Once it is done: what `lead-qualifier model preview --json` prints."
    )
