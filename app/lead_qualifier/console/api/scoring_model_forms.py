"""What the API says about scoring models and the feature switch, and takes for them, and an example of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, FiniteFloat

from lead_qualifier.console.api.forms import Form, Sent, with_example

_AT = "2026-11-23T09:30:00Z"
_LONGEST = 1_000
_SCORING_MODEL: dict[str, Any] = {
    "scoring_model_id": "engagement",
    "name": "Engagement",
    "status": "live",
    "maximum": 100,
    "since": _AT,
    "revision": 2,
    "used_by": ["enterprise"],
}

ScoringModelStatus = Literal["draft", "live", "stopped"]


class ScoringModel(Form):
    """A scoring model."""

    model_config = with_example(_SCORING_MODEL)

    scoring_model_id: str
    name: str | None = None
    status: ScoringModelStatus = Field(description="Only scores of live scoring models count.")
    maximum: float | None = Field(None, description="The highest score it gives. Thresholds above it are refused.")
    since: datetime = Field(description="When this was announced.")
    revision: int
    used_by: list[str] = Field(description="The qualification models that name it: what runs, else their drafts.")


class ScoringModelList(Form):
    """Every scoring model that was ever announced, by id."""

    model_config = with_example({"scoring_models": [_SCORING_MODEL]})

    scoring_models: list[ScoringModel]


class ScoringModelSetting(Sent):
    """What a scoring model is from now on."""

    model_config = with_example({"status": "live", "name": "Engagement", "maximum": 100})

    status: ScoringModelStatus
    name: str | None = Field(None, min_length=1, max_length=_LONGEST, description="Absent or null: unchanged.")
    maximum: FiniteFloat | None = Field(None, description="The highest score. null: none; absent: unchanged.")


class Feature(Form):
    """The feature switch."""

    model_config = with_example(
        {"lead_management": True, "revision": 1, "changed_at": _AT, "changed_by": "U-1 (Paul Winter)"}
    )

    lead_management: bool = Field(description="Whether lead management is on. While it is off, nothing qualifies.")
    revision: int = Field(description="Of the last change, 0 if there was none; also the `ETag`.")
    changed_at: datetime | None = None
    changed_by: str | None = None


class FeatureSetting(Sent):
    """What the feature switch is to be."""

    model_config = with_example({"lead_management": True})

    lead_management: bool
