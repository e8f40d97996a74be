"""What the API takes and answers about what sales says of a lead."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from lead_qualifier.console.api.forms import Form, Sent, with_example

LONGEST_REASON = 500
LONGEST_ID = 1_000


class SalesAnswer(Sent):
    """What sales says of a qualified lead."""

    model_config = with_example({"response": "rejected", "reason": "no-budget"})

    response: Literal["accepted", "rejected"]
    reason: str | None = Field(
        None, min_length=1, max_length=LONGEST_REASON, description="Why. Models may treat reasons differently."
    )
    qualification_model_id: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST_ID,
        description="The model whose qualification this is about. Absent: every model.",
    )


class SalesAnswered(Form):
    """The broker has the answer, a `lead-sales-response`. A worker acts on it."""

    model_config = with_example(
        {
            "event_id": "0d5c9a0e-5b0e-4b55-9d1c-6e1f8f9a3c11",
            "lead_id": "L-1001",
            "response": "rejected",
            "reason": "no-budget",
            "seller_id": "S-1",
            "occurred_at": "2026-11-23T09:30:00Z",
        }
    )

    event_id: str
    lead_id: str
    response: Literal["accepted", "rejected"]
    reason: str | None = None
    seller_id: str | None = Field(None, description="The lead's seller, in whose place this was said.")
    qualification_model_id: str | None = None
    occurred_at: datetime
