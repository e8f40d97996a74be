"""Follow-up: its definitions as people write them, and that nobody has acted on a lead in time."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.messages.conditions import ConditionDefinition
from lead_qualifier.messages.fields import EMITTED, Id, Timestamp
from lead_qualifier.messages.lead_messages import LeadId
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_definition import Duration

StageName = Literal["lead-qualified", "lead-assigned"]


@with_config(EMITTED)
class RepeatDefinition(TypedDict):
    """Tell it again while nobody acts."""

    every: Annotated[Duration, Field(description="How long after the last time, such as 24h.")]
    times: Annotated[int, Field(ge=1, le=100, description="How many times more.")]


@with_config(EMITTED)
class StageDefinition(TypedDict):
    """What somebody has to act on, and in which time."""

    on: Annotated[StageName, Field(description="The time begins with it. An assignment ends that of a qualification.")]
    within: Annotated[Duration, Field(description="So long sales has, such as 4h; by the clock.")]
    repeat: NotRequired[RepeatDefinition]


@with_config(EMITTED)
class FollowUpDefinition(TypedDict):
    """In which time somebody has to act on leads."""

    id: Annotated[Id, Field(description="Identifies it, over all its versions.")]
    name: NotRequired[Annotated[Id, Field(description="For people.")]]
    models: NotRequired[
        Annotated[
            list[Id],
            Field(min_length=1, description="Only leads that these qualification models qualified. Absent: all."),
        ]
    ]
    when: NotRequired[ConditionDefinition]
    stages: Annotated[list[StageDefinition], Field(min_length=1, max_length=2, description="At most one of each.")]


@with_config(EMITTED)
class LeadFollowUpOverdue(TypedDict):
    """Nobody acted on a lead in time. Emitted once for each time; read it with isolation.level=read_committed."""

    event_id: Annotated[
        Id,
        Field(
            description="A UUID (version 5) made of lead, definition, stage, number and trigger event: the same has "
            "always the same."
        ),
    ]
    lead_id: LeadId
    contact_id: NotRequired[Annotated[Id, Field(description="The contact behind the lead.")]]
    follow_up_id: Annotated[Id, Field(description="The definition by which it is overdue.")]
    follow_up_version: Annotated[int, Field(ge=1, description="The published version that decided.")]
    stage: Annotated[StageName, Field(description="What nobody acted on.")]
    owner_id: NotRequired[Annotated[Id, Field(description="Who should have: the owner of the lead, if it has one.")]]
    overdue_number: Annotated[int, Field(ge=1, description="The how manieth time this is told.")]
    since: Annotated[Timestamp, Field(description="When the time began.")]
    due_at: Annotated[Timestamp, Field(description="When it was over.")]
    occurred_at: Annotated[Timestamp, Field(description="When that occurred which began it.")]
    trigger: Annotated[Trigger, Field(description="The record that began it.")]
