"""What the API answers about leads, and an example of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from lead_qualifier.console.api.forms import Form, Sentence, with_example

_AT = "2026-11-23T09:30:00Z"
_SUMMARY: dict[str, Any] = {
    "lead_id": "L-1001",
    "name": "Anna Weber",
    "status": "open",
    "status_reason": "marketing_qualified",
    "sales_ready": True,
    "owner_id": "U-4",
    "qualified_at": _AT,
}
_CRITERION = {
    "scoring_model_id": "engagement",
    "threshold": 70,
    "score": 83,
    "scored_at": _AT,
    "met": True,
    "text": "engagement 83 ≥ 70 met",
}
_REASON = {
    "code": "qualified_until_reset",
    "text": "qualified by version 3; it can qualify again once the CRM resets a flag or reopens the lead",
}


class LeadSummary(Form):
    """A lead in a list."""

    model_config = with_example(_SUMMARY)

    lead_id: str
    name: str | None = Field(None, description="From the attributes that LEAD_QUALIFIER_CONSOLE_NAME_ATTRIBUTES lists.")
    readable: Literal[False] | None = Field(None, description="False: what is stored about the lead cannot be read.")
    status: str | None = None
    status_reason: str | None = None
    sales_ready: bool | None = None
    owner_id: str | None = None
    merged_into: str | None = Field(None, description="The lead that this one was merged into.")
    qualified_at: datetime | None = Field(None, description="When a model qualified the lead last.")


class LeadList(Form):
    """A page of leads."""

    model_config = with_example({"leads": [_SUMMARY], "next_cursor": "WzAsICJUQzB4TURBeCJd"})

    leads: list[LeadSummary]
    next_cursor: str | None = Field(None, description="Send it as `cursor` for the next page. Absent on the last.")


class HeldScore(Form):
    """A lead's current score on one scoring model."""

    scoring_model_id: str
    score: float
    scored_at: datetime
    grade: str | None = None
    counts: bool = Field(description="Whether the scoring model is live; otherwise the score meets no criterion.")


class HeldMark(Form):
    """A qualification model has qualified the lead."""

    qualification_model_id: str
    qualification_model_version: int
    qualification_number: int = Field(description="How many times the model has qualified the lead.")
    qualified_at: datetime
    since: Sentence | None = Field(None, description="What has happened since, if the model may qualify it again.")


class TimelineEntry(Form):
    """Something that happened to the lead. Which fields are there depends on `kind`."""

    at: datetime
    kind: Literal[
        "scored",
        "changed",
        "merged",
        "qualified",
        "assigned",
        "not_assigned",
        "owner_departed",
        "sales_accepted",
        "sales_rejected",
        "recycled",
        "journey_entered",
        "sequence_changed",
        "step_due",
        "overdue",
    ] = Field(description="More values may be added.")
    scoring_model_id: str | None = None
    score: float | None = None
    grade: str | None = None
    status: str | None = Field(None, description="Of a change: the status that the CRM reported last.")
    status_reason: str | None = None
    merged_into: str | None = None
    qualification_model_id: str | None = None
    qualification_model_version: int | None = None
    qualification_number: int | None = None
    origin: str | None = Field(None, description="Of a qualification: what it goes back to, such as live or sweep.")
    changes: Sentence | None = Field(
        None, description="Of a qualification: what it changed on the lead; of `recycled`: what is taken back."
    )
    criteria: list[Sentence] | None = Field(None, description="Of a qualification: how each criterion stood.")
    event_id: str | None = Field(None, description="Of the event that triggered it.")
    assignment_id: str | None = None
    owner_id: str | None = None
    owner_kind: str | None = None
    segment: str | None = None
    rule: str | None = None
    previous_owner_id: str | None = None
    result: str | None = Field(None, description="Of an assignment: its result's name.")
    reason: str | None = Field(
        None,
        description="Why sales rejected the lead, why a sequence ended, or how the owner departed (inactive or left).",
    )
    not_before: datetime | None = Field(None, description="Of `recycled`: when it can qualify again at the earliest.")
    definition_id: str | None = Field(None, description="The journey, the sequence or the follow-up.")
    definition_version: int | None = None
    number: int | None = Field(None, description="How many times this has happened by this definition.")
    step_id: str | None = None
    step_kind: str | None = Field(None, description="Of a step: what must be done, such as phone_call.")
    subject: str | None = None
    due_at: datetime | None = None
    state: str | None = Field(None, description="Of a sequence: connecting, connected, completed, error, disconnected.")
    stage: str | None = Field(None, description="Of `overdue`: the event that nobody acted on.")


class LeadDetails(LeadSummary):
    """Everything held about a lead."""

    model_config = with_example(
        {
            **_SUMMARY,
            "known": True,
            "contact_id": "C-7",
            "attributes": {"name": "Anna Weber", "country": "DE"},
            "changed_at": _AT,
            "scores": [{"scoring_model_id": "engagement", "score": 83, "scored_at": _AT, "counts": True}],
            "marks": [
                {
                    "qualification_model_id": "enterprise",
                    "qualification_model_version": 3,
                    "qualification_number": 1,
                    "qualified_at": _AT,
                }
            ],
            "timeline": [
                {"at": _AT, "kind": "scored", "scoring_model_id": "engagement", "score": 83},
            ],
        }
    )

    known: bool = Field(description="Whether the CRM has sent anything about the lead.")
    contact_id: str | None = None
    attributes: dict[str, Any]
    changed_at: datetime | None = Field(None, description="When the CRM's newest change occurred.")
    merged_at: datetime | None = None
    scores: list[HeldScore]
    marks: list[HeldMark]
    timeline: list[TimelineEntry] = Field(description="The newest first. Of scores, only the current ones are held.")


class ExplainedCriterion(Form):
    """How a criterion stands."""

    scoring_model_id: str
    met: bool
    threshold: float | None = None
    grades: list[str] | None = None
    score: float | None = None
    grade: str | None = None
    scored_at: datetime | None = None
    expired: bool | None = None
    text: str


class ExplainedModel(Form):
    """What one qualification model makes of the lead."""

    qualification_model_id: str
    name: str
    version: int = Field(description="0: never published.")
    live: bool
    outcome: str = Field(description="The outcome that the lead's next score would have if it changed nothing.")
    reason: Sentence
    criteria: list[ExplainedCriterion]
    missing: list[Sentence] = Field(description="For each criterion that is not met, what is missing.")
    in_audience: bool | None = Field(None, description="Absent: the model is about all leads.")
    fast_track: Sentence | None = Field(None, description="How the lead stands to the fast track, if there is one.")
    degraded: list[str] = Field(description="Scoring models that it names and that are not live.")


class LeadExplanation(Form):
    """Why the lead is qualified or not, by each model."""

    model_config = with_example(
        {
            "lead_id": "L-1001",
            "lead_management": True,
            "models": [
                {
                    "qualification_model_id": "enterprise",
                    "name": "Enterprise leads",
                    "version": 3,
                    "live": True,
                    "outcome": "already_qualified",
                    "reason": _REASON,
                    "criteria": [_CRITERION],
                    "missing": [],
                    "degraded": [],
                }
            ],
        }
    )

    lead_id: str
    lead_management: bool = Field(description="Whether lead management is on; otherwise nothing qualifies.")
    models: list[ExplainedModel]
