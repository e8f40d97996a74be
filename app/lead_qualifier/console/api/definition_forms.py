"""What the API answers about definitions of downstream services."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from lead_qualifier.console.api.forms import Form, Sentence, with_example

KindName = Literal["journey", "assignment", "sequence", "follow-up"]

_AT = "2026-11-23T09:30:00Z"
_BY = "U-4 (Anna Weber)"
_DEFINITION = {"id": "react-fast", "stages": [{"on": "lead-assigned", "within": "4h"}]}
_SUMMARY: dict[str, Any] = {
    "id": "react-fast",
    "status": "live",
    "version": 2,
    "has_draft": False,
    "revision": 7,
    "changed_at": _AT,
    "changed_by": _BY,
}
_VERSION: dict[str, Any] = {
    "version": 2,
    "published_at": _AT,
    "published_by": _BY,
    "applied_at": _AT,
    "applied_by": _BY,
    "definition": _DEFINITION,
}


class DefinitionSummary(Form):
    """A definition in a list."""

    model_config = with_example(_SUMMARY)

    id: str
    name: str | None = None
    status: Literal["draft", "live", "stopped"]
    version: int = Field(description="The newest published version; 0: never published.")
    has_draft: bool = Field(description="Whether a draft waits beside the live version.")
    revision: int = Field(description="Of the last change. Send it as `If-Match` to change only what you have seen.")
    changed_at: datetime | None = None
    changed_by: str | None = None


class DefinitionList(Form):
    """All definitions of a kind, by id."""

    model_config = with_example({"definitions": [_SUMMARY]})

    definitions: list[DefinitionSummary]


class DefinitionDetails(DefinitionSummary):
    """A definition with its content, as people write it."""

    model_config = with_example(
        {**_SUMMARY, "definition": _DEFINITION, "published_at": _AT, "published_by": _BY, "warnings": []}
    )

    definition: dict[str, Any] = Field(description="What runs if it is live, else what the next publish lets run.")
    draft: dict[str, Any] | None = Field(None, description="What would replace the live version.")
    published_at: datetime | None = Field(None, description="When the newest version was published.")
    published_by: str | None = None
    warnings: list[Sentence] = Field(description="What to know of its draft, else of what runs.")


class DefinitionVersion(Form):
    """A published version, and who was behind it."""

    version: int
    published_at: datetime
    published_by: str
    applied_at: datetime | None = Field(None, description="When the definition was last applied before that.")
    applied_by: str | None = None
    ended_at: datetime | None = Field(None, description="Absent: it runs.")
    ended_by: str | None = None
    ended: Literal["replaced", "stopped"] | None = None
    definition: dict[str, Any] | None = None


class DefinitionHistory(Form):
    """Every published version, the newest first, as far as the audit trail goes back."""

    model_config = with_example({"id": "react-fast", "versions": [_VERSION]})

    id: str
    versions: list[DefinitionVersion]
