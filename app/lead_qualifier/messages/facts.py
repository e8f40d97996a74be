"""What services hold of a lead in their states."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.fields import EMITTED, Timestamp, Value


@with_config(EMITTED)
class StoredFlag(TypedDict):
    """What the CRM said of a flag."""

    said: Annotated[str | bool, Field(description="By the newest lead-changed that named it.")]
    said_at: Annotated[Timestamp, Field(description="occurred_at of that one.")]
    by_crm: NotRequired[
        Annotated[
            list[Timestamp],
            Field(
                description="occurred_at of those by which it became what qualifications make of it, until one is read "
                "that knew of them, or that tells of the same."
            ),
        ]
    ]


@with_config(EMITTED)
class StoredErasure(TypedDict):
    """That a lead was erased, for as long as something from before may still come."""

    offset: Annotated[int, Field(ge=0, description="The record of lead-changed that erased it.")]
    until_ms: Annotated[int, Field(description="When this is forgotten, by the clock, in milliseconds since 1970.")]


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
    flags: NotRequired[Annotated[dict[str, StoredFlag], Field(description="What the CRM said of flags, by name.")]]
    erased: NotRequired[Annotated[StoredErasure, Field(description="A lead of this id was erased before.")]]
