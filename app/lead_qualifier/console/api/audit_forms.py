"""What the API says about the audit trails, and an example."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from lead_qualifier.console.api.forms import Form, with_example

_ENTRY: dict[str, Any] = {
    "decided_at": "2026-11-23T09:30:00Z",
    "kind": "model",
    "id": "enterprise",
    "command": "publish",
    "outcome": "refused",
    "code": "lead_management_off",
    "message": "enterprise cannot be published: lead management is off",
    "warnings": [],
    "issued_by": "U-4 (Anna Weber)",
    "issued_at": "2026-11-23T09:30:00Z",
    "command_id": "0d5c9a0e-5b0e-4b55-9d1c-6e1f8f9a3c11",
    "version": 3,
    "revision": 17,
}


class AuditEntry(Form):
    """A command, who issued it, and what became of it; or what a scoring engine announced."""

    model_config = with_example(_ENTRY)

    decided_at: datetime
    kind: str = Field(description="What it is about: model, feature, scoring-model, journey, assignment, ...")
    id: str
    command: str = Field(description="apply, publish, stop, delete, shadow, enable, disable or announce.")
    outcome: Literal["accepted", "refused"]
    code: str = Field(description="Why. Codes are stable; `message` is not.")
    message: str = Field(description="Why, for people, in English.")
    warnings: list[str]
    issued_by: str | None = Field(None, description="Absent for announcements of scoring engines.")
    issued_at: datetime | None = None
    command_id: str | None = None
    version: int | None = Field(None, description="The newest published version after it, if there is one.")
    revision: int = Field(description="The revision after it.")
    status: str | None = Field(None, description="Of an announcement: the status of the scoring model.")
    repeated: bool | None = Field(None, description="true: it was decided before, and this repeats its outcome.")


class AuditList(Form):
    """A page of the audit trails, the newest first."""

    model_config = with_example({"entries": [_ENTRY], "next_cursor": "WzE3MDAwMDAwMDAwMDAsICJxdWFsaWZpY2F0aW9uIiwgN10"})

    entries: list[AuditEntry]
    next_cursor: str | None = Field(None, description="Send it as `cursor` for the next page. Absent on the last.")
