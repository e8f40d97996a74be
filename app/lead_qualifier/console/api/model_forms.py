"""What the API says about qualification models, and an example of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from lead_qualifier.console.api.forms import Form, Sentence, with_example

_AT = "2026-11-23T09:30:00Z"
_SUMMARY: dict[str, Any] = {
    "qualification_model_id": "enterprise",
    "name": "Enterprise leads",
    "status": "live",
    "version": 3,
    "revision": 17,
    "criteria": "engagement ≥ 70 and demographic ≥ 50",
    "degraded": [],
    "has_draft": False,
    "in_shadow": False,
    "changed_at": _AT,
    "changed_by": "U-4 (Anna Weber)",
}
_DEFINITION: dict[str, Any] = {
    "id": "enterprise",
    "name": "Enterprise leads",
    "match": "all",
    "criteria": [{"scoring_model": "engagement", "threshold": 70}, {"scoring_model": "demographic", "threshold": 50}],
    "actions": {"status_reason": "marketing_qualified", "sales_ready": True},
    "existing_leads": "evaluate",
    "requalification": {"policy": "when_reset"},
}
_VERSION: dict[str, Any] = {
    "version": 3,
    "published_at": _AT,
    "published_by": "U-4 (Anna Weber)",
    "applied_at": _AT,
    "applied_by": "U-4 (Anna Weber)",
    "command_id": "0d5c9a0e-5b0e-4b55-9d1c-6e1f8f9a3c11",
    "revision": 17,
    "criteria": "engagement ≥ 70 and demographic ≥ 50",
    "definition": _DEFINITION,
}


class ModelSummary(Form):
    """A qualification model in a list."""

    model_config = with_example(_SUMMARY)

    qualification_model_id: str
    name: str
    status: Literal["draft", "live", "stopped"]
    version: int = Field(description="The newest published version; 0: never published.")
    revision: int = Field(description="Of the last change; also the `ETag`.")
    criteria: str = Field(description="Its criteria and conditions in words.")
    degraded: list[str] = Field(description="Scoring models that the live version names and that are not live.")
    has_draft: bool = Field(description="Whether it has a draft that differs from its newest version.")
    in_shadow: bool = Field(description="Whether the draft runs in the shadow of the live version.")
    changed_at: datetime | None = None
    changed_by: str | None = None


class ModelList(Form):
    """Every qualification model that is not deleted, by id."""

    model_config = with_example({"lead_management": True, "models": [_SUMMARY]})

    lead_management: bool = Field(description="Whether lead management is on; otherwise nothing qualifies.")
    models: list[ModelSummary]


class UsedScoringModel(Form):
    """A scoring model that a qualification model names."""

    scoring_model_id: str
    name: str | None = None
    status: Literal["draft", "live", "stopped"] | None = Field(None, description="Absent: nobody has announced it.")
    maximum: float | None = None


class ModelDetails(ModelSummary):
    """A qualification model."""

    model_config = with_example(
        {
            **_SUMMARY,
            "definition": _DEFINITION,
            "scoring_models": [{"scoring_model_id": "engagement", "status": "live", "maximum": 100}],
            "remarks": [],
            "published_at": _AT,
        }
    )

    definition: dict[str, Any] = Field(
        description="What runs if it is live, else what the next publish lets run, as people write it."
    )
    draft: dict[str, Any] | None = Field(None, description="Of a live model: what replaces the live version.")
    scoring_models: list[UsedScoringModel] = Field(description="What its definition and its draft name.")
    remarks: list[Sentence] = Field(
        description="What would refuse publishing the draft now, what no score can meet, and what to know before."
    )
    published_at: datetime | None = None
    published_by: str | None = None


class ModelDraft(Form):
    """What the next publish of a model makes live."""

    model_config = with_example({"qualification_model_id": "enterprise", "revision": 18, "definition": _DEFINITION})

    qualification_model_id: str
    revision: int = Field(description="Of the model's last change; also the `ETag`.")
    definition: dict[str, Any] = Field(description="As people write it.")


class Foreseen(Form):
    """What would become of a command on a model if it were sent now."""

    model_config = with_example(
        {
            "accepted": True,
            "code": "published",
            "text": "enterprise is live in version 4, replacing version 3",
            "version": 4,
            "evaluates_leads": 48120,
        }
    )

    accepted: bool
    code: str = Field(description="The code of the outcome. Codes are stable; `text` is not.")
    text: str = Field(description="The outcome in the language of the answer.")
    version: int = Field(description="The newest published version afterwards; 0: none.")
    evaluates_leads: int | None = Field(
        None, description="Of a publish: how many known leads are evaluated at once. Absent: none."
    )


class ModelVersion(Form):
    """A published version of a model."""

    model_config = with_example(_VERSION)

    version: int
    published_at: datetime
    published_by: str
    applied_at: datetime | None = Field(
        None, description="When its definition was applied. Absent if none was applied since the previous version."
    )
    applied_by: str | None = None
    ended_at: datetime | None = Field(None, description="When it ceased to run. Absent: it runs.")
    ended_by: str | None = None
    ended: Literal["replaced", "stopped"] | None = None
    command_id: str
    revision: int
    criteria: str | None = Field(None, description="Its criteria in words, if the audit trail has its definition.")
    definition: dict[str, Any] | None = Field(
        None, description="As people write it. Absent if an older release published it, or if it was too large."
    )


class ModelHistory(Form):
    """The published versions of a model, the first one first. They stay when it is deleted."""

    model_config = with_example({"qualification_model_id": "enterprise", "versions": [_VERSION]})

    qualification_model_id: str
    versions: list[ModelVersion]


class FieldChange(Form):
    """A field, or an item of a list, that differs."""

    field: str = Field(description="Its path, such as `criteria.0.threshold`.")
    before: Any = Field(None, description="Absent: it was added.")
    after: Any = Field(None, description="Absent: it was removed.")


class ModelDiff(Form):
    """What differs between two versions of a model. Criteria are matched by scoring model."""

    model_config = with_example(
        {
            "qualification_model_id": "enterprise",
            "before": "2",
            "after": "draft",
            "changes": [{"field": "criteria.0.threshold", "before": 60, "after": 70}],
            "lines": ["-- {scoring_model: engagement, threshold: 60}", "+- {scoring_model: engagement, threshold: 70}"],
        }
    )

    qualification_model_id: str
    before: str = Field(description="The number of a version, or `draft`.")
    after: str
    changes: list[FieldChange]
    lines: list[str] = Field(
        description="Both as YAML: lines that only the earlier has begin with `-`, those that only the later has with "
        "`+`, all others with a space. Empty if they are the same."
    )
