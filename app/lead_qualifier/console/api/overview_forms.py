"""What the API says about qualifications, and in its overview."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from lead_qualifier.console.api.forms import Form, Health, Sentence, with_example

_AT = "2026-11-23T09:30:00Z"
_QUALIFICATION: dict[str, Any] = {
    "id": "WzE3NjM4ODk0MDAwMDAwMDAsMCwyXQ",
    "lead_id": "L-1001",
    "name": "Anna Weber",
    "qualification_model_id": "enterprise",
    "qualification_model_name": "Enterprise leads",
    "qualification_model_version": 3,
    "qualification_number": 1,
    "origin": "live",
    "qualified_at": _AT,
    "occurred_at": _AT,
    "changes": {"code": "changes", "text": "status_reason new → marketing_qualified"},
    "criteria": [{"code": "score_met", "text": "engagement 83 ≥ 70 met"}],
}
_MODEL = {
    "qualification_model_id": "enterprise",
    "name": "Enterprise leads",
    "version": 3,
    "published_at": _AT,
    "degraded": [],
    "qualified_today": 12,
    "qualified_this_week": 57,
}


class Qualification(Form):
    """A model qualified a lead."""

    model_config = with_example(_QUALIFICATION)

    id: str = Field(description="Which one it is. As `cursor`, it is where the list goes on after this one.")
    lead_id: str
    name: str | None = Field(None, description="Of the lead, as it is now.")
    qualification_model_id: str
    qualification_model_name: str = Field(description="As it is now.")
    qualification_model_version: int
    qualification_number: int = Field(description="How many times the model has qualified the lead: 1 for the first.")
    origin: str = Field(description="What it goes back to, such as live or sweep.")
    qualified_at: datetime = Field(description="When it was written to Kafka. Days and weeks go by this time.")
    occurred_at: datetime = Field(description="When what triggered it occurred.")
    changes: Sentence = Field(description="What it changed on the lead.")
    criteria: list[Sentence] = Field(description="How each criterion stood.")


class QualificationList(Form):
    """A page of qualifications, the newest first."""

    model_config = with_example({"qualifications": [_QUALIFICATION], "next_cursor": "WzE3NjM4ODk0MDAwMDAwMDAsMCwyXQ"})

    qualifications: list[Qualification]
    next_cursor: str | None = Field(None, description="Send it as `cursor` for the next page. Absent on the last.")


class LiveModel(Form):
    """A live qualification model. Days and weeks are those of UTC; weeks begin on Monday."""

    model_config = with_example(_MODEL)

    qualification_model_id: str
    name: str
    version: int
    published_at: datetime | None = None
    degraded: list[str] = Field(description="Scoring models that it names and that are not live.")
    qualified_today: int
    qualified_this_week: int


class QualifiedByModel(Form):
    """How many times a model qualified a lead. `name`: its name now, or its id if it is gone."""

    qualification_model_id: str
    name: str
    qualified: int


class Week(Form):
    """How many qualifications there were in a week."""

    monday: date
    complete: bool = Field(description="Whether all of its qualifications are counted: see `complete_from`.")
    qualified: int
    models: list[QualifiedByModel] = Field(description="By id. Models that qualified nothing are left out.")


class Overview(Form):
    """What is live, what qualifies, and what is wrong. Leads that were erased are not counted."""

    model_config = with_example(
        {
            "at": _AT,
            "lead_management": True,
            "models": [_MODEL],
            "qualified_today": 12,
            "weeks": [
                {
                    "monday": "2026-11-23",
                    "complete": True,
                    "qualified": 57,
                    "models": [
                        {"qualification_model_id": "enterprise", "name": "Enterprise leads", "qualified": 57},
                    ],
                }
            ],
            "newest": [_QUALIFICATION],
            "warnings": [],
            "health": {"status": "following", "behind": 0},
        }
    )

    at: datetime = Field(description="When this was made.")
    lead_management: bool = Field(description="Whether lead management is on; otherwise nothing qualifies.")
    models: list[LiveModel] = Field(description="The live qualification models, by id.")
    qualified_today: int
    complete_from: datetime | None = Field(
        None,
        description="Earlier qualifications may be missing: their topic no longer had them when the console read it. "
        "Absent: nothing is missing.",
    )
    weeks: list[Week] = Field(description="The last twelve weeks with the present one, the oldest first.")
    newest: list[Qualification] = Field(description="The ten newest, the newest first.")
    warnings: list[Sentence] = Field(description="What keeps leads from being qualified as they should be.")
    health: Health
