"""Follow-up: definitions as people write them, and the report that nobody has acted on a lead in time."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.conditions import ConditionDefinition
from lead_qualifier.messages.fields import EMITTED, DisplayName, Id, Models, Timestamp
from lead_qualifier.messages.lead_messages import ContactId, LeadId
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_definition import Duration

StageName = Literal["lead-qualified", "lead-assigned"]


@with_config(EMITTED)
class RepeatDefinition(TypedDict):
    """Report the lead again while nobody acts on it."""

    every: Annotated[Duration, Field(description="How long after the last report, such as 24h.")]
    times: Annotated[int, Field(ge=1, le=100, description="How many more times.")]


@with_config(EMITTED)
class StageDefinition(TypedDict):
    """An event that somebody must act on, and how soon."""

    on: Annotated[
        StageName, Field(description="The event that starts the time. An assignment ends the time of a qualification.")
    ]
    within: Annotated[Duration, Field(description="How soon sales must act, such as 4h (wall clock).")]
    repeat: NotRequired[RepeatDefinition]


@with_config(EMITTED)
class FollowUpDefinition(TypedDict):
    """A follow-up: how soon somebody must act on leads."""

    id: Annotated[Id, Field(description="Identifies the follow-up across its versions.")]
    name: NotRequired[DisplayName]
    models: NotRequired[Models]
    when: NotRequired[ConditionDefinition]
    stages: Annotated[
        list[StageDefinition], Field(min_length=1, max_length=2, description="At most one stage for each event.")
    ]


@with_config(EMITTED)
class LeadFollowUpOverdue(TypedDict):
    """Nobody acted on a lead in time. Emitted once per report; read it with `isolation.level=read_committed`."""

    event_id: Annotated[
        Id,
        Field(
            description="A UUID (version 5) derived from lead, definition, stage, number and triggering event: "
            "the same report always has the same id."
        ),
    ]
    lead_id: LeadId
    contact_id: NotRequired[ContactId]
    follow_up_id: Annotated[Id, Field(description="The follow-up definition that the lead is overdue by.")]
    follow_up_version: Annotated[int, Field(ge=1, description="The published version that led to this decision.")]
    stage: Annotated[StageName, Field(description="The event that nobody acted on.")]
    owner_id: NotRequired[
        Annotated[Id, Field(description="Who should have acted: the owner of the lead, if it has one.")]
    ]
    overdue_number: Annotated[
        int, Field(ge=1, description="How many times the lead has been reported: 1 for the first.")
    ]
    since: Annotated[Timestamp, Field(description="When the time to act started.")]
    due_at: Annotated[Timestamp, Field(description="When the time to act was over.")]
    occurred_at: Annotated[Timestamp, Field(description="When the event that started the time occurred.")]
    trigger: Annotated[Trigger, Field(description="The record that started the time.")]
