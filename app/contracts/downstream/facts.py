"""What services hold of a lead in their states."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from app.contracts.fields import EMITTED, Timestamp, Value


@with_config(EMITTED)
class StoredFacts(TypedDict):
    """What the service knows of a lead. What is absent is unknown: open, new and not sales ready."""

    status: NotRequired[str]
    status_reason: NotRequired[str]
    sales_ready: NotRequired[bool]
    owner_id: NotRequired[str | None]
    contact_id: NotRequired[str | None]
    attributes: NotRequired[dict[str, Value]]
    changed_at: NotRequired[Timestamp]
    qualified_at: NotRequired[Timestamp]
    qualified_flags: NotRequired[list[str]]
    merged: NotRequired[bool]
    by_crm: NotRequired[
        Annotated[
            dict[str, Timestamp],
            Field(description="Flags that the CRM set as qualifications do, and when, until a qualification tells so."),
        ]
    ]
