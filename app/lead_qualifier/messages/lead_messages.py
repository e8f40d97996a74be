"""What scoring engines and the CRM report about leads."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.fields import READ_STRICTLY, AttributeValue, Id, Number, Timestamp
from lead_qualifier.qualification.lead_fields import Status, StatusReason

EventId = Annotated[Id, Field(description="Identifies the event. Repeating an event has no effect.")]
LeadId = Annotated[Id, Field(description="The lead's id; also the record's key.")]
ContactId = Annotated[Id, Field(description="The contact behind the lead.")]


@with_config(READ_STRICTLY)
class LeadScoreChanged(TypedDict):
    """A scoring engine computed a lead's score on one scoring model."""

    event_id: EventId
    lead_id: LeadId
    scoring_model_id: Annotated[Id, Field(description="The scoring model that computed the score.")]
    score: Annotated[Number, Field(description="The new score: any finite number, including negative ones.")]
    occurred_at: Annotated[
        Timestamp, Field(description="When the score changed. Ignored if older than the score already held.")
    ]
    previous_score: NotRequired[Annotated[Number | None, Field(description="The previous score. Not used.")]]
    grade: NotRequired[
        Annotated[
            str | None, Field(description="The engine's grade for the score, for criteria that ask for `grades`.")
        ]
    ]
    scoring_model_version: NotRequired[
        Annotated[int | None, Field(description="Version of the scoring model. Not used.")]
    ]


@with_config(READ_STRICTLY)
class LeadMerged(TypedDict):
    """The CRM merged a lead (the loser) into another (the survivor). From then on only the survivor can qualify."""

    event_id: EventId
    lead_id: Annotated[Id, Field(description="The loser's id; also the record's key.")]
    survivor_id: Annotated[Id, Field(description="The lead that the loser was merged into.")]
    occurred_at: Annotated[
        Timestamp, Field(description="When the leads were merged. Ignored if older than the merge already held.")
    ]


@with_config(READ_STRICTLY)
class LeadSalesResponse(TypedDict):
    """Sales accepted or rejected a qualified lead. `on_rejection` in the model says what happens to a rejected one."""

    event_id: EventId
    lead_id: LeadId
    occurred_at: Annotated[
        Timestamp,
        Field(
            description="When sales responded. Ignored unless it is later than the qualification that it responds to."
        ),
    ]
    response: Annotated[Literal["accepted", "rejected"], Field(description="How sales responded.")]
    reason: NotRequired[
        Annotated[Id | None, Field(description="Why. The model's `on_rejection` can treat reasons differently.")]
    ]
    seller_id: NotRequired[Annotated[Id | None, Field(description="Who responded. Not used by the qualifier.")]]
    qualification_model_id: NotRequired[
        Annotated[
            Id | None, Field(description="The model whose qualification the response is about. Absent: every model.")
        ]
    ]


@with_config(READ_STRICTLY)
class LeadChanged(TypedDict):
    """The CRM created or changed a lead. An absent field keeps its value; a record without value erases the lead."""

    event_id: EventId
    lead_id: LeadId
    occurred_at: Annotated[
        Timestamp, Field(description="When the lead changed. Ignored if older than the change already held.")
    ]
    status: NotRequired[Annotated[Status, Field(description="The lead's status in the CRM.")]]
    status_reason: NotRequired[
        Annotated[StatusReason, Field(description="The reason for the status. Any reason is accepted with any status.")]
    ]
    sales_ready: NotRequired[Annotated[bool, Field(description="Whether the lead is sales ready.")]]
    owner_id: NotRequired[Annotated[Id | None, Field(description="Who owns the lead. null clears it.")]]
    contact_id: NotRequired[Annotated[Id | None, Field(description="The contact behind the lead. null clears it.")]]
    attributes: NotRequired[
        Annotated[
            dict[str, AttributeValue],
            Field(
                description="Further facts, merged by name into those already held; null clears the attribute with "
                "that name."
            ),
        ]
    ]
