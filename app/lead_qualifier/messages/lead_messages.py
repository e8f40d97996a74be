"""What scoring engines and the CRM tell about leads."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.fields import READ_STRICTLY, AttributeValue, Id, Number, Timestamp

Status = Literal["open", "qualified", "disqualified"]
StatusReason = Literal[
    "new",
    "contacted",
    "qualified",
    "lost",
    "cannot_contact",
    "no_longer_interested",
    "canceled",
    "marketing_qualified",
]

EventId = Annotated[Id, Field(description="Identifies the event. A repeated one is harmless.")]
LeadId = Annotated[Id, Field(description="Identifies the lead; also the record's key.")]


@with_config(READ_STRICTLY)
class LeadScoreChanged(TypedDict):
    """A scoring engine computed a lead's score on one scoring model."""

    event_id: EventId
    lead_id: LeadId
    scoring_model_id: Annotated[Id, Field(description="The scoring model that computed the score.")]
    score: Annotated[Number, Field(description="The new score: any finite number, negative ones included.")]
    occurred_at: Annotated[Timestamp, Field(description="When the score changed. Older than the score held: ignored.")]
    previous_score: NotRequired[Annotated[Number | None, Field(description="The score before. Not used.")]]
    grade: NotRequired[Annotated[str | None, Field(description="The engine's grade for the score. Not used.")]]
    scoring_model_version: NotRequired[
        Annotated[int | None, Field(description="Version of the scoring model. Not used.")]
    ]


@with_config(READ_STRICTLY)
class LeadMerged(TypedDict):
    """The CRM merged a lead (the loser) into another (the survivor): from now on only the survivor can qualify."""

    event_id: EventId
    lead_id: Annotated[Id, Field(description="The loser; also the record's key.")]
    survivor_id: Annotated[Id, Field(description="The lead it was merged into: another one than the loser.")]
    occurred_at: Annotated[Timestamp, Field(description="When they were merged. Older than the merge held: ignored.")]


@with_config(READ_STRICTLY)
class LeadSalesResponse(TypedDict):
    """Sales accepted or rejected a lead that was qualified. A rejected one goes by the model's on_rejection."""

    event_id: EventId
    lead_id: LeadId
    occurred_at: Annotated[
        Timestamp, Field(description="When sales answered. Not later than the qualification it answers: ignored.")
    ]
    response: Annotated[Literal["accepted", "rejected"], Field(description="What sales answered.")]
    reason: NotRequired[Annotated[Id | None, Field(description="Why; on_rejection may name what holds for it.")]]
    seller_id: NotRequired[Annotated[Id | None, Field(description="Who answered. Not used by the qualifier.")]]
    qualification_model_id: NotRequired[
        Annotated[Id | None, Field(description="The model whose qualification is meant. Absent: every one.")]
    ]


@with_config(READ_STRICTLY)
class LeadChanged(TypedDict):
    """The CRM created or changed a lead. An absent field keeps its value; a record without value erases the lead."""

    event_id: EventId
    lead_id: LeadId
    occurred_at: Annotated[Timestamp, Field(description="When the lead changed. Older than the change held: ignored.")]
    status: NotRequired[Annotated[Status, Field(description="State of the lead in the CRM.")]]
    status_reason: NotRequired[
        Annotated[StatusReason, Field(description="Reason of the status; any of them goes with any status.")]
    ]
    sales_ready: NotRequired[Annotated[bool, Field(description="Whether the lead is ready for sales.")]]
    owner_id: NotRequired[Annotated[Id | None, Field(description="Who owns the lead. null clears it.")]]
    contact_id: NotRequired[Annotated[Id | None, Field(description="The contact behind the lead. null clears it.")]]
    attributes: NotRequired[
        Annotated[
            dict[str, AttributeValue],
            Field(description="Further facts, merged by name into those held; null clears the one of that name."),
        ]
    ]
