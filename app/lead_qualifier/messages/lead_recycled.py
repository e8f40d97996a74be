"""The lead-recycled event: sales rejected a lead, and the CRM must reset flags that a qualification had set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NotRequired
from uuid import UUID, uuid5

import msgspec
from pydantic import Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.fields import EMITTED, Id, Timestamp
from lead_qualifier.messages.lead_flags import ChangesTakenBack, changes_of
from lead_qualifier.messages.lead_messages import LeadId
from lead_qualifier.messages.lead_qualified import Trigger, trigger_of

if TYPE_CHECKING:
    from lead_qualifier.qualification.leads import Trigger as Cause
    from lead_qualifier.qualification.recycling import Recycled

_EVENT_IDS = UUID("8c2f6a51-0c7e-5d0a-9b7d-4e1f3a9d5c18")


@with_config(EMITTED)
class LeadRecycled(TypedDict):
    """Sales rejected a lead that may qualify again: the CRM must reset these flags.

    Emitted once per rejection that resets flags; read it with `isolation.level=read_committed`.
    """

    event_id: Annotated[
        Id,
        Field(
            description="A UUID (version 5) derived from lead, model, version, qualification number and "
            "triggering event: the same rejection always has the same id."
        ),
    ]
    lead_id: LeadId
    qualification_model_id: Annotated[
        Id,
        Field(
            description="The model whose qualification is reversed; if one event led to several qualifications, "
            "the first model by id."
        ),
    ]
    qualification_model_version: Annotated[
        int, Field(ge=1, description="The version of the model that had qualified the lead.")
    ]
    qualification_number: Annotated[
        int,
        Field(ge=1, description="The number of that qualification: how many times the model had qualified the lead."),
    ]
    changes: Annotated[ChangesTakenBack, Field(description="At least one flag.")]
    reason: NotRequired[Annotated[Id, Field(description="Why sales rejected the lead, as in the response.")]]
    not_before: NotRequired[
        Annotated[Timestamp, Field(description="Nothing that occurred before this time qualifies the lead again.")]
    ]
    occurred_at: Annotated[Timestamp, Field(description="When sales rejected the lead.")]
    trigger: Annotated[Trigger, Field(description="The record of the `lead-sales-response`.")]


def lead_recycled(lead_id: str, recycled: Recycled, *, reason: str | None, trigger: Cause) -> LeadRecycled:
    """The event to emit. `trigger`: the record of the lead-sales-response."""
    mark, model_id = recycled.mark, recycled.model_id
    identity = msgspec.json.encode([lead_id, model_id, mark.version, mark.number, trigger.event_id]).decode()
    event: LeadRecycled = {
        "event_id": str(uuid5(_EVENT_IDS, identity)),
        "lead_id": lead_id,
        "qualification_model_id": model_id,
        "qualification_model_version": mark.version,
        "qualification_number": mark.number,
        "changes": changes_of(recycled.changes),
        "occurred_at": recycled.at,
        "trigger": trigger_of(trigger),
    }
    if reason is not None:
        event["reason"] = reason
    if mark.not_before is not None:
        event["not_before"] = mark.not_before
    return event
