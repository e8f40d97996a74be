"""Journeys: their definitions as people write them, and the request that a lead enters one."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Discriminator, Field, Tag, with_config
from typing_extensions import TypeAliasType, TypedDict

from lead_qualifier.messages.conditions import ConditionDefinition
from lead_qualifier.messages.fields import EMITTED, FORM, Id, Number, Timestamp, Value
from lead_qualifier.messages.lead_messages import LeadId
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_definition import Duration

MOST_CARRIED = 30
"""So many values a journey carries at most."""


@with_config(EMITTED)
class OnEvent(TypedDict):
    """Each time that one of our models qualifies the lead."""

    event: Annotated[Literal["lead-qualified"], Field(description="The event.")]
    models: NotRequired[
        Annotated[
            list[Id], Field(min_length=1, description="Only qualifications by these qualification models. Absent: all.")
        ]
    ]


@with_config(EMITTED)
class OnChange(TypedDict):
    """Each time that a field of the lead becomes this, by a qualification or by hand."""

    changed: Annotated[Literal["status_reason", "sales_ready"], Field(description="The field.")]
    to: Annotated[Value, Field(description="What it becomes. One that is so already does not become so.")]


def _trigger_form(definition: object) -> str:
    return FORM + ("change" if isinstance(definition, dict) and "changed" in definition else "event")


TriggerDefinition = TypeAliasType(
    "TriggerDefinition",
    Annotated[
        Annotated[OnEvent, Tag(FORM + "event")] | Annotated[OnChange, Tag(FORM + "change")],
        Discriminator(_trigger_form),
    ],
)


@with_config(EMITTED)
class ReentryDefinition(TypedDict):
    """How often a lead may enter."""

    policy: Annotated[
        Literal["never", "after", "always"],
        Field(description="never: once. after: again once some time has passed. always: each time."),
    ]
    after: NotRequired[
        Annotated[Duration, Field(description="With policy after: how long after the last entry, such as 7d.")]
    ]


@with_config(EMITTED)
class WindowDefinition(TypedDict):
    """When leads may enter, by the clock."""

    start: NotRequired[Annotated[Timestamp, Field(description="From then on; who triggers before waits for it.")]]
    end: NotRequired[Annotated[Timestamp, Field(description="Until then, itself excluded.")]]


_As = Annotated[Id, Field(description="Its name in the payload, if it is to have another.")]


# `as` is a keyword of Python, so these cannot be written as classes.
CarriedField = TypedDict(
    "CarriedField",
    {
        "field": Annotated[
            Literal["status", "status_reason", "sales_ready", "owner_id", "contact_id"],
            Field(description="One of the lead's own."),
        ],
        "as": NotRequired[_As],
    },
)
CarriedAttribute = TypedDict(
    "CarriedAttribute",
    {"attribute": Annotated[Id, Field(description="The name of an attribute.")], "as": NotRequired[_As]},
)
with_config(EMITTED)(CarriedField)
with_config(EMITTED)(CarriedAttribute)


def _carried_form(definition: object) -> str:
    return FORM + ("field" if isinstance(definition, dict) and "field" in definition else "attribute")


CarriedDefinition = TypeAliasType(
    "CarriedDefinition",
    Annotated[
        Annotated[CarriedField, Tag(FORM + "field")] | Annotated[CarriedAttribute, Tag(FORM + "attribute")],
        Discriminator(_carried_form),
    ],
)


@with_config(EMITTED)
class JourneyDefinition(TypedDict):
    """A journey: which leads enter it, when, how often, and what they bring along."""

    id: Annotated[Id, Field(description="Identifies the journey, over all its versions.")]
    name: NotRequired[Annotated[Id, Field(description="For people.")]]
    trigger: TriggerDefinition
    when: NotRequired[ConditionDefinition]
    exclude: NotRequired[ConditionDefinition]
    reentry: NotRequired[ReentryDefinition]
    window: NotRequired[WindowDefinition]
    contact: NotRequired[
        Annotated[
            Literal["required", "optional"],
            Field(description="required: a lead without a contact does not enter. Absent: optional."),
        ]
    ]
    payload: NotRequired[
        Annotated[
            list[CarriedDefinition],
            Field(
                max_length=MOST_CARRIED,
                description="What the entry carries of the lead. Absent: its status, status_reason, sales_ready and "
                "owner_id.",
            ),
        ]
    ]


@with_config(EMITTED)
class TextValue(TypedDict):
    """Text."""

    type: Literal["text"]
    value: str


@with_config(EMITTED)
class NumberValue(TypedDict):
    """A number."""

    type: Literal["number"]
    value: Number


@with_config(EMITTED)
class BooleanValue(TypedDict):
    """True or false."""

    type: Literal["boolean"]
    value: bool


TypedValue = Annotated[TextValue | NumberValue | BooleanValue, Field(discriminator="type")]
"""A value with its type."""


@with_config(EMITTED)
class JourneyEntryRequested(TypedDict):
    """A lead is to enter a journey. Emitted once per entry; read it with isolation.level=read_committed."""

    event_id: Annotated[
        Id,
        Field(
            description="A UUID (version 5) made of journey, lead, entry number and trigger event: the same entry "
            "always has the same."
        ),
    ]
    lead_id: LeadId
    contact_id: NotRequired[Annotated[Id, Field(description="The contact behind the lead.")]]
    binding: Annotated[Id, Field(description="What the journey is bound to: lead/ and the lead's id.")]
    journey_id: Annotated[Id, Field(description="The journey to enter.")]
    journey_version: Annotated[int, Field(ge=1, description="The published version that decided.")]
    entry_number: Annotated[
        int, Field(ge=1, description="The how manieth time this lead enters this journey, over all its versions.")
    ]
    payload: Annotated[
        dict[str, TypedValue],
        Field(
            max_length=MOST_CARRIED,
            description="Values of the lead as it enters, by name. What it has not is absent, never null.",
        ),
    ]
    occurred_at: Annotated[Timestamp, Field(description="When that occurred which triggered it.")]
    trigger: Trigger
